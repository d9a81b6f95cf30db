"""Coupons: never more than an offer allows, however many ask at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent
from guidance.behaviour.services.ingest import record_events
from guidance.behaviour.services.rollups import advance_rollups
from guidance.campaigns.models import Coupon, Offer
from guidance.campaigns.services.coupons import (
    claim_coupons,
    fill_pool,
    generate_pool,
    read_codes,
    release_coupons,
)
from guidance.core.ids import new_id
from guidance.core.models import AuditEntry
from guidance.customers.services import merge_customer
from tests import factories

pytestmark = pytest.mark.django_db
AT_ONCE = 50


def _together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run in threads with connections of their own, all starting at the same moment."""
    start = Barrier(count)

    def run(number: int) -> Any:
        try:
            start.wait(timeout=30)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def _pooled(codes: int, **given: Any) -> Offer:
    offer = factories.offer(is_pooled=True, **given)
    Coupon.objects.bulk_create(Coupon(offer=offer, code=f"C{n}") for n in range(codes))
    return offer


def _claim(offer: Offer, customer: int, occasion: str) -> Coupon | None:
    return claim_coupons(offer=offer, occasions={customer: occasion}).get(customer)


def _orders_tea(customer: str, coupon: str, basket: str = "") -> None:
    sku = factories.product().sku
    event = IncomingEvent(
        *(new_id(), "purchase", customer, timezone.now()), sku=sku, coupon=coupon, basket=basket
    )
    record_events(events={0: event}, source=Source.LIVE)
    advance_rollups()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_pooled", [True, False])
def test_fifty_who_ask_at_once_never_get_more_than_the_total(is_pooled: bool) -> None:
    offer = _pooled(40) if is_pooled else factories.offer(most_in_total=40)
    people = [factories.customer().pk for _n in range(AT_ONCE)]
    got = _together(AT_ONCE, lambda n: _claim(offer, people[n], "push"))
    given = [coupon for coupon in got if coupon is not None]
    assert len(given) == 40
    assert len({coupon.pk for coupon in given}) == 40
    assert len({coupon.code for coupon in given}) == (40 if is_pooled else 1)
    offer.refresh_from_db()
    assert offer.given == Coupon.objects.filter(customer__isnull=False).count() == 40


@pytest.mark.django_db(transaction=True)
def test_one_shopper_who_asks_fifty_times_at_once_gets_what_a_shopper_may() -> None:
    offer, shopper = _pooled(100, most_per_customer=3), factories.customer().pk
    got = _together(AT_ONCE, lambda n: _claim(offer, shopper, f"push {n}"))
    assert sum(coupon is not None for coupon in got) == 3
    assert Coupon.objects.filter(customer=shopper).count() == 3


@pytest.mark.django_db(transaction=True)
def test_fifty_who_ask_for_the_same_occasion_hold_one_coupon() -> None:
    offer, shopper = _pooled(100, most_per_customer=9), factories.customer().pk
    got = _together(AT_ONCE, lambda _n: _claim(offer, shopper, "push"))
    assert {coupon.pk for coupon in got if coupon} == {Coupon.objects.get(customer=shopper).pk}


def test_a_batch_is_given_in_as_many_statements_as_one(
    django_assert_max_num_queries: Any,
) -> None:
    offer = _pooled(500)
    people = {factories.customer().pk: "push" for _n in range(500)}
    with django_assert_max_num_queries(9):
        given = claim_coupons(offer=offer, occasions=people)
    assert set(given) == set(people)
    assert len({coupon.code for coupon in given.values()}) == 500
    again = claim_coupons(offer=offer, occasions=people)
    assert {k: v.code for k, v in again.items()} == {k: v.code for k, v in given.items()}


def test_an_offer_gives_nothing_outside_its_own_time() -> None:
    now, shopper = timezone.now(), factories.customer().pk
    day = timedelta(days=1)
    offer = factories.offer(starts_at=now - day, ends_at=now)
    assert not claim_coupons(offer=offer, occasions={shopper: "push"}, now=now)
    assert not claim_coupons(offer=offer, occasions={shopper: "push"}, now=now - 2 * day)
    assert claim_coupons(offer=offer, occasions={shopper: "push"}, now=now - day)


