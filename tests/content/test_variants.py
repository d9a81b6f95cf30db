"""Several wordings of one text: written, approved, compared by experiment, shipped, retired."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.selectors.published import LIVE_COPY, copy_by_product
from guidance.content.services.drafting import draft_products
from guidance.content.services.publication import restore_publication, withdraw_copy
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.undoing import undo_decision
from guidance.content.services.variants import compare_variants, request_variant
from guidance.content.testing import COPY
from guidance.core.ids import new_id
from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job, User
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import report
from guidance.experiments.services import (
    approve_experiment,
    confirm_decision,
    decide_experiment,
    start_experiment,
    undo_ship,
)
from models_ml.writer.duplicates import ALIKE, likeness, shingles
from tests import factories
from tests.busy import database_busy
from tests.content.conftest import FACTS, MakeProduct

URL = "/api/v1/products/mug/copy"
SHOPPERS = [f"shopper-{number}" for number in range(12)]


@pytest.fixture
def mug(make_product: MakeProduct, mia: User) -> Publication:
    """The mug's main text, live."""
    product = make_product("mug", facts={**FACTS, "design": "grey stripes", "weight": "400 g"})
    return _approve(_draft_main(product.pk), mia)


def _draft_main(product_id: int) -> Draft:
    draft_products(product_ids=[product_id], kind="description", language="en", requested_by=None)
    return Draft.objects.waiting().get(product=product_id, variant="")


def _approve(draft: Draft, actor: User) -> Publication:
    return approve_draft(draft_id=draft.pk, version=draft.version, actor=actor)


def _write(main: Publication, actor: User) -> Draft:
    before = set(Draft.objects.waiting().values_list("pk", flat=True))
    run_job(request_variant(publication_id=main.pk, actor=actor).pk)
    return Draft.objects.waiting().exclude(pk__in=before).get()


@pytest.fixture
def mug_b(mug: Publication, mia: User, max_: User) -> Publication:
    """Another wording of it, asked for by one person and approved by another."""
    return _approve(_write(mug, mia), max_)


def _plan(main: Publication, actor: User, **given: Any) -> Experiment:
    asked = {"surface": "product", "metric": "ctr", **given}
    experiment = compare_variants(publication_id=main.pk, actor=actor, **asked)
    experiment.hypothesis, experiment.horizon_days = "Other words, more clicks.", 14
    experiment.smallest_effect = Decimal(5)
    experiment.save()
    return experiment


def _start(main: Publication, author: User, approver: User, **given: Any) -> Experiment:
    experiment = _plan(main, author, **given)
    approved = approve_experiment(experiment=experiment, actor=approver)
    return start_experiment(experiment=approved, actor=author)


@pytest.fixture
def running(mug: Publication, mug_b: Publication, mia: User, max_: User) -> Experiment:
    return _start(mug, mia, max_)


def _get(storefront: APIClient, **query: str) -> dict[str, Any]:
    copy: dict[str, Any] = storefront.get(URL, {"language": "en", **query}).json()["copy"]
    return copy.get("description", {})


def _ship(experiment: Experiment, first: User, second: User, arm: str = "b") -> Experiment:
    why = "The other words are read more."
    decided = decide_experiment(
        experiment=experiment, verdict="ship", arm=arm, reason=why, actor=first
    )
    if decided.awaits_second:
        decided = confirm_decision(experiment=decided, actor=second)
    return decided


