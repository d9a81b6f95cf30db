"""Plans: asked for by a person, worked out by a job, whole or not at all."""

import hashlib
import logging
from datetime import datetime
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.campaigns.models import (
    Campaign,
    CampaignMessage,
    CampaignStep,
    Offer,
    PushPlan,
    Verdict,
)
from guidance.campaigns.planning.choosing import Choice
from guidance.campaigns.planning.deciding import (
    Decided,
    Terms,
    count_verdicts,
    decide,
    joined,
    settle,
)
from guidance.campaigns.planning.shoppers import Bools, Ints, Shoppers
from guidance.campaigns.planning.timing import Timing
from guidance.campaigns.selectors.audiences import walk
from guidance.campaigns.selectors.choices import read_choice, with_choice
from guidance.campaigns.selectors.hours import usual_hours
from guidance.campaigns.selectors.reach import read_shoppers
from guidance.campaigns.selectors.snapshot import canonical, snapshot
from guidance.campaigns.selectors.terms import FIRST_STEP, open_offers, terms_of
from guidance.campaigns.services.choosing import check_choices, freeze_choices
from guidance.campaigns.services.entries import Everybody, write_entries
from guidance.core.jobs import JobContext
from guidance.core.locks import hold_lock
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import JobCancelled, LeaseLost, request_job
from guidance.customers.models import Customer
from guidance.customers.quiet import Window, check_quiet
from guidance.customers.selectors import shop_zones

logger = logging.getLogger(__name__)
JOB_KIND = "push_plan"
READING, WRITING = gettext_noop("reading shoppers"), gettext_noop("writing the plan")
# Tuned on 1,000,000 shoppers: larger batches win nothing, smaller ones cost statements.
BATCH = 25_000
# Of the work: reading takes most of the time, writing the rest.
READ_SHARE = 0.7


@transaction.atomic
def request_plan(*, campaign: Campaign, actor: User) -> PushPlan:
    """Have a plan worked out; one that waits for approval is superseded by it.

    Raises ValidationError, by field, where the campaign cannot be planned.
    """
    hold_lock(f"campaigns.plan.{campaign.pk}")
    campaign = Campaign.objects.get(pk=campaign.pk)
    _check_plannable(campaign)
    open_plans = PushPlan.objects.filter(campaign=campaign)
    for building in open_plans.filter(state=PushPlan.State.BUILDING):
        if is_at_work(building, JOB_KIND):
            raise ValidationError(_("A plan of this campaign is being worked out already."))
        building.state = PushPlan.State.FAILED
        building.problem = _("The work was given up; propose it again.")
        building.save(update_fields=["state", "problem"])
    open_plans.filter(state=PushPlan.State.PROPOSED).update(state=PushPlan.State.SUPERSEDED)
    last = open_plans.aggregate(last=Max("number"))["last"] or 0
    plan = PushPlan.objects.create(
        campaign=campaign,
        number=last + 1,
        choices=freeze_choices(campaign),
        frozen=snapshot(campaign),
        proposed_by=actor,
    )
    record_audit(actor=actor, verb="request_push_plan", target=plan)
    request_job(kind=JOB_KIND, params={"plan": str(plan.pk)}, requested_by=actor)
    return plan


def run_push_plan(context: JobContext) -> dict[str, Any]:
    """Work a plan out in a job; a job that was killed begins anew."""
    plan = PushPlan.objects.select_related("campaign", "campaign__audience").get(
        pk=context.params["plan"]
    )
    if plan.state != PushPlan.State.BUILDING:
        return {"plan": str(plan.pk)}
    try:
        built = build_plan(plan=plan, context=context)
    except LeaseLost:
        # Another process works it out by now.
        raise
    except Exception as problem:
        PushPlan.objects.filter(pk=plan.pk, state=PushPlan.State.BUILDING).update(
            state=PushPlan.State.FAILED, problem=_in_words(problem)
        )
        raise
    return {"plan": str(plan.pk), "shoppers": sum(built.counts["verdicts"].values())}


def build_plan(*, plan: PushPlan, context: JobContext | None = None) -> PushPlan:
    """Decide about every shopper of the audience and propose the result.

    All columns lie in memory, about 80 bytes a shopper; rows go out in one transaction.
    """
    now = timezone.now()
    people, decided, terms = _decide_everybody(plan, now, context)
    with transaction.atomic():
        told = lambda share: _tell(context, WRITING, READ_SHARE + (1 - READ_SHARE) * share)  # noqa: E731
        plan.entries.all().delete()
        entries = write_entries(plan.pk, people, decided, arms=terms.choice.arms, tell=told)
        plan.counts = _counts(decided, terms)
        plan.sha256 = plan_hash(plan, entries)
        plan.state, plan.built_at = PushPlan.State.PROPOSED, timezone.now()
        plan.save(update_fields=["counts", "sha256", "state", "built_at"])
        record_audit(
            actor=plan.proposed_by, verb="propose_push_plan", target=plan, details=plan.counts
        )
    return plan


