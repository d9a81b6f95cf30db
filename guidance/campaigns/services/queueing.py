"""From an approved plan to the outbox: the messages of its entries, each once."""

from datetime import datetime
from typing import Any

import pandas as pd
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.campaigns.models import CampaignMessage, Delivery, PlanEntry, PushPlan, Verdict
from guidance.campaigns.selectors.terms import FIRST_STEP
from guidance.campaigns.services.entries import hash_entries
from guidance.campaigns.services.planning import is_at_work, plan_hash
from guidance.core.copying import as_text, copy_rows
from guidance.core.ids import new_id
from guidance.core.jobs import JobContext
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job

CHUNK = 20_000
CHECKING, QUEUEING = gettext_noop("checking the plan"), gettext_noop("queueing messages")
FIELDS = (
    *("customer_id", "message_id", "offer_id", "send_at", "arm", "why", "context", "propensity"),
)


JOB_KIND = "queue_push"


class Tampered(Exception):
    """The rows of a plan are not those that were approved."""


def run_queue_push(context: JobContext) -> dict[str, Any]:
    """Queue an approved plan's messages in a job; one that was killed goes on where it was."""
    plan = PushPlan.objects.get(pk=context.params["plan"])
    context.progress(CHECKING, 0.0)
    return {"queued": queue_plan(plan=plan, context=context)}


def queue_plan(*, plan: PushPlan, context: JobContext | None = None) -> int:
    """Write the outbox rows of an approved plan and return how many it has.

    Raises Tampered, and queues nothing, where the entries are not those that were approved.
    """
    if plan.state != PushPlan.State.APPROVED:
        return 0
    if plan_hash(plan, hash_entries(plan)) != plan.sha256:
        PushPlan.objects.filter(pk=plan.pk).update(
            problem=_("Its entries are not those that were approved.")
        )
        raise Tampered(str(plan.pk))
    whole = int(plan.counts["verdicts"].get(str(int(Verdict.SEND)), 0))
    channels: dict[int, str] = dict(
        CampaignMessage.objects.filter(step__campaign=plan.campaign_id).values_list("id", "channel")
    )
    while _queue_chunk(plan, channels):
        done = Delivery.objects.filter(plan=plan).count()
        if context is not None:
            context.progress(QUEUEING, min(done / max(whole, 1), 1.0))
    return _finish(plan)


@transaction.atomic
def requeue_unfinished() -> int:
    """Have plans queued whose job was lost for good after their approval; return how many."""
    waiting = PushPlan.objects.filter(
        state=PushPlan.State.APPROVED, is_queued=False, problem="", campaign__trigger=""
    )
    lost = [plan for plan in waiting if not is_at_work(plan, JOB_KIND)]
    for plan in lost:
        request_job(kind=JOB_KIND, params={"plan": str(plan.pk)}, requested_by=plan.decided_by)
    return len(lost)


@transaction.atomic
def _finish(plan: PushPlan) -> int:
    queued = Delivery.objects.filter(plan=plan).count()
    PushPlan.objects.filter(pk=plan.pk).update(is_queued=True)
    record_audit(actor=plan.decided_by, verb="queue_push", target=plan, details={"rows": queued})
    return queued


@transaction.atomic
def _queue_chunk(plan: PushPlan, channels: dict[int, str]) -> int:
    """Queue the entries after the last one that is queued; return how many.

    Those of a campaign that was stopped meanwhile are written down as stopped.
    """
    plan = PushPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    entries = PlanEntry.objects.filter(
        plan=plan, verdict=Verdict.SEND, customer_id__gt=plan.queued_to
    )
    rows = list(entries.order_by("customer_id").values_list(*FIELDS)[:CHUNK])
    if not rows:
        return 0
    frame = pd.DataFrame(rows, columns=list(FIELDS))
    _write(plan, frame, channels, timezone.now())
    plan.queued_to = int(frame.customer_id.iloc[-1])
    plan.save(update_fields=["queued_to"])
    return len(rows)


def _write(plan: PushPlan, frame: pd.DataFrame, channels: dict[int, str], now: datetime) -> None:
    state, reason = Delivery.State.WAITING, Verdict.SEND
    if plan.stopped_at is not None:
        state, reason = Delivery.State.CANCELLED, Verdict.STOPPED
    deliveries = pd.DataFrame(
        {
            "id": [new_id().hex for _row in range(len(frame))],
            "campaign_id": plan.campaign_id,
            "plan_id": plan.pk.hex,
            "step": 1,
            "customer_id": frame.customer_id,
            "occurrence": str(plan.number),
            "channel": frame.message_id.map(channels),
            "message_id": frame.message_id.astype("Int64"),
            "offer_id": frame.offer_id.astype("Int64"),
            "experiment": frame.arm.where(frame.arm == "", _chosen_by(plan)),
            "arm": frame.arm,
            "why": frame.why,
            "context": frame.context,
            "propensity": frame.propensity,
            "state": state.value,
            "reason": int(reason),
            "detail": "",
            "due_at": frame.send_at.map(as_text),
            "attempts": 0,
            "created_at": as_text(now),
        }
    )
    copy_rows(Delivery, deliveries)


def _chosen_by(plan: PushPlan) -> str:
    """Return the key of the experiment or the bandit that chose a plan's wordings, '' for none."""
    told: dict[str, Any] = plan.choices.get(str(FIRST_STEP), {})
    return str(told.get("key", ""))
