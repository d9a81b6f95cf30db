"""What a campaign moved over all its plans: each shopper once, as the first plan decided of them.

Whoever was decided about counts where they were first, whatever later plans did: a message that a
later plan sent is an effect of the first decision, and its cost too. Plans differ in their days, in
whom they spoke to and in how many they held out, so each is compared within itself, and the
differences are put together as heavy as those who were to get a message.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from scipy import stats

from guidance.campaigns.models import Campaign, Delivery, PlanEntry, PushPlan, Verdict
from guidance.campaigns.selectors.effect import (
    AFTER,
    coupon_cost_of,
    responses_to,
    window_of,
)
from guidance.campaigns.selectors.effect_units import Arms, Group, Span
from guidance.core.selectors import default_market
from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import CONFIDENCE, Comparison, NotMeasured, Unmeasured

DECIDED = (Verdict.SEND, Verdict.HOLDOUT)


@dataclass
class Stratified:
    """Both groups in several plans, compared within each; `parts` by the plans' numbers."""

    parts: dict[int, Arms] = field(default_factory=dict)

    @property
    def whole(self) -> Arms:
        """Return both groups together: their sizes and sums, not what they differ by."""
        whole = Arms()
        for arms in self.parts.values():
            whole.treated.include(arms.treated)
            whole.held.include(arms.held)
        return whole

    def moved(self, name: str) -> Comparison | NotMeasured:
        """Return the difference of a share: `bought`, `left_us` or `complained`."""
        return self._together(lambda group: group.share(getattr(group, name)))

    @property
    def earned(self) -> Comparison | NotMeasured:
        """Return the difference of net revenue a shopper."""
        return self._together(lambda group: group.money)

    @property
    def measured(self) -> list[int]:
        """Return the numbers of the plans in which both groups can be compared: not those whose
        outcome happens to vary in neither."""
        return [number for number, arms in self.parts.items() if _is_comparable(arms)]

    def _together(self, sample_of: Callable[[Group], MeanSample]) -> Comparison | NotMeasured:
        known = [arms for arms in self.parts.values() if _is_comparable(arms)]
        pairs = [(sample_of(arms.treated), sample_of(arms.held)) for arms in known]
        varies = [any(one.variance > 0 for one in group) for group in zip(*pairs, strict=True)]
        if not all(varies):
            return NotMeasured(Unmeasured.NO_SPREAD)
        whole = sum(treated.n for treated, _held in pairs)
        if not whole:
            return NotMeasured(Unmeasured.NO_UNITS)
        value, variance = 0.0, 0.0
        for treated, held in pairs:
            weight = treated.n / whole
            value += weight * (treated.mean - held.mean)
            variance += weight**2 * (treated.variance / treated.n + held.variance / held.n)
        error = math.sqrt(variance)
        half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
        chance = float(2 * stats.norm.sf(abs(value) / error))
        return Comparison(value, value - half, value + half, error, chance)


def _is_comparable(arms: Arms) -> bool:
    return min(arms.treated.shoppers, arms.held.shoppers) > 1


@dataclass(frozen=True)
class CampaignEffect:
    """What a campaign moved so far. `profit` counts the plans that can be compared alone, with what
    their shoppers cost; `unmeasured` are the numbers of the others."""

    since: datetime
    until: datetime
    currency: str
    whole: Stratified
    by_tier: dict[str, Stratified]
    by_language: dict[str, Stratified]
    by_history: dict[bool, Stratified]
    by_segment: dict[str, Stratified]
    messages: int
    opened: int
    clicked: int
    coupon_cost: Decimal
    contact_cost: Decimal
    profit: tuple[float, float, float] | None
    unmeasured: Sequence[int]


