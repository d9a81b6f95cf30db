"""Several wordings of one text: written, approved, compared by experiment, shipped, retired."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.services.publication import restore_publication, withdraw_copy
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.undoing import undo_decision
from guidance.content.services.variants import compare_variants, request_variant
from guidance.content.testing import COPY
from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job, User
from guidance.core.roles import Role
from guidance.experiments.models import Experiment
from guidance.experiments.services import (
    approve_experiment,
    stop_experiment,
    undo_ship,
)
from models_ml.writer.duplicates import ALIKE, likeness, shingles
from tests import factories
from tests.content.variants.wordings import (
    SHOPPERS,
    approve,
    draft_main,
    get,
    plan,
    ship,
    start,
    tell,
    write,
)
from tests.experiments.counted import counted_report as report


def test_a_wording_is_asked_for_reviewed_compared_and_shipped_at_the_desk(
    mug: Publication, storefront: APIClient, desk: Callable[..., Client]
) -> None:
    nina, omar = desk(Role.MERCHANDISER, "nina"), desk(Role.MERCHANDISER, "omar")
    page = reverse("admin:content_publication_change", args=[mug.pk])
    answer = nina.post(reverse("admin:content_publication_variant", args=[mug.pk]))
    job = Job.objects.filter(kind="draft_copy").latest("created_at")
    assert answer["Location"] == reverse("admin:core_job_change", args=[job.pk])
    run_job(job.pk)
    draft = Draft.objects.waiting().get()
    assert (draft.variant, draft.blocking_findings) == ("b", 0)
    assert "variant b" in nina.get(page).content.decode()

    review = omar.get(reverse("admin:content_draft_change", args=[draft.pk]))
    assert mug.text in review.content.decode()  # the main text stands beside its variant

    approve = reverse("admin:content_draft_approve", args=[draft.pk])
    nina.post(approve, {"version": 1})
    assert not Publication.objects.filter(variant="b").exists()  # she asked for it
    assert draft.text not in storefront.get("/api/v1/copy").content.decode()
    omar.post(approve, {"version": 1})
    other = Publication.objects.get(variant="b")

    compare = reverse("admin:content_publication_compare", args=[mug.pk])
    nina.post(compare, {"surface": "product", "metric": "ctr"})
    experiment = Experiment.objects.get()
    arms = [(arm.policy, arm.is_control) for arm in experiment.arms.all()]
    assert arms == [("main", True), ("b", False)]
    Experiment.objects.update(hypothesis="More clicks.", smallest_effect=5, horizon_days=14)

    def step(person: Client, name: str, **sent: str) -> None:
        person.post(reverse(f"admin:experiments_experiment_{name}", args=[experiment.pk]), sent)
        experiment.refresh_from_db()

    seen = nina.get(reverse("admin:experiments_experiment_change", args=[experiment.pk]))
    step(nina, "approve", seen=seen.context["seen"])
    assert experiment.status == "draft"  # she wrote it
    step(omar, "approve", seen=seen.context["seen"])
    step(nina, "start")
    assert experiment.status == "running"

    texts = {}
    for shopper in SHOPPERS:
        got = get(storefront, customer=shopper)
        texts[shopper] = got["text"]
        assert got["decision_id"]
        tell(storefront, "impression", shopper, got["decision_id"])
        if got["variant"] == "b":
            tell(storefront, "click", shopper, got["decision_id"])
    assert set(texts.values()) == {mug.text, other.text}
    assert {one: get(storefront, customer=one)["text"] for one in SHOPPERS} == texts

    by_arm = {arm.arm.key: arm.total for arm in report(experiment).arms}
    of_b = sum(text == other.text for text in texts.values())
    assert (by_arm["b"].seen, by_arm["b"].clicked) == (of_b, of_b)
    assert (by_arm["main"].seen, by_arm["main"].clicked) == (len(SHOPPERS) - of_b, 0)
    wordings = nina.get(page).context["wordings"]
    assert [one.figures.clicked for one in wordings] == [0, of_b]
    assert wordings[1].figures.interval or "not measured" in wordings[1].figures.ctr

    step(nina, "decide", choice="ship:b", reason="The other words are read more.")
    seen = omar.get(reverse("admin:experiments_experiment_change", args=[experiment.pk]))
    step(omar, "confirm", seen=seen.context["seen"])
    assert experiment.status == "decided"
    for shopper in (*SHOPPERS, ""):
        got = get(storefront, customer=shopper)
        assert (got["text"], got["variant"], got["decision_id"]) == (other.text, "", None)
    assert PublishedCopy.objects.get(variant="b").status == "withdrawn"
    shipped = PublishedCopy.objects.get(variant="").publication
    assert (shipped.number, shipped.approved_by) == (2, other.approved_by)

    step(omar, "undo")
    assert get(storefront)["text"] == mug.text
    assert PublishedCopy.objects.get(variant="b").status == "live"
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"ship_variant", "retire_variant", "unship_variant", "return_variant"} <= verbs


def test_a_variant_clearly_differs_and_its_likeness_to_the_main_text_blocks_nothing(
    mug: Publication, mia: User
) -> None:
    draft = write(mug, mia)
    assert likeness(shingles(draft.text), shingles(mug.text)) < ALIKE
    assert [found for found in draft.findings if found["check"] == "duplicate"] == []


def test_a_variant_that_reads_as_the_main_text_is_not_published(
    mug: Publication, mia: User, max_: User
) -> None:
    draft = write(mug, mia)
    edit_draft(draft_id=draft.pk, version=1, actor=max_, text=mug.text)
    with pytest.raises(Invalid, match="must differ"):
        approve_draft(draft_id=draft.pk, version=2, actor=max_)


def test_who_asks_for_a_variant_never_approves_it(mug: Publication, mia: User) -> None:
    draft = write(mug, mia)
    with pytest.raises(OwnRequest):
        approve(draft, mia)


def test_the_next_variant_gets_a_letter_of_its_own(
    mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    withdraw_copy(copy=PublishedCopy.objects.get(variant="b"), actor=mia, reason="Dull")
    third = write(mug, mia)
    assert third.variant == "c"
    assert third.text not in (mug.text, mug_b.text)


def test_a_variant_needs_a_main_text(mug: Publication, mia: User) -> None:
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="Wrong")
    with pytest.raises(Invalid, match="main text"):
        request_variant(publication_id=mug.pk, actor=mia)


def test_only_who_may_withdraw_retires_a_variant(
    mug_b: Publication, desk: Callable[..., Client]
) -> None:
    marketer = desk(Role.MARKETER)
    for act in ("withdraw", "variant", "compare"):
        url = reverse(f"admin:content_publication_{act}", args=[mug_b.pk])
        sent = {"reason": "Dull", "surface": "product", "metric": "ctr"}
        assert marketer.post(url, sent).status_code == 403
    assert PublishedCopy.objects.get(variant="b").status == "live"


def test_an_experiment_of_wordings_needs_them_live_at_its_approval(
    mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    experiment = plan(mug, mia)
    withdraw_copy(copy=PublishedCopy.objects.get(variant="b"), actor=mia, reason="Dull")
    with pytest.raises(ValidationError, match="No variant"):
        approve_experiment(experiment=experiment, actor=max_)
    restore_publication(publication_id=mug_b.pk, actor=max_, reason="Not so dull")
    approve_experiment(experiment=experiment, actor=max_)


def test_wordings_and_recommendations_of_a_page_are_tested_beside_each_other(
    mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    factories.surface(key="product")
    factories.running_experiment(
        surface="product", arms={"old": "popularity", "new": "co_occurrence"}
    )
    assert start(mug, mia, max_).status == "running"
    with pytest.raises(Invalid, match="already"):
        compare_variants(publication_id=mug.pk, actor=mia, surface="product", metric="ctr")


def test_a_wording_compared_elsewhere_too_is_not_shipped(
    running: Experiment, mug: Publication, mia: User, max_: User
) -> None:
    start(mug, mia, max_, surface="list")
    with pytest.raises(ValidationError, match="compares these wordings too"):
        ship(running, mia, max_)


def test_what_was_shipped_is_not_taken_back_over_a_later_text(
    running: Experiment, mug: Publication, mia: User, max_: User
) -> None:
    decided = ship(running, mia, max_)
    approve(draft_main(mug.product_id), mia)
    with pytest.raises(ValidationError, match="Another text"):
        undo_ship(experiment=decided, actor=mia)


def test_a_shipped_text_is_taken_back_on_the_experiments_page_alone(
    running: Experiment, mug_b: Publication, mia: User, max_: User
) -> None:
    ship(running, mia, max_)
    shipped = PublishedCopy.objects.get(variant="").publication
    with pytest.raises(Invalid):
        undo_decision(draft_id=shipped.draft_id, actor=max_)
    assert Draft.objects.decided().filter(text=mug_b.text).count() == 1


def test_shipping_needs_the_text_to_be_true(
    running: Experiment, mug_b: Publication, mia: User
) -> None:
    plastic = AttributeRow(key="material", value="glass", language="en")
    update_product(product=mug_b.product, actor=None, attributes=[plastic])
    stop_experiment(experiment=running, actor=mia)
    with pytest.raises(ValidationError, match="not published now"):
        COPY.ship(running.surface, running.subject, "b", mia)


def test_a_wording_that_must_be_approved_anew_is_not_shipped(
    running: Experiment, mug_b: Publication, mia: User
) -> None:
    soon = timezone.now() + timedelta(days=2)
    PublishedCopy.objects.filter(publication=mug_b).update(serve_until=soon)
    stop_experiment(experiment=running, actor=mia)
    with pytest.raises(ValidationError, match="approved anew"):
        COPY.ship(running.surface, running.subject, "b", mia)
    assert PublishedCopy.objects.filter(status="live").count() == 2


def test_a_planned_text_keeps_another_from_being_shipped_over_it(
    running: Experiment, mug: Publication, mia: User
) -> None:
    later = draft_main(mug.product_id)
    at = timezone.now() + timedelta(days=1)
    approve_draft(draft_id=later.pk, version=later.version, actor=mia, publish_at=at)
    stop_experiment(experiment=running, actor=mia)
    with pytest.raises(ValidationError, match="planned"):
        COPY.ship(running.surface, running.subject, "b", mia)


def test_what_was_shipped_and_withdrawn_since_does_not_come_back_by_undoing(
    running: Experiment, mug_b: Publication, mia: User, max_: User
) -> None:
    decided = ship(running, mia, max_)
    main = PublishedCopy.objects.get(variant="")
    withdraw_copy(copy=main, actor=mia, reason="A complaint")
    with pytest.raises(ValidationError, match="withdrawn since"):
        undo_ship(experiment=decided, actor=mia)
    assert not PublishedCopy.objects.filter(status="live").exists()


def test_a_retired_variants_deadline_comes_back_with_it(
    running: Experiment, mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    soon = timezone.now() + timedelta(days=2)
    c = approve(write(mug, mia), max_)
    PublishedCopy.objects.filter(publication=c).update(serve_until=soon)
    undo_ship(experiment=ship(running, mia, max_), actor=mia)
    assert PublishedCopy.objects.get(publication=c).serve_until == soon
    assert PublishedCopy.objects.get(publication=mug_b).serve_until is None


def test_undoing_an_approval_leaves_what_was_retired_since(
    mug: Publication, mug_b: Publication, max_: User, mia: User
) -> None:
    copy = PublishedCopy.objects.get(publication=mug_b)
    withdraw_copy(copy=copy, actor=mia, reason="Reads badly")
    undo_decision(draft_id=mug_b.draft_id, actor=max_)
    copy.refresh_from_db()
    assert (copy.status, copy.reason) == ("withdrawn", "Reads badly")