def _tell(storefront: APIClient, kind: str, customer: str, decision: str) -> None:
    event = {
        "id": str(new_id()),
        "kind": kind,
        "customer": customer,
        "decision_id": decision,
        "position": 1,
        "time": timezone.now().isoformat(),
    }
    answer = storefront.post("/api/v1/events", {"events": [event]}, format="json")
    assert answer.json()["accepted"] == 1, answer.content


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
        got = _get(storefront, customer=shopper)
        texts[shopper] = got["text"]
        assert got["decision_id"]
        _tell(storefront, "impression", shopper, got["decision_id"])
        if got["variant"] == "b":
            _tell(storefront, "click", shopper, got["decision_id"])
    assert set(texts.values()) == {mug.text, other.text}
    assert {one: _get(storefront, customer=one)["text"] for one in SHOPPERS} == texts

    by_arm = {arm.arm.key: arm.total for arm in report(experiment).arms}
    of_b = sum(text == other.text for text in texts.values())
    assert (by_arm["b"].seen, by_arm["b"].clicked) == (of_b, of_b)
    assert (by_arm["main"].seen, by_arm["main"].clicked) == (len(SHOPPERS) - of_b, 0)
    wordings = nina.get(page).context["wordings"]
    assert [one.figures.clicked for one in wordings] == [0, of_b]
    assert wordings[1].figures.interval or "not measured" in wordings[1].figures.ctr

    step(nina, "decide", choice="ship:b", reason="The other words are read more.")
    step(omar, "confirm")
    assert experiment.status == "decided"
    for shopper in (*SHOPPERS, ""):
        got = _get(storefront, customer=shopper)
        assert (got["text"], got["variant"], got["decision_id"]) == (other.text, "", None)
    assert PublishedCopy.objects.get(variant="b").status == "withdrawn"
    shipped = PublishedCopy.objects.get(variant="").publication
    assert (shipped.number, shipped.approved_by) == (2, other.approved_by)

    step(omar, "undo")
    assert _get(storefront)["text"] == mug.text
    assert PublishedCopy.objects.get(variant="b").status == "live"
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"ship_variant", "retire_variant", "unship_variant", "return_variant"} <= verbs


def test_a_variant_clearly_differs_and_its_likeness_to_the_main_text_blocks_nothing(
    mug: Publication, mia: User
) -> None:
    draft = _write(mug, mia)
    assert likeness(shingles(draft.text), shingles(mug.text)) < ALIKE
    assert [found for found in draft.findings if found["check"] == "duplicate"] == []


def test_a_variant_that_reads_as_the_main_text_is_not_published(
    mug: Publication, mia: User, max_: User
) -> None:
    draft = _write(mug, mia)
    edit_draft(draft_id=draft.pk, version=1, actor=max_, text=mug.text)
    with pytest.raises(Invalid, match="must differ"):
        approve_draft(draft_id=draft.pk, version=2, actor=max_)


def test_who_asks_for_a_variant_never_approves_it(mug: Publication, mia: User) -> None:
    draft = _write(mug, mia)
    with pytest.raises(OwnRequest):
        _approve(draft, mia)


def test_the_next_variant_gets_a_letter_of_its_own(
    mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    withdraw_copy(copy=PublishedCopy.objects.get(variant="b"), actor=mia, reason="Dull")
    third = _write(mug, mia)
    assert third.variant == "c"
    assert third.text not in (mug.text, mug_b.text)


def test_a_variant_needs_a_main_text(mug: Publication, mia: User) -> None:
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="Wrong")
    with pytest.raises(Invalid, match="main text"):
        request_variant(publication_id=mug.pk, actor=mia)


def test_nobody_but_an_experiments_shoppers_gets_a_variant(
    mug: Publication, mug_b: Publication, storefront: APIClient
) -> None:
    for shopper in ("", *SHOPPERS[:4]):
        got = _get(storefront, customer=shopper)
        assert (got["text"], got["variant"], got["decision_id"]) == (mug.text, "", None)
    assert not Decision.objects.exists()
    rows = LIVE_COPY.rows(products=[mug.product_id], language="en")
    assert copy_by_product(rows)[mug.product_id]["description"]["text"] == mug.text
    items = storefront.get("/api/v1/copy").json()["items"]
    assert [(item["variant"], item["copy"]["text"]) for item in items] == [
        ("", mug.text),
        ("b", mug_b.text),
    ]


def test_nobody_known_and_other_surfaces_are_in_no_experiment(
    running: Experiment, mug: Publication, storefront: APIClient
) -> None:
    assert _get(storefront)["decision_id"] is None
    for shopper in SHOPPERS:
        got = _get(storefront, customer=shopper, surface="list")
        assert (got["text"], got["decision_id"]) == (mug.text, None)
    assert not Decision.objects.exists()


