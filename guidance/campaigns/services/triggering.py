"""Triggers at work: a message for each occasion, once, within what was approved.

What is approved is the rule: trigger, steps, texts, offers and the day's maximum. Each occasion
leaves a row of the outbox, sent or cancelled for a reason, so that it never fires twice.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.days import day_bounds
from guidance.campaigns.models import (
    Campaign,
    CampaignMessage,
    CampaignStep,
    Delivery,
    ProductMove,
    ProductState,
    PushPlan,
    Verdict,
    Why,
)
from guidance.campaigns.planning.deciding import NOTHING, Decided, Terms, decide, settle
from guidance.campaigns.planning.shoppers import Ints, Shoppers
from guidance.campaigns.selectors.audiences import members
from guidance.campaigns.selectors.choices import choice_as_json, read_choice, with_choice
from guidance.campaigns.selectors.reach import read_shoppers
from guidance.campaigns.selectors.snapshot import snapshot
from guidance.campaigns.selectors.terms import FIRST_STEP, terms_of
from guidance.campaigns.selectors.triggered import LOOK_BACK, Occasion, occasions
from guidance.campaigns.services.choosing import check_choices, freeze_choices
from guidance.campaigns.services.firings import note_firings
from guidance.campaigns.services.planning import out_of_quiet, plan_hash
from guidance.catalog.models import Product
from guidance.core.among import Among
from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.selectors import shop_zones

State = PushPlan.State


@transaction.atomic
def propose_rules(*, campaign: Campaign, actor: User) -> PushPlan:
    """Propose a campaign's trigger, steps and texts for approval, as they stand.

    Raises ValidationError, by field, where they are not complete.
    """
    hold_lock(f"campaigns.plan.{campaign.pk}")
    campaign = Campaign.objects.get(pk=campaign.pk)
    _check_rules(campaign)
    plans = PushPlan.objects.filter(campaign=campaign)
    plans.filter(state=State.PROPOSED).update(state=State.SUPERSEDED)
    # Bandits follow the wordings; what they know is asked as each occasion comes.
    freeze_choices(campaign)
    plan = PushPlan(
        campaign=campaign,
        number=(plans.aggregate(last=Max("number"))["last"] or 0) + 1,
        state=State.PROPOSED,
        frozen=snapshot(campaign),
        built_at=timezone.now(),
        proposed_by=actor,
    )
    plan.sha256 = plan_hash(plan, "")
    plan.save()
    record_audit(actor=actor, verb="propose_push_rules", target=plan)
    return plan


def fire_triggers(*, now: datetime | None = None) -> int:
    """Queue a message for each new occasion of every approved trigger; return how many.

    Safe to run twice: an occasion that has a row of the outbox is passed over.
    """
    at = now or timezone.now()
    note_moves(now=at)
    return sum(_fire_or_say_why(plan, at) for plan in _approved(at))


def _fire_or_say_why(plan: PushPlan, now: datetime) -> int:
    """Fire one trigger; what is wrong with it stops no other, and is said on its page."""
    try:
        count, problem = _fire(plan, now), ""
    except ValidationError as error:
        count, problem = 0, " ".join(error.messages)
    if problem != plan.problem:
        PushPlan.objects.filter(pk=plan.pk).update(problem=problem)
    return count


@transaction.atomic
def note_moves(*, now: datetime) -> int:
    """Compare every product's price and stock with what was last seen, and note what moved."""
    hold_lock("campaigns.moves")
    seen = {state.product_id: state for state in ProductState.objects.all()}
    fresh, changed, moves = [], [], []
    rows = Product.objects.filter(is_hidden=False).values_list("id", "price", "stock")
    for product_id, price, stock in rows.iterator():
        is_in_stock = stock is None or stock > 0
        before = seen.get(product_id)
        state = ProductState(product_id=product_id, price=price, is_in_stock=is_in_stock)
        if before is None:
            fresh.append(state)
            continue
        if (before.price, before.is_in_stock) == (price, is_in_stock):
            continue
        changed.append(state)
        if before.price is not None and price is not None and price < before.price:
            moves.append(_move(product_id, ProductMove.Kind.PRICE_DROPPED, now))
        if is_in_stock and not before.is_in_stock:
            moves.append(_move(product_id, ProductMove.Kind.BACK_IN_STOCK, now))
    ProductState.objects.bulk_create(fresh, batch_size=5_000)
    ProductState.objects.bulk_update(changed, ["price", "is_in_stock"], batch_size=500)
    ProductMove.objects.bulk_create(moves)
    return len(moves)