@pytest.mark.parametrize("is_pooled", [True, False])
def test_a_coupon_taken_back_can_be_given_to_somebody_else(is_pooled: bool) -> None:
    offer = _pooled(1) if is_pooled else factories.offer(most_in_total=1)
    one, two = factories.customer().pk, factories.customer().pk
    coupon = _claim(offer, one, "push")
    assert coupon is not None
    assert _claim(offer, two, "push") is None
    assert release_coupons(coupon_ids=[coupon.pk]) == 1
    assert release_coupons(coupon_ids=[coupon.pk]) == 0
    assert _claim(offer, two, "push") is not None
    offer.refresh_from_db()
    assert offer.given == 1


def test_a_redeemed_coupon_is_never_taken_back() -> None:
    offer, shopper = factories.offer(), factories.customer()
    coupon = _claim(offer, shopper.pk, "push")
    assert coupon is not None
    _orders_tea(shopper.ref, offer.code)
    assert release_coupons(coupon_ids=[coupon.pk]) == 0
    assert Coupon.objects.get().redeemed_at is not None


def test_a_purchase_redeems_one_coupon_an_order_however_often_it_is_told() -> None:
    offer, shopper = factories.offer(most_per_customer=3), factories.customer()
    for occasion in ("one", "two"):
        _claim(offer, shopper.pk, occasion)
    _orders_tea(shopper.ref, offer.code.lower(), basket="order 1")
    _orders_tea(shopper.ref, offer.code, basket="order 1")
    assert [c.order for c in Coupon.objects.exclude(redeemed_at=None)] == ["order 1"]
    _orders_tea(shopper.ref, offer.code, basket="order 2")
    _orders_tea(shopper.ref, offer.code, basket="order 3")
    assert set(Coupon.objects.values_list("order", flat=True)) == {"order 1", "order 2"}


def test_a_purchase_redeems_nothing_that_others_hold() -> None:
    offer, holder, buyer = _pooled(2), factories.customer(), factories.customer()
    coupon = _claim(offer, holder.pk, "push")
    assert coupon is not None
    _orders_tea(buyer.ref, coupon.code)
    _orders_tea(holder.ref, "OTHER")
    assert not Coupon.objects.exclude(redeemed_at=None).exists()


def test_a_visitors_coupons_follow_them_into_their_account() -> None:
    offer = factories.offer(most_per_customer=2)
    visitor, customer = factories.customer(is_anonymous=True), factories.customer()
    for one in (visitor, customer):
        _claim(offer, one.pk, f"push to {one.pk}")
    merge_customer(anonymous_ref=visitor.ref, customer_ref=customer.ref)
    assert Coupon.objects.filter(customer=customer).count() == 2


def test_a_pool_takes_new_codes_and_names_the_faulty_lines() -> None:
    offer, actor = _pooled(1), factories.user()
    told = 'Code,Remark\n"A1",x\n\nA1\nC0\nB 2\n' + "x" * 61 + "\nB3"
    added, rejects = fill_pool(offer=offer, codes=read_codes(told), actor=actor)
    assert added == 2
    assert [(one.line, one.code[:3]) for one in rejects] == [
        (4, "A1"),
        (5, "C0"),
        (6, "B 2"),
        (7, "xxx"),
    ]
    assert set(Coupon.objects.values_list("code", flat=True)) == {"C0", "A1", "B3"}
    assert AuditEntry.objects.get(verb="fill_coupon_pool").details == {"added": 2, "rejected": 4}


def test_made_codes_are_all_different_and_no_pool_is_made_for_a_shared_code() -> None:
    offer, actor = _pooled(0), factories.user()
    assert generate_pool(offer=offer, count=200, actor=actor) == 200
    codes = set(Coupon.objects.values_list("code", flat=True))
    assert len(codes) == 200
    assert {len(code) for code in codes} == {12}
    with pytest.raises(ValidationError):
        generate_pool(offer=offer, count=0, actor=actor)
    with pytest.raises(ValidationError):
        generate_pool(offer=factories.offer(), count=1, actor=actor)
