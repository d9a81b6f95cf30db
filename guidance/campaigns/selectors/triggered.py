"""Whom a trigger speaks of: shoppers and the occasion, so that each occasion fires once."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from guidance.behaviour.models import Event, Source
from guidance.campaigns.models import Campaign, ProductMove, Trigger
from guidance.customers.models import Customer

Kind = Event.Kind
# An occasion that nobody acted on for so long, as while workers were stopped, is let go.
LOOK_BACK = timedelta(days=1)
# Who looked at a product within so long hears that its price fell or that it is back.
INTEREST = timedelta(days=30)
# Two gaps at least, before anybody says that a purchase is due again.
FEWEST_PURCHASES = 3


class Occasion(NamedTuple):
    """A shopper, what happened, and when; the product it happened to, and the price that fell."""

    customer_id: int
    key: str
    at: datetime
    product_id: int | None = None
    price: Decimal | None = None


def occasions(campaign: Campaign, *, wait: timedelta, now: datetime) -> Iterator[Occasion]:
    """Yield the occasions of a campaign's trigger whose wait is over, of the last day.

    A campaign with products, or a category, hears of those alone.
    """
    find = _FINDERS[Trigger(campaign.trigger)]
    yield from find(campaign, now - wait - LOOK_BACK, now - wait, now)


def _live(kind: str) -> QuerySet[Event]:
    return Event.objects.filter(kind=kind, source=Source.LIVE)


def _of_products(events: QuerySet[Event], campaign: Campaign) -> QuerySet[Event]:
    if campaign.products.exists():
        return events.filter(product__in=campaign.products.all())
    if campaign.category_id is None:
        return events
    return events.filter(product__category=campaign.category_id)


def _carts_left(
    campaign: Campaign, since: datetime, until: datetime, now: datetime
) -> Iterator[Occasion]:
    """Carts with nothing put in since and no purchase after."""
    later = Event.objects.filter(
        customer=OuterRef("customer"),
        kind__in=[Kind.CART, Kind.PURCHASE],
        source=Source.LIVE,
        occurred_at__gt=OuterRef("occurred_at"),
    )
    carts = _live(Kind.CART).filter(occurred_at__gt=since, occurred_at__lte=until)
    left = _of_products(carts, campaign).filter(~Exists(later)).order_by()
    for customer, product, at in left.order_by("customer", "-occurred_at", "-pk").values_list(
        "customer", "product", "occurred_at"
    ):
        yield Occasion(customer, f"cart:{at:%Y-%m-%d}", at, product)


def _new(campaign: Campaign, since: datetime, until: datetime, now: datetime) -> Iterator[Occasion]:
    fresh = Customer.objects.filter(
        joined_at__gt=since, joined_at__lte=until, is_anonymous=False, merged_into=None
    )
    for key, at in fresh.values_list("id", "joined_at"):
        assert at is not None
        yield Occasion(key, "welcome", at)


def _away(
    campaign: Campaign, since: datetime, until: datetime, now: datetime
) -> Iterator[Occasion]:
    """Shoppers whose last event is as old as the step's wait, to the day."""
    later = Event.objects.filter(
        customer=OuterRef("customer"), occurred_at__gt=OuterRef("occurred_at"), source=Source.LIVE
    )
    last = Event.objects.filter(
        source=Source.LIVE, occurred_at__gt=since, occurred_at__lte=until
    ).filter(~Exists(later))
    rows = last.order_by().values("customer").annotate(at=Max("occurred_at"))
    for row in rows:
        yield Occasion(row["customer"], f"away:{row['at']:%Y-%m-%d}", row["at"])


def _due_again(
    campaign: Campaign, since: datetime, until: datetime, now: datetime
) -> Iterator[Occasion]:
    """Products bought at least three times whose usual gap has passed since the last time."""
    bought = _of_products(_live(Kind.PURCHASE), campaign).exclude(product=None).order_by()
    rows = bought.values_list("customer", "product").annotate(
        count=Count("pk"), first=Min("occurred_at"), last=Max("occurred_at")
    )
    for customer, product, count, first, last in rows.filter(count__gte=FEWEST_PURCHASES):
        due = last + (last - first) / (count - 1)
        if last < due and since < due <= until:
            yield Occasion(customer, f"due:{product}:{last:%Y-%m-%d}", due, product)


def _moved(
    campaign: Campaign, since: datetime, until: datetime, now: datetime
) -> Iterator[Occasion]:
    """Shoppers who looked at a product, or put it into a cart, and have not bought it since."""
    moves = ProductMove.objects.filter(kind=campaign.trigger, at__gt=since, at__lte=until)
    wanted = {product for (product,) in moves.values_list("product")}
    at = dict(moves.order_by("at").values_list("product", "at"))
    looked = Event.objects.filter(
        kind__in=[Kind.VIEW, Kind.CART],
        source=Source.LIVE,
        product__in=wanted,
        occurred_at__gt=now - INTEREST,
    )
    bought = _live(Kind.PURCHASE).filter(
        customer=OuterRef("customer"),
        product=OuterRef("product"),
        occurred_at__gte=OuterRef("occurred_at"),
    )
    pairs = _of_products(looked, campaign).filter(~Exists(bought)).order_by("customer", "product")
    has_price = campaign.trigger == Trigger.PRICE_DROPPED
    for customer, product, price in pairs.values_list(
        "customer", "product", "product__price"
    ).distinct():
        if product is not None:
            key = f"{campaign.trigger[:5]}:{product}:{at[product]:%Y-%m-%d}"
            yield Occasion(customer, key, at[product], product, price if has_price else None)


Finder = Callable[[Campaign, datetime, datetime, datetime], Iterator[Occasion]]
_FINDERS: dict[Any, Finder] = {
    Trigger.CART_LEFT: _carts_left,
    Trigger.WELCOME: _new,
    Trigger.WIN_BACK: _away,
    Trigger.REPURCHASE_DUE: _due_again,
    Trigger.PRICE_DROPPED: _moved,
    Trigger.BACK_IN_STOCK: _moved,
}
