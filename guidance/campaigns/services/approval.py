"""Plans approved or rejected by another person, and campaigns stopped at once."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.models import Campaign, Delivery, PushPlan, Verdict
from guidance.campaigns.selectors.snapshot import snapshot
from guidance.campaigns.services.coupons import release_unsent
from guidance.campaigns.services.queueing import JOB_KIND
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job

State = PushPlan.State
LONGEST_REASON = 500


@transaction.atomic
def approve_plan(*, plan: PushPlan, seen: str, actor: User) -> PushPlan:
    """Approve exactly what a person saw, and have its messages queued.

    `seen` is the hash on the page they looked at. Raises PermissionDenied for who proposed it,
    ValidationError where it is decided already, is another plan by now, or the campaign changed.
    """
    plan = _waiting(plan)
    if plan.proposed_by_id == actor.pk:
        raise PermissionDenied(_("Who proposed a plan cannot approve it."))
    if seen != plan.sha256:
        raise ValidationError(_("This is not the plan that you looked at: look at it again."))
    if plan.campaign.stopped_at is not None:
        raise ValidationError(_("The campaign was stopped."))
    if snapshot(plan.campaign) != plan.frozen:
        raise ValidationError(
            _("The campaign was changed after the plan was worked out: propose a new plan.")
        )
    _decide(plan, State.APPROVED, actor, "")
    record_audit(
        actor=actor, verb="approve_push_plan", target=plan, details={"sha256": plan.sha256}
    )
    _replace_earlier(plan)
    if not plan.campaign.trigger:
        request_job(kind=JOB_KIND, params={"plan": str(plan.pk)}, requested_by=actor)
    return plan


def _replace_earlier(plan: PushPlan) -> None:
    """See to the messages of earlier plans that wait because the campaign is not theirs any more.

    A plan's are cancelled: the new one decided about their shoppers anew. What a trigger was to
    say is said under the new rules, since its occasions come no second time.
    """
    waiting = Delivery.objects.filter(campaign=plan.campaign, state=Delivery.State.WAITING)
    if plan.campaign.trigger:
        waiting.exclude(plan=plan).update(plan=plan)
        return
    earlier = PushPlan.objects.filter(campaign=plan.campaign, state=State.APPROVED)
    others = earlier.exclude(pk=plan.pk)
    outdated = [other.pk for other in others if other.frozen != plan.frozen]
    waiting.filter(plan__in=outdated).update(
        state=Delivery.State.CANCELLED, reason=Verdict.REPLACED
    )


@transaction.atomic
def reject_plan(*, plan: PushPlan, reason: str, actor: User) -> PushPlan:
    """Reject a plan, or take one's own back, with a reason."""
    plan = _waiting(plan)
    check_reason(reason)
    _decide(plan, State.REJECTED, actor, reason.strip())
    record_audit(actor=actor, verb="reject_push_plan", target=plan, details={"reason": reason})
    return plan


@transaction.atomic
def stop_campaign(*, campaign: Campaign, reason: str, actor: User | None) -> int:
    """Let nothing more of a campaign leave, from this moment; return how many were waiting.

    What a worker holds already is checked again before it leaves, and is cancelled as well.
    """
    # Whoever queues messages holds the campaign's key and nothing more.
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if campaign.stopped_at is None:
        campaign.stopped_at, campaign.stopped_by = timezone.now(), actor
        campaign.save(update_fields=["stopped_at", "stopped_by"])
    plans = PushPlan.objects.filter(campaign=campaign)
    # Before the messages: a chunk that is being queued holds its plan, and is stopped with them.
    plans.filter(state=State.APPROVED, stopped_at=None).update(stopped_at=campaign.stopped_at)
    plans.filter(state=State.PROPOSED).update(state=State.SUPERSEDED)
    waiting = Delivery.objects.filter(campaign=campaign, state=Delivery.State.WAITING)
    release_unsent(list(waiting.filter(coupon__isnull=False, attempts=0)))
    cancelled = waiting.update(state=Delivery.State.CANCELLED, reason=Verdict.STOPPED)
    record_audit(
        actor=actor,
        verb="stop_campaign",
        target=campaign,
        details={"reason": reason, "cancelled": cancelled},
    )
    return cancelled


@transaction.atomic
def restart_campaign(*, campaign: Campaign, actor: User) -> None:
    """Let a stopped campaign be planned again; what was approved and what was cancelled stay so."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    campaign.stopped_at, campaign.stopped_by = None, None
    campaign.save(update_fields=["stopped_at", "stopped_by"])
    record_audit(actor=actor, verb="restart_campaign", target=campaign)


def check_reason(reason: str) -> None:
    """Refuse a reason that says nothing, or more than is kept of one."""
    if not reason.strip():
        raise ValidationError({"reason": [_("Say why.")]})
    if len(reason) > LONGEST_REASON or "\0" in reason:
        told = _("At most %(most)d characters, none of them a control character.")
        raise ValidationError({"reason": [told % {"most": LONGEST_REASON}]})


def _waiting(plan: PushPlan) -> PushPlan:
    """Return the plan, locked until the transaction ends."""
    locked = PushPlan.objects.select_for_update(of=("self",)).select_related(
        "campaign", "campaign__audience"
    )
    plan = locked.get(pk=plan.pk)
    if plan.state != State.PROPOSED:
        raise ValidationError(
            _("This plan is not waiting for approval: it is %(state)s.")
            % {"state": plan.get_state_display()}
        )
    return plan


def _decide(plan: PushPlan, state: str, actor: User, reason: str) -> None:
    plan.state, plan.reason = state, reason
    plan.decided_by, plan.decided_at = actor, timezone.now()
    plan.save(update_fields=["state", "decided_by", "decided_at", "reason"])
