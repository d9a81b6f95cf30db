"""What a plan or a trigger moved: those who were to get a message against those held out, all of
both.

Intention to treat: whoever was to get a message counts as if they had, sent or cancelled, bought
or not, so that the two groups differ by chance alone. Money is summed in cents; net revenue is
purchases less returns from the approval until the end of the window, the same days for both; what
names no currency is in the shop's. Of a visitor who became a customer the customer's events count,
once; the tier is the one of the plan.

A trigger speaks to each shopper at their own time: from the first time it fired for them on, for
the days of its later steps and a week more, the same for those held out then. What it cost is what
it sent them in those days.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.models import Coupon, Delivery, PlanEntry, PushPlan, Verdict
from guidance.campaigns.selectors.effect_units import Arms, Span
from guidance.core.selectors import default_market
from guidance.experiments.statistics import NotMeasured

# What is bought later than this after the campaign's end is no longer put down to it.
AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Effect:
    """What a plan moved so far; `messages` are those sent, of which some were opened and clicked.

    `window` is how long each shopper is followed where a trigger speaks, None for a plan; of so
    many of them, `followed`, that time is not over. By segment: the learned one, language, and
    whether they had bought before. `profit` is what the plan earned beyond what would have happened
    anyway, less coupons and messages, as (value, low, high); None where the data cannot tell.
    """

    since: datetime
    until: datetime
    currency: str
    whole: Arms
    by_tier: dict[str, Arms]
    by_segment: dict[str, Arms]
    by_language: dict[str, Arms]
    by_history: dict[bool, Arms]
    window: timedelta | None
    followed: int
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
    span = Span(plan, effect.since, effect.until, effect.window)
    for number, verdict, shoppers, bought, uplift in span.deciles():
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
    """Return the effect of an approved plan; None for one that nobody approved. Five statements,
    seven for a trigger's."""
    if plan.state != PushPlan.State.APPROVED or plan.decided_at is None:
        return None
    at = now or timezone.now()
    until, window = min(at, plan.campaign.ends_at + AFTER), window_of(plan)
    shop = default_market().currency
    currency = plan.campaign.currency or shop
    whole = Arms()
    by_tier, by_language = defaultdict[str, Arms](Arms), defaultdict[str, Arms](Arms)
    by_history, by_segment = defaultdict[bool, Arms](Arms), defaultdict[str, Arms](Arms)
    unnamed = "" if currency == shop else currency
    span = Span(plan, plan.decided_at, until, window)
    for verdict, tier, segment, language, has_bought, *sums in span.units(
        currency=currency, unnamed=unnamed
    ):
        parts = (whole, by_tier[tier], by_language[language], by_history[bool(has_bought)])
        for arms in (*parts, by_segment[segment]):
            (arms.treated if verdict == Verdict.SEND else arms.held).add(*sums)
    messages = _messages(plan, window)
    sent, opened, clicked = responses_to(messages)
    coupon_cost = coupon_cost_of(messages)
    contact_cost = sent * plan.campaign.contact_cost
    return Effect(
        since=plan.decided_at,
        until=until,
        currency=currency,
        whole=whole,
        by_tier=dict(sorted(by_tier.items())),
        by_segment=dict(sorted(by_segment.items())),
        by_language=dict(sorted(by_language.items())),
        by_history=dict(sorted(by_history.items())),
        window=window,
        followed=_followed(plan, window, until),
        messages=sent,
        opened=opened,
        clicked=clicked,
        coupon_cost=coupon_cost,
        contact_cost=contact_cost,
        profit=_profit(whole, float(coupon_cost + contact_cost)),
    )


def window_of(plan: PushPlan) -> timedelta | None:
    """Return how long a trigger's shoppers are followed: until its last step could have left, and
    a week more; None for a plan."""
    if not plan.frozen.get("campaign", {}).get("trigger", plan.campaign.trigger):
        return None
    waits = [step["wait_minutes"] for step in plan.frozen.get("steps", ()) if step["number"] > 1]
    return timedelta(minutes=sum(waits)) + AFTER


def _followed(plan: PushPlan, window: timedelta | None, until: datetime) -> int:
    """Return of how many shoppers the time in which anything counts is not over."""
    if window is None:
        return 0
    entries = PlanEntry.objects.filter(plan=plan, verdict__in=[Verdict.SEND, Verdict.HOLDOUT])
    return entries.filter(fired_at__gt=until - window).count()


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


def _messages(plan: PushPlan, window: timedelta | None) -> QuerySet[Delivery]:
    """Return the messages that an effect is put down to: a plan's, or what a trigger's campaign
    sent to those it fired for while they are followed."""
    if window is None:
        return Delivery.objects.filter(plan=plan)
    fired = PlanEntry.objects.filter(
        Q(customer=OuterRef("customer")) | Q(customer__merged_into=OuterRef("customer")),
        plan=plan,
        verdict=Verdict.SEND,
        fired_at__lte=OuterRef("created_at"),
        fired_at__gt=OuterRef("created_at") - window,
    )
    return Delivery.objects.filter(Exists(fired), campaign=plan.campaign_id)


def responses_to(messages: QuerySet[Delivery]) -> tuple[int, int, int]:
    """Return how many messages were sent, opened and clicked."""
    own = Event.objects.filter(decision=OuterRef("pk"), customer=OuterRef("customer"))
    sent = messages.filter(state=Delivery.State.SENT)
    told = sent.annotate(
        is_opened=Exists(own.filter(kind=Event.Kind.IMPRESSION)),
        is_clicked=Exists(own.filter(kind=Event.Kind.CLICK)),
    ).aggregate(
        sent=Count("pk"),
        opened=Count("pk", filter=Q(is_opened=True) | Q(is_clicked=True)),
        clicked=Count("pk", filter=Q(is_clicked=True)),
    )
    return told["sent"], told["opened"], told["clicked"]


def coupon_cost_of(messages: QuerySet[Delivery]) -> Decimal:
    """Return what the coupons of these messages cost that were redeemed."""
    used = Coupon.objects.filter(
        redeemed_at__isnull=False,
        pk__in=messages.filter(coupon__isnull=False).values("coupon"),
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
