"""Coupons that purchases used: told by the events, each order once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from guidance.behaviour.models import Event
from guidance.campaigns.models import Coupon
from guidance.core.among import Among
from guidance.core.bulk import update_rows

# By a customer and a code as nobody can mistype its letters' case.
Held = tuple[int, str]


@transaction.atomic
def redeem_coupons(customer_ids: Sequence[int]) -> int:
    """Mark the coupons that these customers' purchases used, and return how many.

    An order uses the oldest coupon of its code that the customer held by then; asked again, or
    told late, nothing is marked twice. Three statements, one where nobody holds a coupon.
    """
    held: defaultdict[Held, list[Coupon]] = defaultdict(list)
    used: set[tuple[Held, str]] = set()
    coupons = Coupon.objects.filter(Among("customer_id", customer_ids))
    for coupon in coupons.select_for_update().order_by("given_at", "pk"):
        if coupon.redeemed_at is None:
            held[_key(coupon.customer_id, coupon.code)].append(coupon)
        else:
            used.add((_key(coupon.customer_id, coupon.code), coupon.order))
    if not held:
        return 0
    redeemed = []
    for key, orders in _orders({customer for customer, _code in held}).items():
        unused = held.get(key, [])
        for order, at in orders.items():
            fitting = (one for one in unused if one.given_at and one.given_at <= at)
            coupon_used = None if (key, order) in used else next(fitting, None)
            if coupon_used is not None:
                unused.remove(coupon_used)
                coupon_used.redeemed_at, coupon_used.order = at, order
                redeemed.append(coupon_used)
    update_rows(redeemed, fields=["redeemed_at", "order"])
    return len(redeemed)


def _orders(customers: set[int]) -> dict[Held, dict[str, datetime]]:
    """Return, by customer and code, the orders that named it, oldest first, with their times.

    An order is a basket, or a purchase that names none.
    """
    rows = (
        Event.objects.real()
        .filter(Among("customer_id", customers), kind=Event.Kind.PURCHASE)
        .exclude(coupon="")
        .order_by("occurred_at", "id")
        .values_list("customer_id", "coupon", "basket", "id", "occurred_at")
    )
    orders: defaultdict[Held, dict[str, datetime]] = defaultdict(dict)
    for customer, code, basket, event, at in rows:
        orders[_key(customer, code)].setdefault(_order(basket, event), at)
    return orders


def _order(basket: str, event: UUID) -> str:
    return basket or str(event)


def _key(customer: int | None, code: str) -> Held:
    return customer or 0, code.strip().casefold()