def test_a_decision_says_what_was_shown_and_how_likely(
    running: Experiment, mug_b: Publication, storefront: APIClient
) -> None:
    shopper = next(one for one in SHOPPERS if _get(storefront, customer=one)["variant"] == "b")
    decision = Decision.objects.filter(customer__ref=shopper).get()
    assert (decision.surface, decision.policy, decision.arm) == ("product", "b", "b")
    assert (decision.experiment, decision.fallback_from) == (running.key, "")
    (item,) = decision.items
    assert (item["kind"], item["key"], item["position"]) == ("copy", str(mug_b.pk), 1)
    assert item["propensity"] == 0.5


def test_the_held_out_get_the_main_text_and_the_decision_says_so(
    running: Experiment, mug: Publication, storefront: APIClient
) -> None:
    held = factories.holdout(is_active=True, ended_at=None, share="0.99")
    for shopper in SHOPPERS[:4]:
        assert _get(storefront, customer=shopper)["text"] == mug.text
    assert set(Decision.objects.values_list("experiment", "arm", "policy")) == {
        (held.key, "held-out", "main")
    }


def _shopper_of(arm: str, storefront: APIClient) -> str:
    for shopper in SHOPPERS:
        _get(storefront, customer=shopper)
    found = Decision.objects.filter(arm=arm).first()
    assert found is not None
    assert found.customer is not None
    return found.customer.ref


def test_a_retired_variants_shoppers_get_the_main_text_and_the_decision_says_so(
    running: Experiment, mug: Publication, storefront: APIClient, desk: Callable[..., Client]
) -> None:
    shopper = _shopper_of("b", storefront)
    other = PublishedCopy.objects.get(variant="b")
    nina = desk(Role.MERCHANDISER, "nina")
    page = nina.get(reverse("admin:content_publication_change", args=[other.publication_id]))
    assert "An experiment runs with it" in page.content.decode()
    retire = reverse("admin:content_publication_withdraw", args=[other.publication_id])
    nina.post(retire, {"reason": "Too loud"})
    assert AuditEntry.objects.get(verb="retire_variant").details["experiments"] == [running.key]
    got = _get(storefront, customer=shopper)
    assert (got["text"], got["variant"]) == (mug.text, "")
    decision = Decision.objects.get(pk=got["decision_id"])
    assert (decision.arm, decision.policy) == ("b", "main")
    assert decision.fallback_from == "b: not published"
    assert {arm.arm.key: arm.total.stood_in for arm in report(running).arms}["b"] == 1


def test_only_who_may_withdraw_retires_a_variant(
    mug_b: Publication, desk: Callable[..., Client]
) -> None:
    marketer = desk(Role.MARKETER)
    for act in ("withdraw", "variant", "compare"):
        url = reverse(f"admin:content_publication_{act}", args=[mug_b.pk])
        sent = {"reason": "Dull", "surface": "product", "metric": "ctr"}
        assert marketer.post(url, sent).status_code == 403
    assert PublishedCopy.objects.get(variant="b").status == "live"


def test_a_changed_fact_takes_out_the_variant_that_cites_it_alone(
    make_product: MakeProduct, mia: User, max_: User, storefront: APIClient
) -> None:
    product = make_product("mug", facts={**FACTS, "weight": "400 g"})
    main = _approve(_edited(_draft_main(product.pk), mia, "A mug of oak in black."), mia)
    other = _approve(_edited(_write(main, mia), mia, "A black mug of 400 g."), max_)
    _start(main, mia, max_)
    shopper = _shopper_of("b", storefront)
    assert _get(storefront, customer=shopper)["text"] == other.text

    heavier = AttributeRow(key="weight", value="500 g", language="en")
    update_product(product=product, actor=None, attributes=[heavier])
    got = _get(storefront, customer=shopper)
    assert (got["text"], got["variant"]) == (main.text, "")
    assert Decision.objects.get(pk=got["decision_id"]).fallback_from == "b: not published"
    assert Draft.objects.waiting().get().variant == "b"


def _edited(draft: Draft, actor: User, text: str) -> Draft:
    return edit_draft(draft_id=draft.pk, version=draft.version, actor=actor, text=text)


