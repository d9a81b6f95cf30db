"""Whether a trigger's message is still wanted as it is about to leave."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from guidance.behaviour.models import Event, Source
from guidance.campaigns.models import CampaignStep, Delivery, Verdict

Kind, Exit, Condition = Event.Kind, CampaignStep.Exit, CampaignStep.Condition


def no_longer_wanted(deliveries: Sequence[Delivery]) -> dict[UUID, Verdict]:
    """Return those whose step's exit has happened, which ends the sequence, or whose condition does
    not hold, which passes the step over.

    A few statements a step, none where no message is a trigger's.
    """
    gone: dict[UUID, Verdict] = {}
    triggered = [one for one in deliveries if one.campaign.trigger]
    steps = {(one.campaign_id, one.step) for one in triggered}
    for step in CampaignStep.objects.filter(campaign__in={campaign for campaign, _n in steps}):
        ids = [
            one.pk
            for one in triggered
            if (one.campaign_id, one.step) == (step.campaign_id, step.number)
        ]
        if ids:
            gone |= dict.fromkeys(_unmet(step, ids), Verdict.SKIPPED)
            gone |= dict.fromkeys(_left(step, ids), Verdict.EXITED)
    return gone


def _left(step: CampaignStep, ids: list[UUID]) -> set[UUID]:
    """Return those whose shopper did what ends the sequence since its first message was queued."""
    if step.exit_on == Exit.NEVER:
        return set()
    first = Delivery.objects.filter(
        campaign=OuterRef("campaign"),
        customer=OuterRef("customer"),
        occurrence=OuterRef("occurrence"),
        step=1,
    )
    kinds = [Kind.PURCHASE]
    if step.exit_on == Exit.VISIT:
        kinds += [Kind.VIEW, Kind.SEARCH, Kind.CART]
    done = Event.objects.filter(
        customer=OuterRef("customer"),
        kind__in=kinds,
        occurred_at__gt=OuterRef("begun_at"),
        source=Source.LIVE,
    )
    begun = Delivery.objects.filter(pk__in=ids).annotate(
        begun_at=Subquery(first.values("created_at")[:1])
    )
    return set(begun.filter(Exists(done)).values_list("pk", flat=True))


def _unmet(step: CampaignStep, ids: list[UUID]) -> set[UUID]:
    """Return those whose last message was opened, or clicked, where the step is for the others.

    A step that was passed over sent nothing: the last message is then an earlier one.
    """
    if step.condition == Condition.ALWAYS or step.number == 1:
        return set()
    kinds = [Kind.CLICK]
    if step.condition == Condition.NOT_OPENED:
        kinds.append(Kind.IMPRESSION)
    before = Delivery.objects.filter(
        campaign=OuterRef("campaign"),
        customer=OuterRef("customer"),
        occurrence=OuterRef("occurrence"),
        step__lt=step.number,
        state=Delivery.State.SENT,
    ).order_by("-step")
    answered = Event.objects.filter(decision=OuterRef("last_sent"), kind__in=kinds)
    rows = Delivery.objects.filter(pk__in=ids).alias(last_sent=Subquery(before.values("pk")[:1]))
    return set(rows.filter(Exists(answered)).values_list("pk", flat=True))
