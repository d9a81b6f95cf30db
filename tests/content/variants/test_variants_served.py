"""Which of several wordings a shopper gets, and what the decision log says of it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.selectors.published import LIVE_COPY, copy_by_product
from guidance.content.services.publication import withdraw_copy
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from tests import factories
from tests.busy import database_busy
from tests.content.conftest import FACTS, MakeProduct
from tests.content.variants.wordings import (
    SHOPPERS,
    URL,
    approve,
    draft_main,
    edited,
    get,
    shopper_of,
    start,
    write,
)
from tests.experiments.counted import counted_report as report


def test_nobody_but_an_experiments_shoppers_gets_a_variant(
    mug: Publication, mug_b: Publication, storefront: APIClient
) -> None:
    for shopper in ("", *SHOPPERS[:4]):
        got = get(storefront, customer=shopper)
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
    assert get(storefront)["decision_id"] is None
    for shopper in SHOPPERS:
        got = get(storefront, customer=shopper, surface="list")
        assert (got["text"], got["decision_id"]) == (mug.text, None)
    assert not Decision.objects.exists()


def test_a_decision_says_what_was_shown_and_how_likely(
    running: Experiment, mug_b: Publication, storefront: APIClient
) -> None:
    shopper = next(one for one in SHOPPERS if get(storefront, customer=one)["variant"] == "b")
    decision = Decision.objects.filter(customer__ref=shopper).get()
    assert (decision.surface, decision.policy, decision.arm) == ("product", "b", "b")
    assert (decision.experiment, decision.fallback_from) == (running.key, "")
    (item,) = decision.items
    assert (item["kind"], item["key"], item["position"]) == ("copy", str(mug_b.pk), 1)
    assert item["propensity"] == 0.5


def test_the_held_out_get_the_main_text_and_the_decision_says_so(
    running: Experiment, mug: Publication, storefront: APIClient
) -> None:
    held = factories.holdout(key="all-but-few", is_active=True, ended_at=None, share="0.99")
    for shopper in SHOPPERS[:4]:
        assert get(storefront, customer=shopper)["text"] == mug.text
    assert set(Decision.objects.values_list("experiment", "arm", "policy")) == {
        (held.key, "held-out", "main")
    }


def test_a_retired_variants_shoppers_get_the_main_text_and_the_decision_says_so(
    running: Experiment, mug: Publication, storefront: APIClient, desk: Callable[..., Client]
) -> None:
    shopper = shopper_of("b", storefront)
    other = PublishedCopy.objects.get(variant="b")
    nina = desk(Role.MERCHANDISER, "nina")
    page = nina.get(reverse("admin:content_publication_change", args=[other.publication_id]))
    assert "An experiment runs with it" in page.content.decode()
    retire = reverse("admin:content_publication_withdraw", args=[other.publication_id])
    nina.post(retire, {"reason": "Too loud"})
    assert AuditEntry.objects.get(verb="retire_variant").details["experiments"] == [running.key]
    got = get(storefront, customer=shopper)
    assert (got["text"], got["variant"]) == (mug.text, "")
    decision = Decision.objects.get(pk=got["decision_id"])
    assert (decision.arm, decision.policy) == ("b", "main")
    assert decision.fallback_from == "b: not published"
    # Both arms show it now: it was certain, not a toss.
    assert decision.items[0]["propensity"] == 1.0
    assert {arm.arm.key: arm.total.stood_in for arm in report(running).arms}["b"] == 1


def test_a_changed_fact_takes_out_the_variant_that_cites_it_alone(
    make_product: MakeProduct, mia: User, max_: User, storefront: APIClient
) -> None:
    product = make_product("mug", facts={**FACTS, "weight": "400 g"})
    main = approve(edited(draft_main(product.pk), mia, "A mug of oak in black."), mia)
    other = approve(edited(write(main, mia), mia, "A black mug of 400 g."), max_)
    start(main, mia, max_)
    shopper = shopper_of("b", storefront)
    assert get(storefront, customer=shopper)["text"] == other.text

    heavier = AttributeRow(key="weight", value="500 g", language="en")
    update_product(product=product, actor=None, attributes=[heavier])
    got = get(storefront, customer=shopper)
    assert (got["text"], got["variant"]) == (main.text, "")
    assert Decision.objects.get(pk=got["decision_id"]).fallback_from == "b: not published"
    assert Draft.objects.waiting().get().variant == "b"


def test_where_the_main_text_is_out_nothing_is_compared(
    running: Experiment, mia: User, storefront: APIClient
) -> None:
    withdraw_copy(copy=PublishedCopy.objects.get(variant=""), actor=mia, reason="Wrong")
    for shopper in SHOPPERS[:4]:
        assert get(storefront, customer=shopper) == {}
    assert not Decision.objects.exists()


def test_a_waiting_variant_is_never_served(
    running: Experiment, mug: Publication, mia: User, storefront: APIClient
) -> None:
    waiting = write(mug, mia)
    for shopper in SHOPPERS:
        assert waiting.text not in storefront.get(URL, {"customer": shopper}).content.decode()


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
            get(storefront, customer=customer)
        return len(asked)

    for shopper in (*SHOPPERS[:3], ""):
        get(storefront, customer=shopper)
    before = [statements(shopper) for shopper in ("", SHOPPERS[0])]
    for _more in range(2):
        approve(write(mug, mia), max_)
    assert [statements(shopper) for shopper in ("", SHOPPERS[0])] == before


@pytest.mark.django_db(transaction=True)
def test_a_log_that_cannot_be_written_costs_the_shopper_nothing(
    running: Experiment, storefront: APIClient
) -> None:
    with database_busy():
        got = get(storefront, customer="never met")
    assert got["text"]
    assert got["decision_id"] is None
    assert not Customer.objects.filter(ref="never met").exists()
    assert get(storefront, customer="never met")["decision_id"]
