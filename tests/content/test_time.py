"""What happens to copy by itself: plans, deadlines, decisions taken back, and who is told."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from guidance.catalog.models import ProductAttribute
from guidance.catalog.services import update_product
from guidance.content import tasks
from guidance.content.models import (
    Draft,
    PlannedCopy,
    PublishedCopy,
    WebhookEndpoint,
    WebhookMessage,
)
from guidance.content.services import planning
from guidance.content.services.publication import restore_publication, withdraw_copy
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.staleness import examine_again
from guidance.content.services.undoing import undo_decision
from guidance.content.services.wording import candidates, choose_candidate
from guidance.core.hooks import schedules
from guidance.core.models import AuditEntry, User
from tests import factories
from tests.content.conftest import MakeDraft


def _again(draft: Draft, **fields: object) -> Draft:
    """Another draft for the same place, which says the same."""
    place = {name: getattr(draft, name) for name in ("product", "kind", "language", "text")}
    return Draft.objects.create(**place, sentences=draft.sentences, **fields)


def _approve(draft: Draft, actor: User, **more: Any) -> Any:
    return approve_draft(draft_id=draft.pk, version=draft.version, actor=actor, **more)


def test_workers_look_at_the_clock_every_minute(make_draft: MakeDraft, mia: User) -> None:
    (clock,) = [one for one in schedules() if one.function == "guidance.content.tasks.keep_time"]
    assert clock.minutes == 1
    draft = make_draft("mug")
    planned = _approve(draft, mia, publish_at=timezone.now() + timedelta(hours=1))
    late = _approve(make_draft("cup"), mia)
    PlannedCopy.objects.update(at=timezone.now())
    PublishedCopy.objects.filter(publication=late).update(serve_until=timezone.now())
    tasks.keep_time()
    assert PublishedCopy.objects.get(publication=planned).status == "live"
    assert PublishedCopy.objects.get(publication=late).status == "stale"


def test_one_plan_that_cannot_be_examined_stops_no_other(make_draft: MakeDraft, mia: User) -> None:
    at = timezone.now() + timedelta(hours=1)
    broken = _approve(make_draft("mug"), mia, publish_at=at)
    whole = _approve(make_draft("cup"), mia, publish_at=at)
    Draft.objects.filter(pk=broken.draft_id).update(sentences=[{"no": "text"}])
    assert planning.publish_due(at) == 1
    assert PublishedCopy.objects.get().publication == whole
    assert PlannedCopy.objects.get().publication == broken


def test_what_is_approved_later_replaces_what_was_planned(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    at = timezone.now() + timedelta(hours=1)
    _approve(draft, mia, publish_at=at)
    now = _approve(_again(draft), mia)
    assert planning.publish_due(at) == 0
    assert PublishedCopy.objects.get().publication == now


def test_a_changed_fact_has_what_is_true_still_put_back(
    make_draft: MakeDraft, mia: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    draft = make_draft("mug")
    publication = _approve(draft, mia)
    with django_capture_on_commit_callbacks(execute=True):
        update_product(product=draft.product, actor=None, fields={"title": "Explorer Cup"})
    queued = [row.task for row in OrmQ.objects.all()]
    holding = [one for one in queued if one["func"].endswith("hold_what_is_true")]
    assert [one["args"] for one in holding] == [([str(publication.pk)],)]


def test_holding_never_puts_a_running_deadline_off(make_draft: MakeDraft, mia: User) -> None:
    publication = _approve(make_draft("mug"), mia)
    soon = timezone.now() + timedelta(hours=2)
    PublishedCopy.objects.update(status="stale", serve_until=soon)
    planning.hold_what_is_true(publication_ids=[publication.pk])
    assert PublishedCopy.objects.get().serve_until == soon
    PublishedCopy.objects.update(status="stale", serve_until=timezone.now())
    assert planning.hold_what_is_true(publication_ids=[publication.pk]) == 0


def test_storefronts_are_told_when_a_deadline_passes(make_draft: MakeDraft, mia: User) -> None:
    publication = _approve(make_draft("mug"), mia)
    factories.webhook_endpoint()
    WebhookEndpoint.objects.update(events=["copy.published", "copy.withdrawn"])
    PublishedCopy.objects.update(serve_until=timezone.now())
    planning.enforce_deadlines()
    (message,) = WebhookMessage.objects.filter(type="copy.withdrawn")
    assert str(publication.pk) in message.body
    assert AuditEntry.objects.filter(verb="expire_copy").exists()


def test_taking_back_never_brings_withdrawn_copy_back(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    _approve(draft, mia)
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="unlawful")
    second = _again(draft)
    _approve(second, mia)
    undo_decision(draft_id=second.pk, actor=mia)
    assert PublishedCopy.objects.get().status == "withdrawn"


def test_taking_back_keeps_the_deadline_of_what_comes_back(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    first = _approve(draft, mia)
    soon = timezone.now() + timedelta(hours=2)
    PublishedCopy.objects.update(serve_until=soon)
    second = _again(draft)
    _approve(second, mia)
    undo_decision(draft_id=second.pk, actor=mia)
    copy = PublishedCopy.objects.get()
    assert (copy.publication, copy.status, copy.serve_until) == (first, "live", soon)


def test_two_decisions_taken_back_leave_nothing_of_either(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    first = _approve(draft, mia)
    second = _again(draft)
    _approve(second, mia)
    back = undo_decision(draft_id=second.pk, actor=mia)
    _approve(back, mia)
    undo_decision(draft_id=back.pk, actor=mia)
    assert PublishedCopy.objects.get().publication == first


def test_who_requested_a_text_cannot_bring_it_back(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    publication = _approve(make_draft("mug", requested_by=max_), mia)
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="slip")
    with pytest.raises(OwnRequest):
        restore_publication(publication_id=publication.pk, actor=max_, reason="mine")
    assert PublishedCopy.objects.get().status == "withdrawn"


def test_what_is_planned_is_not_brought_forward_by_restoring(
    make_draft: MakeDraft, mia: User
) -> None:
    at = timezone.now() + timedelta(hours=1)
    publication = _approve(make_draft("mug"), mia, publish_at=at)
    with pytest.raises(Invalid):
        restore_publication(publication_id=publication.pk, actor=mia, reason="now")


def test_a_text_that_comes_back_keeps_how_it_was_written_and_edited(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug")
    edit_draft(draft_id=draft.pk, version=1, actor=max_, text=draft.sentences[0]["text"])
    Draft.objects.update(provider="openai", model="m", prompt_version="3")
    _approve(Draft.objects.get(), mia)
    update_product(product=draft.product, actor=None, fields={"title": "Explorer Cup"})
    back = Draft.objects.waiting().get()
    assert (back.provider, back.model, back.prompt_version) == ("openai", "m", "3")
    assert back.edited_by == max_


def test_copy_that_new_findings_make_risky_is_risky_in_the_queue(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug", price=Decimal("12.50"), currency="GBP")
    Draft.objects.update(text=f"{draft.text} It costs £12.50.")
    examine_again(draft_ids=[draft.pk])
    draft.refresh_from_db()
    assert draft.is_high_risk


def test_the_writers_own_text_frees_who_added_a_claim_before(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    ProductAttribute.objects.create(product=draft.product, key="weight", value="310", unit="g")
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text=f"{draft.text} It weighs 310 g.")
    draft.refresh_from_db()
    number = candidates(draft)[0].version
    chosen = choose_candidate(draft_id=draft.pk, version=2, actor=mia, number=number)
    assert _approve(chosen, mia).text == chosen.text
