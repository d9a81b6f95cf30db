"""The desk's pages: the queue, one draft, bulk approval after a preview, requests for drafts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from guidance.catalog.models import ProductAttribute
from guidance.content.models import Draft, PlannedCopy, Publication, PublishedCopy, ReviewTask
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.rewriting import rewrite_draft
from guidance.content.variants import Variant
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


def test_a_page_whose_facts_changed_since_it_was_read_approves_nothing(
    client: Client, make_draft: MakeDraft
) -> None:
    draft = make_draft("mug")
    seal = client.get(f"{DESK}{draft.pk}/change/").context["seal"]
    ProductAttribute.objects.create(product=draft.product, key="warranty", value="2 years")
    answer = _decide(client, draft, "approve", seal=seal)
    assert answer.status_code == 409
    assert "Facts changed while you were reading" in _text(answer)
    assert not Publication.objects.exists()


def test_the_other_language_stands_beside_with_what_differs(
    client: Client, make_draft: MakeDraft
) -> None:
    draft = make_draft("mug")
    Draft.objects.create(
        product=draft.product,
        kind=draft.kind,
        language="zh-hans",
        text="橡木马克杯，容量450毫升。",
        claims=[{"fact_keys": ["capacity"]}],
    )
    (other,) = client.get(f"{DESK}{draft.pk}/change/").context["others"]
    assert other.differences.numbers_there == ("450毫升",)
    assert "material" in other.differences.facts_here


def test_an_edit_that_adds_a_claim_stays_and_says_why(
    client: Client, make_draft: MakeDraft
) -> None:
    draft = make_draft("mug")
    ProductAttribute.objects.create(product=draft.product, key="weight", value="310", unit="g")
    answer = _decide(client, draft, "edit", text=f"{draft.text} It weighs 310 g.", approve="1")
    assert "Your edit added a claim" in _text(answer)
    assert not Publication.objects.exists()


@pytest.mark.parametrize("role", [Role.ANALYST, Role.COMPLIANCE, Role.MARKETER])
@pytest.mark.parametrize("act", ["assign", "choose", "instruct", "undo"])
def test_roles_that_do_not_decide_change_nothing_at_the_desk(
    desk: Desk, make_draft: MakeDraft, role: Role, act: str
) -> None:
    draft = make_draft("mug")
    sent = {"number": "500", "instruction": "shorter"}
    assert _decide(desk(role), draft, act, **sent).status_code == 403
    draft.refresh_from_db()
    assert draft.version == 1


def test_the_page_marks_every_claim_and_names_its_fact(
    client: Client, make_draft: MakeDraft
) -> None:
    draft = make_draft("mug")
    context = client.get(f"{DESK}{draft.pk}/change/").context
    rows = {fact.number: fact.key for fact in context["facts"]}
    marked = {
        rows[int(number)] for piece in context["pieces"] for number in piece.fact_rows.split()
    }
    assert {"material", "colour", "capacity", "dishwasher_safe"} <= marked
    assert "".join(piece.piece.text for piece in context["pieces"]) == draft.text


def test_an_approval_publishes_and_shows_the_next_draft_of_the_same_queue(
    client: Client, make_draft: MakeDraft
) -> None:
    first, failing, third = make_draft("first"), make_draft("failing"), make_draft("third")
    Draft.objects.filter(pk=failing.pk).update(blocking_findings=1)
    address = f"{DESK}{first.pk}/approve/?_changelist_filters=checks%3Dclean"
    page = client.post(address, {"version": 1}, headers=FRAGMENT)
    assert page.context["draft"] == third
    assert Publication.objects.get().draft == first
    assert "Approved and published" in _text(page)


def test_the_last_decision_leads_to_an_empty_queue(client: Client, make_draft: MakeDraft) -> None:
    page = _decide(client, make_draft("mug"), "reject", reason="Reads badly")
    assert "Nothing waits here any more" in _text(page)
    assert "No draft waits" in _text(client.get(DESK))


def test_without_the_script_a_decision_redirects_to_the_next_page(
    client: Client, make_draft: MakeDraft
) -> None:
    first, second = make_draft("first"), make_draft("second")
    answer = client.post(f"{DESK}{first.pk}/approve/", {"version": 1}, follow=True)
    assert answer.redirect_chain == [(f"{DESK}{second.pk}/change/", 302)]
    assert "Approved and published" in _text(answer)


def test_a_changed_version_is_shown_as_a_difference_and_not_published(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text=f"{draft.text} Enjoy.")
    page = _decide(client, draft, "approve")
    assert page.status_code == 409
    assert "<ins> Enjoy.</ins>" in _text(page)
    assert "mia" in _text(page)
    assert not Publication.objects.exists()


def test_the_requester_reads_why_and_finds_the_button_disabled(
    desk: Desk, make_draft: MakeDraft
) -> None:
    client = desk(Role.ADMINISTRATOR, "root")
    draft = make_draft("mug", requested_by=User.objects.get(username="root"))
    page = _text(client.get(f"{DESK}{draft.pk}/change/"))
    assert "You requested this draft" in page
    assert 'data-key="a" disabled' in page
    refused = _decide(client, draft, "approve")
    assert refused.status_code == 409
    assert "You requested this draft" in _text(refused)
    assert not Publication.objects.exists()


def test_writing_again_frees_nobody_who_requested_an_earlier_text(
    client: Client, make_draft: MakeDraft, max_: User
) -> None:
    draft = make_draft("mug", requested_by=User.objects.get(username="ida"))
    rewrite_draft(draft_id=draft.pk, version=1, actor=max_)
    assert "You requested an earlier text" in _text(client.get(f"{DESK}{draft.pk}/change/"))
    assert client.get(f"{DESK}approve/").context["own"] == 1
    refused = _decide(client, draft, "approve", version=2)
    assert refused.status_code == 409
    assert not Publication.objects.exists()


def test_an_edit_is_saved_and_checked_and_what_was_typed_survives_a_refusal(
    client: Client, make_draft: MakeDraft
) -> None:
    draft = make_draft("mug")
    page = _decide(client, draft, "edit", text="A mug of oak in black that weighs 999 g.")
    assert page.status_code == 200
    assert [f.is_blocking for f in page.context["findings"]].count(True) >= 1
    refused = _decide(client, draft, "edit", version=2, text="  ")
    assert refused.status_code == 422


def test_checking_while_typing_stores_nothing(client: Client, make_draft: MakeDraft) -> None:
    draft = make_draft("mug")
    page = _decide(client, draft, "check", text="It weighs 999 g.")
    assert "999 g" in _text(page)
    draft.refresh_from_db()
    assert draft.version == 1


@pytest.mark.parametrize("act", ["approve", "reject", "edit", "rewrite", "check"])
def test_a_link_decides_nothing(client: Client, make_draft: MakeDraft, act: str) -> None:
    draft = make_draft("mug")
    assert client.get(f"{DESK}{draft.pk}/{act}/").status_code == 405
    assert Draft.objects.waiting().get() == draft


@pytest.mark.parametrize("sent", [{}, {"version": "x"}, {"version": "0"}, {"version": 10**30}])
def test_a_decision_without_a_version_is_refused(
    client: Client, make_draft: MakeDraft, sent: dict[str, object]
) -> None:
    draft = make_draft("mug")
    answer = client.post(f"{DESK}{draft.pk}/approve/", sent, headers=FRAGMENT)
    assert answer.status_code in {404, 422}
    assert not Publication.objects.exists()


def test_a_decided_draft_is_shown_as_it_was_decided(
    client: Client, make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    _decide(client, draft, "reject", reason="Wrong tone for our shop")
    page = _text(client.get(f"{DESK}{draft.pk}/change/"))
    assert "Wrong tone for our shop" in page
    assert "data-decide" not in page


@pytest.mark.parametrize("model", ["draft", "publication", "missingfacts"])
def test_nobody_adds_or_deletes_rows_around_the_services(
    desk: Desk, make_draft: MakeDraft, mia: User, model: str
) -> None:
    client = desk(Role.ADMINISTRATOR)
    approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    row = Draft.objects.get() if model == "draft" else Publication.objects.get()
    assert client.get(f"/admin/content/{model}/add/").status_code == 403
    assert client.get(f"/admin/content/{model}/{row.pk}/delete/").status_code in {302, 403}
    assert Publication.objects.count() == Draft.objects.count() == 1


def test_compliance_reads_and_decides_nothing(desk: Desk, make_draft: MakeDraft) -> None:
    client, draft = desk(Role.COMPLIANCE), make_draft("mug")
    page = client.get(f"{DESK}{draft.pk}/change/")
    assert page.status_code == 200
    assert "data-decide" not in _text(page)
    for act in ("approve", "reject", "edit", "rewrite", "check"):
        sent = {"text": "Oak.", "reason": "no"}
        assert _decide(client, draft, act, **sent).status_code == 403
    assert client.get(f"{DESK}approve/").status_code == 403
    assert client.get(f"{DESK}request/").status_code == 403


def test_other_roles_do_not_see_the_desk(desk: Desk, make_draft: MakeDraft) -> None:
    client, draft = desk(Role.SUPPORT_AGENT), make_draft("mug")
    assert client.get(DESK).status_code == 403
    assert client.get(f"{DESK}{draft.pk}/change/").status_code == 403


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


def test_handing_over_offers_nothing_to_take_back(
    client: Client, make_draft: MakeDraft, max_: User
) -> None:
    draft = make_draft("a")
    make_draft("b")
    handed = _decide(client, draft, "assign", assignee=str(max_.pk))
    assert not handed.context["undo"]
    decided = _decide(client, draft, "approve")
    assert decided.context["undo"]


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
        "variant": Variant().as_fields(),
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
