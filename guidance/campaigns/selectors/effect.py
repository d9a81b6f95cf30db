"""What a plan moved: those who were to get a message against those held out, all of both.

Intention to treat: whoever was to get a message counts as if they had, sent or cancelled, bought
or not, so that the two groups differ by chance alone. Money is summed in cents; net revenue is
purchases less returns from the approval until the end of the window, the same days for both; what
names no currency is in the shop's. Of a visitor who became a customer the customer's events count,
once; the tier is the one of the plan.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.models import Coupon, Delivery, PlanEntry, PushPlan, Verdict
from guidance.core.selectors import default_market
from guidance.customers.models import Customer
from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import Comparison, NotMeasured, difference

# What is bought later than this after the campaign's end is no longer put down to it.
AFTER = timedelta(days=7)
CENTS = 100
_ENTRIES, _EVENTS = PlanEntry._meta.db_table, Event._meta.db_table
_CUSTOMERS = Customer._meta.db_table
_UNITS = f"""
SELECT verdict, tier, COUNT(*), SUM(bought), SUM(net), SUM(net * net), SUM(left_us), SUM(complained)
FROM (
    SELECT entry.verdict, entry.tier, entry.customer_id,
        MAX(CASE WHEN event.kind = 'purchase' THEN 1 ELSE 0 END) AS bought,
        MAX(CASE WHEN event.kind = 'unsubscribe' THEN 1 ELSE 0 END) AS left_us,
        MAX(CASE WHEN event.kind = 'complaint' THEN 1 ELSE 0 END) AS complained,
        COALESCE(SUM(CASE WHEN event.currency NOT IN (%s, %s) THEN 0
            WHEN event.kind = 'purchase'
                THEN event.quantity * CAST(ROUND(event.price * 100) AS BIGINT)
            WHEN event.kind = 'return'
                THEN -event.quantity * CAST(ROUND(event.price * 100) AS BIGINT)
            END), 0) AS net
    FROM {_ENTRIES} entry
    JOIN {_CUSTOMERS} customer ON customer.id = entry.customer_id
    LEFT JOIN {_EVENTS} event
        ON event.customer_id = COALESCE(customer.merged_into_id, customer.id)
        AND event.occurred_at >= %s AND event.occurred_at < %s AND event.source = 'live'
        AND event.kind IN ('purchase', 'return', 'unsubscribe', 'complaint')
    WHERE entry.plan_id = %s AND entry.verdict IN (0, 1) AND NOT EXISTS (
        SELECT 1 FROM {_ENTRIES} twin
        WHERE twin.plan_id = entry.plan_id AND twin.customer_id = customer.merged_into_id
            AND twin.verdict IN (0, 1))
    GROUP BY entry.verdict, entry.tier, entry.customer_id
) unit
GROUP BY verdict, tier"""  # noqa: S608  names, no values


# Of those of whom a model foretold how much a message moves them, a tenth at a time.
_DECILES = f"""
SELECT decile, verdict, COUNT(*), SUM(bought), AVG(uplift)
FROM (
    SELECT entry.verdict, entry.uplift,
        NTILE(10) OVER (ORDER BY entry.uplift DESC, entry.customer_id) AS decile,
        CASE WHEN EXISTS (
            SELECT 1 FROM {_EVENTS} event
            WHERE event.customer_id = COALESCE(customer.merged_into_id, customer.id)
                AND event.kind = 'purchase' AND event.source = 'live'
                AND event.occurred_at >= %s AND event.occurred_at < %s
        ) THEN 1 ELSE 0 END AS bought
    FROM {_ENTRIES} entry
    JOIN {_CUSTOMERS} customer ON customer.id = entry.customer_id
    WHERE entry.plan_id = %s AND entry.verdict IN (0, 1) AND entry.uplift IS NOT NULL
) unit
GROUP BY decile, verdict"""  # noqa: S608  names, no values


@dataclass
class Group:
    """Sums over the shoppers of one group; money in cents."""

    shoppers: int = 0
    bought: int = 0
    net: int = 0
    net_squares: int = 0
    left_us: int = 0
    complained: int = 0

    def add(self, *sums: Any) -> None:
        self.shoppers += int(sums[0])
        self.bought += int(sums[1])
        self.net += int(sums[2])
        self.net_squares += int(sums[3])
        self.left_us += int(sums[4])
        self.complained += int(sums[5])

    def share(self, count: int) -> MeanSample:
        """Return the sample of something that each shopper did or did not do."""
        return MeanSample(self.shoppers, count, count)

    @property
    def money(self) -> MeanSample:
        """Return the sample of net revenue, in the currency's unit."""
        squares = self.net_squares / CENTS**2
        return MeanSample(self.shoppers, self.net / CENTS, squares)


@dataclass
class Arms:
    """Those who were to get a message, and those held out."""

    treated: Group = field(default_factory=Group)
    held: Group = field(default_factory=Group)

    def moved(self, name: str) -> Comparison | NotMeasured:
        """Return the difference of a share: `bought`, `left_us` or `complained`."""
        return difference(
            self.held.share(getattr(self.held, name)),
            self.treated.share(getattr(self.treated, name)),
        )

    @property
    def earned(self) -> Comparison | NotMeasured:
        """Return the difference of net revenue a shopper."""
        return difference(self.held.money, self.treated.money)


@dataclass(frozen=True)
class Effect:
    """What a plan moved so far; `messages` are those sent, of which some were opened and clicked.

    `profit` is what the plan earned beyond what would have happened anyway, less coupons and
    messages, as (value, low, high); None where the data cannot tell.
    """

    since: datetime
    until: datetime
    currency: str
    whole: Arms
    by_tier: dict[str, Arms]
    messages: int
    opened: int
    clicked: int
    coupon_cost: Decimal
    contact_cost: Decimal
    profit: tuple[float, float, float] | None