def test_where_the_main_text_is_out_nothing_is_compared(
    running: Experiment, mia: User, storefront: APIClient
) -> None:
    withdraw_copy(copy=PublishedCopy.objects.get(variant=""), actor=mia, reason="Wrong")
    for shopper in SHOPPERS[:4]:
        assert _get(storefront, customer=shopper) == {}
    assert not Decision.objects.exists()


def test_a_waiting_variant_is_never_served(
    running: Experiment, mug: Publication, mia: User, storefront: APIClient
) -> None:
    waiting = _write(mug, mia)
    for shopper in SHOPPERS:
        assert waiting.text not in storefront.get(URL, {"customer": shopper}).content.decode()


def test_an_experiment_of_wordings_needs_them_live_at_its_approval(
    mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    experiment = _plan(mug, mia)
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
    assert _start(mug, mia, max_).status == "running"
    with pytest.raises(Invalid, match="already"):
        compare_variants(publication_id=mug.pk, actor=mia, surface="product", metric="ctr")


def test_a_wording_compared_elsewhere_too_is_not_shipped(
    running: Experiment, mug: Publication, mia: User, max_: User
) -> None:
    _start(mug, mia, max_, surface="list")
    with pytest.raises(ValidationError, match="another surface"):
        _ship(running, mia, max_)


def test_what_was_shipped_is_not_taken_back_over_a_later_text(
    running: Experiment, mug: Publication, mia: User, max_: User
) -> None:
    decided = _ship(running, mia, max_)
    _approve(_draft_main(mug.product_id), mia)
    with pytest.raises(ValidationError, match="Another text"):
        undo_ship(experiment=decided, actor=mia)


def test_a_shipped_text_is_taken_back_on_the_experiments_page_alone(
    running: Experiment, mug_b: Publication, mia: User, max_: User
) -> None:
    _ship(running, mia, max_)
    shipped = PublishedCopy.objects.get(variant="").publication
    with pytest.raises(Invalid):
        undo_decision(draft_id=shipped.draft_id, actor=max_)
    assert Draft.objects.decided().filter(text=mug_b.text).count() == 1


def test_an_answer_with_a_decision_is_always_new(
    running: Experiment, storefront: APIClient
) -> None:
    asked = {"language": "en", "customer": "anna"}
    first = storefront.get(URL, asked)
    again = storefront.get(URL, asked, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]
    assert "no-store" in again.headers["Cache-Control"]
    nobody = storefront.get(URL, {"language": "en"})
    tag = nobody.headers["ETag"]
    kept = storefront.get(URL, {"language": "en"}, headers={"If-None-Match": tag})
    assert kept.status_code == 304


def test_the_statements_of_an_answer_do_not_grow_with_texts_or_shoppers(
    running: Experiment, mug: Publication, mia: User, max_: User, storefront: APIClient
) -> None:
    def statements(customer: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            _get(storefront, customer=customer)
        return len(asked)

    for shopper in (*SHOPPERS[:3], ""):
        _get(storefront, customer=shopper)
    before = [statements(shopper) for shopper in ("", SHOPPERS[0])]
    for _more in range(2):
        _approve(_write(mug, mia), max_)
    assert [statements(shopper) for shopper in ("", SHOPPERS[0])] == before


@pytest.mark.django_db(transaction=True)
def test_a_log_that_cannot_be_written_costs_the_shopper_nothing(
    running: Experiment, storefront: APIClient
) -> None:
    with database_busy():
        got = _get(storefront, customer="never met")
    assert got["text"]
    assert got["decision_id"] is None
    assert not Customer.objects.filter(ref="never met").exists()
    assert _get(storefront, customer="never met")["decision_id"]


def test_shipping_needs_the_text_to_be_true(
    running: Experiment, mug_b: Publication, mia: User
) -> None:
    plastic = AttributeRow(key="material", value="glass", language="en")
    update_product(product=mug_b.product, actor=None, attributes=[plastic])
    with pytest.raises(ValidationError, match="not published now"):
        COPY.ship(running.surface, running.subject, "b", mia)