def _move(product_id: int, kind: str, at: datetime) -> ProductMove:
    return ProductMove(product_id=product_id, kind=kind, at=at)


def _approved(now: datetime) -> list[PushPlan]:
    """Return the newest approved rules of each running trigger that are still what was approved."""
    plans = (
        PushPlan.objects.filter(
            state=State.APPROVED,
            stopped_at=None,
            campaign__is_active=True,
            campaign__stopped_at=None,
            campaign__starts_at__lte=now,
            campaign__ends_at__gt=now,
        )
        .exclude(campaign__trigger="")
        .select_related("campaign", "campaign__audience")
        .order_by("campaign", "-number")
    )
    newest: dict[int, PushPlan] = {}
    for plan in plans:
        newest.setdefault(plan.campaign_id, plan)
    return [plan for plan in newest.values() if snapshot(plan.campaign) == plan.frozen]


@transaction.atomic
def _fire(plan: PushPlan, now: datetime) -> int:
    campaign = plan.campaign
    hold_lock(f"campaigns.trigger.{campaign.pk}")
    count = 0
    for step in CampaignStep.objects.filter(campaign=campaign).order_by("number"):
        wait = timedelta(minutes=step.wait_minutes)
        found = (
            occasions(campaign, wait=wait, now=now)
            if step.number == FIRST_STEP
            else _follow_ups(campaign, step, wait, now)
        )
        count += _queue(plan, step, _fresh(campaign, step.number, found), now)
    return count


def _follow_ups(
    campaign: Campaign, step: CampaignStep, wait: timedelta, now: datetime
) -> Iterable[Occasion]:
    """Return who got the step before long enough ago, not longer, and has no row of this yet.

    For whom it was passed over, since it is for others, it counts from when it was due. Who got it
    before the step was there, or while workers were stopped for a day, hears no more.
    """
    same = Delivery.objects.filter(
        campaign=campaign,
        step=step.number,
        customer=OuterRef("customer"),
        occurrence=OuterRef("occurrence"),
    )
    is_over = Q(state=Delivery.State.SENT) | Q(
        state=Delivery.State.CANCELLED, reason=Verdict.SKIPPED
    )
    before = (
        Delivery.objects.filter(~Exists(same), is_over, campaign=campaign, step=step.number - 1)
        .annotate(over_at=Coalesce("sent_at", "due_at"))
        .filter(over_at__lte=now - wait, over_at__gt=now - wait - LOOK_BACK)
    )
    rows = before.order_by("over_at").values_list(
        "customer", "occurrence", "over_at", "product", "promised_price"
    )
    for row in rows.iterator():
        yield Occasion(*row)


def _fresh(campaign: Campaign, step: int, found: Iterable[Occasion]) -> dict[int, Occasion]:
    """Return the occasions without a row of the outbox, of the audience alone.

    Of several for one shopper the first is taken now; the others come at later runs.
    """
    occasions_found = list(found)
    people = {one.customer_id for one in occasions_found}
    rows = Delivery.objects.filter(Among("customer_id", people), campaign=campaign, step=step)
    known = set(rows.values_list("customer", "occurrence"))
    wanted: dict[int, Occasion] = {}
    for one in occasions_found:
        if (one.customer_id, one.key) not in known:
            wanted.setdefault(one.customer_id, one)
    if campaign.audience is not None and wanted:
        inside = members(campaign.audience, at=timezone.now()).filter(Among("id", wanted))
        ids = set(inside.values_list("id", flat=True))
        wanted = {key: one for key, one in wanted.items() if key in ids}
    return wanted