@dataclass
class Decile:
    """A tenth of a plan's shoppers by what was foretold of them, those most moved first.

    `predicted` is the mean of by how much a message was to raise the chance of a purchase.
    """

    number: int
    predicted: float
    arms: Arms


def deciles_of(plan: PushPlan, effect: Effect) -> list[Decile]:
    """Return what was foretold and what came, tenth by tenth; empty where no model foretold."""
    found: dict[int, Decile] = {}
    sums: defaultdict[int, float] = defaultdict(float)
    for number, verdict, shoppers, bought, uplift in _read(plan, _DECILES, effect):
        decile = found.setdefault(number, Decile(number, 0.0, Arms()))
        group = decile.arms.treated if verdict == Verdict.SEND else decile.arms.held
        group.shoppers, group.bought = int(shoppers), int(bought)
        sums[number] += float(uplift) * int(shoppers) / 1000
    for number, decile in found.items():
        decile.predicted = sums[number] / (decile.arms.treated.shoppers + decile.arms.held.shoppers)
    return [found[number] for number in sorted(found)]


def sent_by_day(plan: PushPlan) -> dict[date, int]:
    """Return how many of a plan's messages left on each day, by the campaign's clock."""
    sent = Delivery.objects.filter(plan=plan, state=Delivery.State.SENT)
    days = sent.annotate(day=TruncDate("sent_at", tzinfo=plan.campaign.zone)).order_by("day")
    return dict(days.values_list("day").annotate(count=Count("pk")))


def effect_of(plan: PushPlan, *, now: datetime | None = None) -> Effect | None:
    """Return the effect of an approved plan; None for one that nobody approved. Five statements."""
    if plan.state != PushPlan.State.APPROVED or plan.decided_at is None:
        return None
    until = min(now or timezone.now(), plan.campaign.ends_at + AFTER)
    currency = plan.campaign.currency or default_market().currency
    whole, by_tier = Arms(), defaultdict[str, Arms](Arms)
    for verdict, tier, *sums in _units(plan, plan.decided_at, until, currency):
        for arms in (whole, by_tier[tier]):
            (arms.treated if verdict == Verdict.SEND else arms.held).add(*sums)
    sent, opened, clicked = _responses(plan)
    coupon_cost = _coupon_cost(plan)
    contact_cost = sent * plan.campaign.contact_cost
    return Effect(
        since=plan.decided_at,
        until=until,
        currency=currency,
        whole=whole,
        by_tier=dict(sorted(by_tier.items())),
        messages=sent,
        opened=opened,
        clicked=clicked,
        coupon_cost=coupon_cost,
        contact_cost=contact_cost,
        profit=_profit(whole, float(coupon_cost + contact_cost)),
    )


def offers_by(plan: PushPlan, column: str) -> list[tuple[str, int, int]]:
    """Return, for each value of a customer's column, how many got an offer, and of how many.

    `column` is `tier` or `country`: who gets offers and who does not.
    """
    rows = PlanEntry.objects.filter(plan=plan).order_by().values_list(f"customer__{column}")
    counted = rows.annotate(
        offered=Count("pk", filter=Q(verdict=Verdict.SEND, offer__isnull=False)),
        whole=Count("pk"),
    )
    return sorted(counted, key=lambda row: -row[2])


def _units(plan: PushPlan, since: datetime, until: datetime, currency: str) -> list[Any]:
    unnamed = "" if currency == default_market().currency else currency
    with connection.cursor() as cursor:
        cursor.execute(_UNITS, [currency, unnamed, *_bounds(plan, since, until)])
        return cursor.fetchall()


def _read(plan: PushPlan, statement: str, effect: Effect) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _bounds(plan, effect.since, effect.until))
        return cursor.fetchall()


def _bounds(plan: PushPlan, since: datetime, until: datetime) -> list[Any]:
    """Return two moments and a plan's key as the database's own parameters."""
    if connection.vendor == "postgresql":
        return [since, until, plan.pk]
    adapt = connection.ops.adapt_datetimefield_value
    return [adapt(since), adapt(until), plan.pk.hex]


def _responses(plan: PushPlan) -> tuple[int, int, int]:
    """Return how many messages were sent, opened and clicked."""
    own = Event.objects.filter(decision=OuterRef("pk"), customer=OuterRef("customer"))
    sent = Delivery.objects.filter(plan=plan, state=Delivery.State.SENT)
    told = sent.annotate(
        is_opened=Exists(own.filter(kind=Event.Kind.IMPRESSION)),
        is_clicked=Exists(own.filter(kind=Event.Kind.CLICK)),
    ).aggregate(
        sent=Count("pk"),
        opened=Count("pk", filter=Q(is_opened=True) | Q(is_clicked=True)),
        clicked=Count("pk", filter=Q(is_clicked=True)),
    )
    return told["sent"], told["opened"], told["clicked"]


def _coupon_cost(plan: PushPlan) -> Decimal:
    """Return what the coupons of a plan's messages cost that were redeemed."""
    used = Coupon.objects.filter(
        redeemed_at__isnull=False,
        pk__in=Delivery.objects.filter(plan=plan, coupon__isnull=False).values("coupon"),
    )
    rows = used.order_by().values_list("offer__cost").annotate(count=Count("pk"))
    return sum((cost * count for cost, count in rows), Decimal(0))


def _profit(whole: Arms, spent: float) -> tuple[float, float, float] | None:
    earned = whole.earned
    if isinstance(earned, NotMeasured):
        return None
    count = whole.treated.shoppers
    return (
        earned.value * count - spent,
        earned.low * count - spent,
        earned.high * count - spent,
    )
