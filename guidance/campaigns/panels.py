"""What campaigns show on a customer's page: why she got a message, or why not."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models import Delivery, PlanEntry, PushPlan, Verdict
from guidance.customers.hooks import Panel

LATEST = 30


def _rows(customer_id: int) -> list[list[Any]]:
    """Return what campaigns decided about a shopper, the latest first; two statements."""
    entries = (
        PlanEntry.objects.filter(customer=customer_id, fired_at=None)
        .exclude(plan__state=PushPlan.State.BUILDING)
        .select_related("plan__campaign")
        .order_by("-plan__created_at")[:LATEST]
    )
    sent = (
        Delivery.objects.filter(customer=customer_id)
        .select_related("campaign")
        .order_by("-due_at")[:LATEST]
    )
    by_plan = {one.plan_id: one for one in sent if not one.campaign.trigger}
    rows = [_entry(entry, by_plan.get(entry.plan_id)) for entry in entries]
    rows += [_triggered(one) for one in sent if one.campaign.trigger]
    return sorted(rows, key=lambda row: row[0], reverse=True)


def _entry(entry: PlanEntry, delivery: Delivery | None) -> list[Any]:
    plan = entry.plan
    decided = Verdict(entry.verdict).label
    state = _state(delivery) if delivery else str(_("nothing to send"))
    if entry.verdict == Verdict.SEND and plan.state != PushPlan.State.APPROVED:
        state = str(plan.get_state_display())
    return [plan.created_at, plan.campaign, decided, state, delivery and delivery.sent_at]


def _triggered(delivery: Delivery) -> list[Any]:
    told = delivery.campaign.get_trigger_display()
    return [delivery.created_at, delivery.campaign, told, _state(delivery), delivery.sent_at]


def _state(delivery: Delivery) -> str:
    state = delivery.get_state_display()
    if delivery.reason == Verdict.SEND:
        return str(state)
    return f"{state}: {delivery.get_reason_display()}"


MESSAGES = Panel(
    title=_("Messages, and why not"),
    columns=[_("time"), _("campaign"), _("decided"), _("what became of it"), _("sent")],
    rows=_rows,
    permission="campaigns.view_delivery",
)