def _queue(plan: PushPlan, step: CampaignStep, wanted: dict[int, Occasion], now: datetime) -> int:
    if not wanted:
        return 0
    campaign = plan.campaign
    choice = read_choice(step, choice_as_json(step))
    terms = terms_of(campaign, step=step.number, choice=choice)
    ids = np.asarray(sorted(wanted), dtype=np.int64)
    shoppers = read_shoppers(ids, campaign=campaign, channels=terms.channels, at=now)
    shoppers = with_choice(shoppers, choice, at=now)
    # A trigger speaks at once, or when it is no longer quiet.
    at_once = np.full(len(shoppers), int(now.timestamp()), dtype=np.int64)
    due, allowed = out_of_quiet(campaign, shoppers, at_once, shop_zones())
    decided = decide(shoppers, terms, due=due, allowed=allowed)
    wished = decided.due.copy()
    settle(decided, terms)
    _keep_to_the_day(campaign, decided, wished)
    rows = _rows(plan, step, shoppers, decided, wanted, terms)
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    if step.number == FIRST_STEP:
        note_firings(plan, shoppers, decided, rows)
    return sum(row.state == Delivery.State.WAITING for row in rows)


def _keep_to_the_day(campaign: Campaign, decided: Decided, wished: Ints) -> None:
    """Let no more be due on a day than its maximum, counted in the campaign's zone.

    Who is held out after the last that may leave would not have got a message either: else the held
    out were others than those who get one.
    """
    if campaign.daily_maximum is None:
        return
    going = Delivery.objects.filter(campaign=campaign).exclude(state=Delivery.State.CANCELLED)
    places = np.flatnonzero(np.isin(decided.verdict, [Verdict.SEND, Verdict.HOLDOUT]))
    days = [datetime.fromtimestamp(due, campaign.zone).date() for due in wished[places].tolist()]
    for day in sorted(set(days)):
        begins, ends = day_bounds(day, campaign.zone)
        room = campaign.daily_maximum - going.filter(due_at__gte=begins, due_at__lt=ends).count()
        those = places[[one == day for one in days]]
        sent = decided.verdict[those] == Verdict.SEND
        left = room - np.cumsum(sent) + sent
        decided.verdict[those[left <= 0]] = Verdict.DAILY_MAXIMUM


def _rows(
    plan: PushPlan,
    step: CampaignStep,
    shoppers: Shoppers,
    decided: Decided,
    wanted: dict[int, Occasion],
    terms: Terms,
) -> list[Delivery]:
    now = timezone.now()
    names = [*terms.choice.arms, ""]
    messages = CampaignMessage.objects.filter(step=step).order_by("pk")
    channels = dict(messages.values_list("pk", "channel"))
    first = next(iter(channels))
    rows = []
    for place, customer_id in enumerate(shoppers.ids.tolist()):
        verdict, message = Verdict(int(decided.verdict[place])), int(decided.message[place])
        offer = int(decided.offer[place])
        is_sent = verdict == Verdict.SEND
        message = message if message != NOTHING else first
        arm = names[int(decided.arm[place])] if is_sent else ""
        rows.append(
            Delivery(
                campaign=plan.campaign,
                plan=plan,
                step=step.number,
                customer_id=customer_id,
                occurrence=wanted[customer_id].key,
                channel=channels[message],
                message_id=message,
                offer_id=offer if offer != NOTHING else None,
                product_id=wanted[customer_id].product_id,
                promised_price=wanted[customer_id].price,
                experiment=terms.choice.key if arm else "",
                arm=arm,
                propensity=float(decided.propensity[place]) if is_sent else 1.0,
                why=int(decided.why[place]) if is_sent else Why.ONLY,
                context=int(decided.context[place]) if is_sent else 0,
                state=Delivery.State.WAITING if is_sent else Delivery.State.CANCELLED,
                reason=verdict,
                due_at=datetime.fromtimestamp(int(decided.due[place]), UTC) if is_sent else now,
                created_at=now,
            )
        )
    return rows


def _check_rules(campaign: Campaign) -> None:
    problems: dict[str, str] = {}
    if not campaign.trigger:
        problems["trigger"] = _("A campaign without a trigger is approved by a plan.")
    if campaign.daily_maximum is None:
        problems["daily_maximum"] = _("Say how many messages a day may leave at most.")
    if campaign.ends_at <= timezone.now():
        problems["ends_at"] = _("The campaign is over.")
    if campaign.stopped_at is not None:
        problems["stopped_at"] = _("The campaign was stopped.")
    steps = CampaignStep.objects.filter(campaign=campaign)
    empty = [step.number for step in steps.filter(messages=None)]
    if empty or not steps:
        problems["messages"] = _("Give each step a message first.")
    if fault := check_choices(campaign):
        problems["choosing"] = fault
    if problems:
        raise ValidationError({name: [told] for name, told in problems.items()})