def campaign_effect(campaign: Campaign, *, now: datetime | None = None) -> CampaignEffect | None:
    """Return what a campaign moved, None before a plan of it was approved. A statement a plan and
    five more."""
    plans = approved_plans(campaign)
    if not plans:
        return None
    until = min(now or timezone.now(), campaign.ends_at + AFTER)
    shop = default_market().currency
    currency = campaign.currency or shop
    unnamed = "" if currency == shop else currency
    whole = Stratified()
    by_tier, by_language = (
        defaultdict[str, Stratified](Stratified),
        defaultdict[str, Stratified](Stratified),
    )
    by_history = defaultdict[bool, Stratified](Stratified)
    by_segment = defaultdict[str, Stratified](Stratified)
    for place, plan in enumerate(plans):
        assert plan.decided_at is not None
        before = [one.pk for one in plans[:place]]
        span = Span(plan, plan.decided_at, until, window_of(plan), before)
        rows = span.units(currency=currency, unnamed=unnamed)
        for verdict, tier, segment, language, has_bought, *sums in rows:
            kinds = (whole, by_tier[tier], by_language[language], by_history[bool(has_bought)])
            for kind in (*kinds, by_segment[segment]):
                arms = kind.parts.setdefault(plan.number, Arms())
                (arms.treated if verdict == Verdict.SEND else arms.held).add(*sums)
    everything = messages_of(plans)
    sent, opened, clicked = responses_to(everything)
    spent_on = [plan for plan in plans if plan.number in whole.measured]
    assert plans[0].decided_at is not None
    return CampaignEffect(
        since=plans[0].decided_at,
        until=until,
        currency=currency,
        whole=whole,
        by_tier=dict(sorted(by_tier.items())),
        by_language=dict(sorted(by_language.items())),
        by_history=dict(sorted(by_history.items())),
        by_segment=dict(sorted(by_segment.items())),
        messages=sent,
        opened=opened,
        clicked=clicked,
        coupon_cost=coupon_cost_of(everything),
        contact_cost=sent * campaign.contact_cost,
        profit=_profit(whole, campaign, messages_of(spent_on, before=plans)),
        unmeasured=[number for number in whole.parts if number not in whole.measured],
    )


def approved_plans(campaign: Campaign) -> list[PushPlan]:
    """Return a campaign's approved plans, in the order in which they were."""
    plans = PushPlan.objects.filter(campaign=campaign, state=PushPlan.State.APPROVED)
    return list(plans.exclude(decided_at=None).select_related("campaign").order_by("number"))


def messages_of(
    plans: Sequence[PushPlan], *, before: Sequence[PushPlan] = ()
) -> QuerySet[Delivery]:
    """Return what the plans' campaign sent to those about whom one of them decided first; of a
    trigger, while they are followed. `before` are all plans, of which the first counts."""
    if not plans:
        return Delivery.objects.none()
    decided = PlanEntry.objects.filter(plan__in=plans, verdict__in=DECIDED)
    own = Q(customer=OuterRef("customer")) | Q(customer__merged_into=OuterRef("customer"))
    decided = decided.filter(own)
    if before:
        earlier = PlanEntry.objects.filter(
            plan__in=before,
            plan__number__lt=OuterRef("plan__number"),
            verdict__in=DECIDED,
        )
        decided = decided.filter(~Exists(earlier.filter(_same_shopper())))
    followed = Q()
    for plan in plans:
        of_plan, window = Q(plan=plan), window_of(plan)
        if window is not None:
            of_plan &= Q(fired_at__lte=OuterRef("created_at"))
            of_plan &= Q(fired_at__gt=OuterRef("created_at") - window)
        followed |= of_plan
    decided = decided.filter(followed)
    return Delivery.objects.filter(Exists(decided), campaign=plans[0].campaign_id)


def _same_shopper() -> Q:
    """Return the condition that an entry is of the shopper of another, a merge between or not."""
    return (
        Q(customer=OuterRef("customer"))
        | Q(customer__merged_into=OuterRef("customer"))
        | Q(customer=OuterRef("customer__merged_into"))
        | Q(customer__merged_into=OuterRef("customer__merged_into"))
    )


def _profit(
    whole: Stratified, campaign: Campaign, messages: QuerySet[Delivery]
) -> tuple[float, float, float] | None:
    earned = whole.earned
    if isinstance(earned, NotMeasured):
        return None
    sent = messages.filter(state=Delivery.State.SENT).count()
    spent = float(coupon_cost_of(messages) + sent * campaign.contact_cost)
    count = sum(whole.parts[number].treated.shoppers for number in whole.measured)
    value, low, high = (count * one - spent for one in (earned.value, earned.low, earned.high))
    return value, low, high
