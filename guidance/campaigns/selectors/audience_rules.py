"""An audience's rules as a condition on shoppers, the same on both databases.

Whatever a shopper did is asked by a correlated EXISTS: PostgreSQL turns it into one join by hash
where many shoppers are asked about, and looks into an index for the few of a sample or a recheck.
It cannot do that with what must be counted or summed, so that is written in the one way or the
other: of 1,000,000 shoppers with 5,000,000 events a sum took 4 s at once and 18 s one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    TextField,
    When,
)
from django.db.models.functions import Cast, TruncDate

from guidance.behaviour.days import shop_zone
from guidance.behaviour.models import Event
from guidance.campaigns.audiences.fields import PLAIN, Operator
from guidance.campaigns.audiences.language import All, Condition, Node, Not
from guidance.campaigns.models import AudienceMember, CustomerScore, CustomerSegment
from guidance.campaigns.selectors.audience_names import Named
from guidance.campaigns.selectors.rfm import in_segments
from guidance.catalog.models import Category
from guidance.core.among import Among
from guidance.core.selectors import default_market
from guidance.customers.models import Customer

# What mail brings back says nothing of a visit.
NOT_SEEN = (Event.Kind.UNSUBSCRIBE, Event.Kind.COMPLAINT)
# As the rollups count them: cents as whole numbers, so that both databases agree.
CENTS = "CAST(ROUND(%(expressions)s * 100) AS BIGINT)"
NEGATIVE = {Operator.NOT_IN, Operator.DID_NOT, Operator.LESS_THAN}


def condition_of(
    node: Node,
    *,
    named: Mapping[str, Named],
    at: datetime,
    of_all: bool = False,
    among: Sequence[int] | None = None,
) -> Q:
    """Return the condition under which a shopper is meant by a tree that `read_rules` found right.

    `of_all` says that everybody in the shop is asked about, which is quicker at once; `among`, that
    only these are.
    Segments by RFM are worked out here, from the days up to `at`; the rest is left to the statement
    that the condition becomes part of.
    """
    asked = _Conditions(named, at, of_all, among)
    if isinstance(node, Condition):
        return asked.of(node)
    if isinstance(node, Not):
        return ~asked.of_tree(node.part)
    parts = [asked.of_tree(part) for part in node.parts]
    if isinstance(node, All):
        return Q(*parts)
    return Q(*parts, _connector=Q.OR)


class _Conditions:
    """Each field's condition at one moment."""

    def __init__(
        self, named: Mapping[str, Named], at: datetime, of_all: bool, among: Sequence[int] | None
    ) -> None:
        self.named, self.at, self.of_all, self.among = named, at, of_all, among

    def of_tree(self, node: Node) -> Q:
        return condition_of(
            node, named=self.named, at=self.at, of_all=self.of_all, among=self.among
        )

    def of(self, one: Condition) -> Q:
        make: Callable[[Condition], Q] = getattr(self, f"_{one.field.name}", self._profile)
        found = make(one)
        return ~found if one.operator in NEGATIVE else found

    def _profile(self, one: Condition) -> Q:
        return Q(**{f"{one.field.name}__in": one.value[PLAIN]})

    def _anonymous(self, one: Condition) -> Q:
        return Q(is_anonymous=one.value[PLAIN])

    def _joined(self, one: Condition) -> Q:
        moment = self.at - timedelta(days=one.value[PLAIN])
        if one.operator is Operator.AT_LEAST:
            return Q(joined_at__lte=moment)
        return Q(joined_at__gte=moment, joined_at__lte=self.at)

    def _rfm(self, one: Condition) -> Q:
        today = self.at.astimezone(shop_zone()).date()
        ids = in_segments(one.value["segments"], days=one.value["days"], today=today)
        if self.among is not None:
            ids = np.intersect1d(ids, np.asarray(self.among, dtype=np.int64))
        return Q(Among("pk", ids.tolist()))

    def _event(self, one: Condition) -> Q:
        times = one.value["times"]
        events = self._events(one.value["days"]) if times == 1 else self._to_count(one)
        events = events.filter(kind=one.value["kind"])
        if sku := one.value.get("product"):
            events = events.filter(product__sku=sku)
        if path := one.value.get("category"):
            inside = Q(path=path) | Q(path__startswith=f"{path} > ")
            events = events.filter(product__category__in=Category.objects.filter(inside))
        if times == 1:
            return Q(Exists(events))
        return self._enough(events, _times(one.value["kind"]), times)

    def _cart_left(self, one: Condition) -> Q:
        bought = Event.objects.real().filter(
            customer=OuterRef("customer"),
            kind=Event.Kind.PURCHASE,
            occurred_at__gte=OuterRef("occurred_at"),
            occurred_at__lte=self.at,
        )
        carts = self._events(one.value["days"]).filter(~Exists(bought), kind=Event.Kind.CART)
        return Q(Exists(carts))

    def _last_seen(self, one: Condition) -> Q:
        seen = Q(Exists(self._events(one.value[PLAIN]).exclude(kind__in=NOT_SEEN)))
        return seen if one.operator is Operator.AT_MOST else ~seen

    def _spent(self, one: Condition) -> Q:
        currency = one.value["currency"]
        known = [currency, ""] if currency == default_market().currency else [currency]
        cents = F("quantity") * Func(F("price"), template=CENTS, output_field=BigIntegerField())
        signed = Case(
            When(kind=Event.Kind.PURCHASE, then=cents),
            When(kind=Event.Kind.RETURN, then=-cents),
            output_field=BigIntegerField(),
        )
        money = (Event.Kind.PURCHASE, Event.Kind.RETURN)
        bought = self._to_count(one).filter(kind__in=money, currency__in=known)
        return self._enough(bought, Sum(signed), int(one.value["amount"] * 100))

    def _score(self, one: Condition) -> Q:
        side = "gte" if one.operator is Operator.AT_LEAST else "lte"
        scores = CustomerScore.objects.filter(
            customer=OuterRef("pk"), kind=one.field.name, **{f"value__{side}": one.value[PLAIN]}
        )
        return Q(Exists(scores))

    def _learned(self, one: Condition) -> Q:
        segments = CustomerSegment.objects.filter(
            customer=OuterRef("pk"), segment__in=one.value[PLAIN]
        )
        return Q(Exists(segments))

    _propensity = _score
    _uplift = _score

    def _audience(self, one: Condition) -> Q:
        return Q(*(self._other(key) for key in one.value[PLAIN]), _connector=Q.OR)

    def _other(self, key: str) -> Q:
        other = self.named[key]
        if other.node is None:
            return on_list(other.audience.pk)
        return self.of_tree(other.node)

    def _events(self, days: int) -> QuerySet[Event]:
        """Return the shopper's events of so many days, without replayed traffic."""
        return self._everybodys_events(days).filter(customer=OuterRef("pk"))

    def _everybodys_events(self, days: int) -> QuerySet[Event]:
        since = self.at - timedelta(days=days)
        events = Event.objects.real().filter(occurred_at__gt=since, occurred_at__lte=self.at)
        return events.order_by()

    def _to_count(self, one: Condition) -> QuerySet[Event]:
        days = one.value["days"]
        return self._everybodys_events(days) if self.of_all else self._events(days)

    def _enough(self, events: QuerySet[Event], measure: Any, least: int) -> Q:
        """Return who has at least so much of a measure over these events."""
        measured = events.values("customer").annotate(n=measure).filter(n__gte=least)
        if not self.of_all:
            return Q(Exists(measured))
        # Not a bare IN: of that the negation would be searched one by one.
        they = Customer.objects.filter(pk=OuterRef("pk"), pk__in=measured.values("customer"))
        return Q(Exists(they))


def on_list(audience_id: int) -> Q:
    """Return the condition of being on an audience's list."""
    return Q(Exists(AudienceMember.objects.filter(audience=audience_id, customer=OuterRef("pk"))))


def _times(kind: str) -> Any:
    """Count events; of purchases and returns orders, and those that name none as one a day."""
    if kind not in (Event.Kind.PURCHASE, Event.Kind.RETURN):
        return Count("pk")
    day = Cast(TruncDate("occurred_at", tzinfo=shop_zone()), TextField())
    order = Case(When(basket="", then=day), default=F("basket"), output_field=TextField())
    return Count(order, distinct=True)
