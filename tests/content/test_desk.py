"""The desk's page of one draft: what it shows, and what each decision answers."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from guidance.catalog.models import ProductAttribute
from guidance.content.models import Draft, Publication
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.rewriting import rewrite_draft
from guidance.core.models import User
from guidance.core.roles import Role
from tests.content.conftest import MakeDraft

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


def test_handing_over_offers_nothing_to_take_back(
    client: Client, make_draft: MakeDraft, max_: User
) -> None:
    draft = make_draft("a")
    make_draft("b")
    handed = _decide(client, draft, "assign", assignee=str(max_.pk))
    assert not handed.context["undo"]
    decided = _decide(client, draft, "approve")
    assert decided.context["undo"]