def plan_hash(plan: PushPlan, entries: str) -> str:
    """Return what an approval is bound to: the frozen campaign, what chooses wordings, and every
    entry."""
    told = [canonical(plan.frozen), entries]
    if plan.choices:
        told.append(canonical(plan.choices))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _decide_everybody(
    plan: PushPlan, now: datetime, context: JobContext | None
) -> tuple[Everybody, Decided, Terms]:
    campaign = plan.campaign
    assert campaign.audience is not None
    choice = _choice(plan)
    terms = terms_of(campaign, choice=choice)
    whole = Customer.objects.count() or 1
    parts: list[Decided] = []
    people: list[Everybody] = []
    done = 0
    zones = shop_zones()
    usual = usual_hours(now) if campaign.at_best_hour else None
    for ids in walk(campaign.audience, at=now, batch=BATCH):
        shoppers = read_shoppers(
            ids, campaign=campaign, channels=terms.channels, at=now, usual=usual
        )
        shoppers = with_choice(shoppers, choice, at=now)
        due, allowed = sending_times(campaign, shoppers, zones, now)
        parts.append(decide(shoppers, terms, due=due, allowed=allowed))
        people.append(Everybody(shoppers.ids, shoppers.tiers, shoppers.segments))
        done += len(ids)
        _tell(context, READING, READ_SHARE * min(done / whole, 1))
    if not parts:
        raise ValidationError(_("The audience is empty: nobody would get anything."))
    decided = joined(parts)
    settle(decided, terms)
    columns = (np.concatenate(column) for column in zip(*people, strict=True))
    return Everybody(*columns), decided, terms


def _choice(plan: PushPlan) -> Choice:
    """Return how the wordings of a plan's messages are chosen, as it was when it was asked for."""
    step = CampaignStep.objects.filter(campaign=plan.campaign_id, number=FIRST_STEP).first()
    return read_choice(step, plan.choices.get(str(FIRST_STEP)))


def sending_times(
    campaign: Campaign, shoppers: Shoppers, zones: list[str], now: datetime
) -> tuple[Ints, Bools]:
    """Return when each message of a plan leaves, and whether that is before the campaign's end."""
    timing = Timing(max(campaign.starts_at, now), campaign.send_at, campaign.time_zone)
    hours = shoppers.hours if campaign.at_best_hour else None
    return out_of_quiet(campaign, shoppers, timing.due(shoppers.zones.tolist(), hours), zones)


def out_of_quiet(
    campaign: Campaign, shoppers: Shoppers, wanted: Ints, zones: list[str]
) -> tuple[Ints, Bools]:
    """Return the first moments from the wanted ones on that are not quiet where shoppers are, and
    whether they lie before the campaign's end."""
    quiet = check_quiet(
        wanted,
        zones=shoppers.zones.tolist(),
        countries=shoppers.countries.tolist(),
        window=Window(campaign.quiet_from, campaign.quiet_until),
        shop_zones=zones,
    )
    return quiet.next_allowed, quiet.next_allowed <= int(campaign.ends_at.timestamp())


def _counts(decided: Decided, terms: Terms) -> dict[str, Any]:
    sent = decided.verdict == Verdict.SEND
    cost = float(decided.cost[sent].sum())
    uplift = decided.uplift[sent]
    return {
        "verdicts": count_verdicts(decided.verdict),
        "messages": {str(k): v for k, v in count_verdicts(decided.message[sent]).items()},
        "cost": f"{cost:.2f}",
        "arms": _arms(decided, terms),
        "responses": None if np.isnan(uplift).all() else round(float(np.nansum(uplift)), 1),
    }


def _arms(decided: Decided, terms: Terms) -> dict[str, int]:
    """Return how many messages go out in each arm."""
    sent = decided.arm[decided.verdict == Verdict.SEND]
    counts = {arm: int((sent == place).sum()) for place, arm in enumerate(terms.choice.arms)}
    return {arm: count for arm, count in counts.items() if count}


def is_at_work(plan: PushPlan, kind: str) -> bool:
    """Tell whether a job of a kind still works for a plan, or is to."""
    alive = Job.objects.filter(status__in=[Job.Status.QUEUED, Job.Status.RUNNING])
    return alive.filter(kind=kind, params__plan=str(plan.pk)).exists()


def _in_words(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        return " ".join(problem.messages)
    if isinstance(problem, JobCancelled):
        return _("Somebody cancelled the work.")
    return f"{type(problem).__name__}: {problem}"


def _check_plannable(campaign: Campaign) -> None:
    problems: dict[str, str] = {}
    if campaign.trigger:
        problems["trigger"] = _(
            "A campaign with a trigger is approved by its rules, not by a plan."
        )
    if campaign.audience_id is None:
        problems["audience"] = _("Choose an audience first.")
    if campaign.ends_at <= timezone.now():
        problems["ends_at"] = _("The campaign is over.")
    if campaign.stopped_at is not None:
        problems["stopped_at"] = _("The campaign was stopped.")
    if not CampaignMessage.objects.filter(step__campaign=campaign).exists():
        problems["messages"] = _("Give the campaign a message first.")
    if Offer.objects.filter(campaign=campaign).exists() and not open_offers(campaign):
        problems["offers"] = _("None of the campaign's offers is open and has coupons left.")
    if fault := check_choices(campaign):
        problems["choosing"] = fault
    if problems:
        raise ValidationError({name: [told] for name, told in problems.items()})


def _tell(context: JobContext | None, phase: str, share: float) -> None:
    if context is not None:
        context.progress(phase, share)
