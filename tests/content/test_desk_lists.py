"""The desk's lists: the queue, bulk approval after a preview, requests, tasks, publications."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from guidance.content.briefs import Brief
from guidance.content.models import Draft, PlannedCopy, Publication, PublishedCopy, ReviewTask
from guidance.content.services.review import approve_draft, edit_draft
from guidance.core.models import Job, Market, User
from guidance.core.roles import Role
from tests.content.conftest import MakeDraft, MakeProduct

DESK = "/admin/content/draft/"
FRAGMENT = {"X-Desk-Fragment": "1"}
Desk = Callable[..., Client]


@pytest.fixture
def client(desk: Desk) -> Client:
    """A merchandiser at the desk, called Ida."""
    return desk(Role.MERCHANDISER, "ida")


def _text(response: HttpResponse) -> str:
    return response.content.decode()


def _decide(client: Client, draft: Draft, act: str, version: int = 1, **sent: str) -> HttpResponse:
    data = {"version": version, **sent}
    return client.post(f"{DESK}{draft.pk}/{act}/", data, headers=FRAGMENT)


def test_the_queue_shows_what_waits_oldest_first(client: Client, make_draft: MakeDraft) -> None:
    drafts = [make_draft("first"), make_draft("second")]
    rows = client.get(DESK).context["cl"].result_list
    assert [draft.pk for draft in rows] == [draft.pk for draft in drafts]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"clean", "failed", "old", "stale", "warned"}),
        ("checks=clean", {"clean", "old", "warned"}),
        ("checks=failed", {"failed"}),
        ("checks=warnings", {"warned"}),
        ("stale=yes", {"stale"}),
        ("age=older", {"old"}),
        ("age=day", {"clean", "failed", "stale", "warned"}),
        ("language=zh-hans", set()),
        ("kind=description&q=clean", {"clean"}),
        ("status=approved", {"done"}),
        ("risk=high", {"warned"}),
        ("due=overdue", {"old"}),
        ("assignee=nobody", {"clean", "failed", "old", "warned"}),
    ],
)
def test_the_queue_is_narrowed_by_its_filters(
    client: Client, make_draft: MakeDraft, mia: User, query: str, expected: set[str]
) -> None:
    drafts = {sku: make_draft(sku) for sku in ("clean", "failed", "old", "stale", "warned", "done")}
    changed = {
        "failed": {"blocking_findings": 1},
        "warned": {"warnings": 1, "is_high_risk": True},
        "stale": {"is_stale": True, "assignee": mia},
        "old": dict.fromkeys(("created_at", "due_at"), timezone.now() - timedelta(days=9)),
    }
    for sku, fields in changed.items():
        Draft.objects.filter(pk=drafts[sku].pk).update(**fields)
    approve_draft(draft_id=drafts["done"].pk, version=1, actor=mia)
    rows = client.get(f"{DESK}?{query}").context["cl"].result_list
    assert {draft.product.sku for draft in rows} == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("due", ["c", "a", "b"]),
        ("value", ["b", "a", "c"]),
        ("risk", ["c", "a", "b"]),
    ],
)
def test_list_and_pages_follow_one_order(
    client: Client, make_draft: MakeDraft, order: str, expected: list[str]
) -> None:
    drafts = {sku: make_draft(sku) for sku in "abc"}
    Draft.objects.filter(pk=drafts["b"].pk).update(takings=900)
    due = timezone.now() + timedelta(hours=1)
    Draft.objects.filter(pk=drafts["c"].pk).update(due_at=due, is_high_risk=True)
    query = {"order": order} if order else {}
    rows = client.get(DESK, query).context["cl"].result_list
    assert [draft.product.sku for draft in rows] == expected
    carried = f"?_changelist_filters=order%3D{order}" if order else ""
    walked, place = [expected[0]], drafts[expected[0]].pk
    for _step in expected[1:]:
        page = client.get(f"{DESK}{place}/change/{carried}").context["place"]
        place = page.next
        walked.append(Draft.objects.get(pk=place).product.sku)
    assert walked == expected


def test_the_preview_says_what_is_about_to_happen(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    first = make_draft("a")
    make_draft("b")
    approve_draft(draft_id=first.pk, version=1, actor=mia)
    fields = {name: getattr(first, name) for name in ("product", "kind", "language", "text")}
    Draft.objects.create(**fields, sentences=first.sentences)
    (share,) = client.get(f"{DESK}approve/").context["shares"]
    assert (share.kind, share.language) == ("description", "en")
    assert (share.drafts, share.replacing) == (2, 1)


def test_the_preview_lists_exactly_what_a_confirmation_approves(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    ida = User.objects.get(username="ida")
    clean, changed = make_draft("clean"), make_draft("changed")
    own, failing = make_draft("own", requested_by=ida), make_draft("failing")
    Draft.objects.filter(pk=failing.pk).update(blocking_findings=1)
    preview = client.get(f"{DESK}approve/")
    assert list(preview.context["drafts"]) == [clean, changed]
    assert (preview.context["own"], Publication.objects.count()) == (1, 0)

    late = make_draft("late")
    edit_draft(draft_id=changed.pk, version=1, actor=mia, text="Made of oak, in black.")
    seen = [f"{draft.pk}:1" for draft in (clean, changed)]
    result = client.post(f"{DESK}approve/", {"seen": seen})
    assert [v.draft for v in result.context["published"]] == [clean]
    assert [v.code for v in result.context["refused"]] == ["changed"]
    assert set(Draft.objects.waiting()) == {changed, own, failing, late}


def test_selected_rows_are_previewed_before_anything_happens(
    client: Client, make_draft: MakeDraft
) -> None:
    chosen, other = make_draft("chosen"), make_draft("other")
    data = {"action": "preview_approval", "_selected_action": [str(chosen.pk)]}
    preview = client.post(DESK, data)
    assert list(preview.context["drafts"]) == [chosen]
    assert set(Draft.objects.waiting()) == {chosen, other}


@pytest.mark.parametrize("seen", ["x", "x:1", "01890000-0000-7000-8000-000000000000:1"])
def test_a_forged_pair_approves_nothing(client: Client, make_draft: MakeDraft, seen: str) -> None:
    make_draft("mug")
    answer = client.post(f"{DESK}approve/", {"seen": [seen]})
    assert answer.status_code == 400
    assert not Publication.objects.exists()


def test_drafts_are_requested_for_all_that_lack_them(
    client: Client, make_product: MakeProduct
) -> None:
    Market.objects.create(key="uk", name="UK", language="en", is_default=True)
    make_product("mug")
    assert "1 product without a description" in _text(client.get(f"{DESK}request/"))
    client.post(f"{DESK}request/", {"kind": "description", "languages": ["en"]})
    job = Job.objects.get()
    assert (job.kind, job.requested_by.username) == ("draft_copy", "ida")
    assert job.params == {
        "kind": "description",
        "languages": ["en"],
        "product_ids": None,
        "brief": Brief().as_fields(),
    }


def test_drafts_are_requested_for_products_chosen_in_their_list(
    client: Client, make_product: MakeProduct
) -> None:
    chosen, _other = make_product("mug"), make_product("cup")
    data = {"action": "request_drafts", "_selected_action": [str(chosen.pk)]}
    page = client.post("/admin/catalog/product/", data)
    assert [product.sku for product in page.context["chosen"]] == ["mug"]
    assert not Job.objects.exists()
    sent = {"kind": "description", "languages": ["en"], "products": str(chosen.pk)}
    client.post(f"{DESK}request/", sent)
    assert Job.objects.get().params["product_ids"] == [chosen.pk]


@pytest.mark.parametrize("products", ["²", "9223372036854775808", "1" * 5_000])
def test_products_that_cannot_be_are_refused(
    client: Client, make_product: MakeProduct, products: str
) -> None:
    make_product("mug")
    sent = {"kind": "description", "languages": ["en"], "products": products}
    answer = client.post(f"{DESK}request/", sent)
    assert answer.context["form"].errors == {"products": ["These are no products."]}
    assert not Job.objects.exists()


@pytest.mark.parametrize("assignee", ["xyz", "²", "9" * 30, "-1"])
def test_an_assignee_that_nobody_can_be_narrows_nothing(
    client: Client, make_draft: MakeDraft, assignee: str
) -> None:
    draft = make_draft("mug")
    Draft.objects.update(assignee=User.objects.first())
    found = client.get(DESK, {"assignee": assignee})
    assert [row.pk for row in found.context["cl"].result_list] == [draft.pk]
    page = f"{DESK}{draft.pk}/change/"
    for filters in (f"assignee={assignee}", "assignee=77"):
        assert client.get(page, {"_changelist_filters": filters}).status_code == 200


def test_an_open_task_is_shown_with_what_it_holds(client: Client, make_draft: MakeDraft) -> None:
    task = ReviewTask.objects.create(fact_key="price", count=2)
    draft = make_draft("mug")
    Draft.objects.filter(pk=draft.pk).update(task=task, is_stale=True)
    make_draft("cup")
    page = _text(client.get(DESK))
    assert "2 published texts cited it" in page
    rows = client.get(f"{DESK}?task={task.pk}").context["cl"].result_list
    assert [row.pk for row in rows] == [draft.pk]
    client.post(f"{DESK}task/{task.pk}/rewrite/")
    assert Job.objects.get().params == {"task": str(task.pk)}


def test_a_publication_is_withdrawn_from_its_page_with_a_reason(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    publication = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    page = f"/admin/content/publication/{publication.pk}"
    assert "Withdraw it" in _text(client.get(f"{page}/change/"))
    client.post(f"{page}/withdraw/", {"reason": "A wrong claim"})
    assert PublishedCopy.objects.get().status == "withdrawn"
    assert "Withdraw it" not in _text(client.get(f"{page}/change/"))


def test_a_withdrawn_publication_comes_back_from_its_page(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    publication = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    page = f"/admin/content/publication/{publication.pk}"
    client.post(f"{page}/withdraw/", {"reason": "slip"})
    assert "Serve it again" in _text(client.get(f"{page}/change/"))
    client.post(f"{page}/restore/", {"reason": "it was right"})
    assert PublishedCopy.objects.get().status == "live"
    assert "Serve it again" not in _text(client.get(f"{page}/change/"))


def test_a_planned_publication_is_cancelled_from_its_page(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    at = timezone.now() + timedelta(days=1)
    draft = make_draft("mug")
    publication = approve_draft(draft_id=draft.pk, version=1, actor=mia, publish_at=at)
    page = f"/admin/content/publication/{publication.pk}"
    assert "It goes out on" in _text(client.get(f"{page}/change/"))
    client.post(f"{page}/cancel/")
    assert not PlannedCopy.objects.exists()


@pytest.mark.parametrize("address", ["/admin/content/missingfacts/", "/admin/content/publication/"])
def test_lists_open_when_they_are_empty(client: Client, address: str) -> None:
    assert client.get(address).status_code == 200
