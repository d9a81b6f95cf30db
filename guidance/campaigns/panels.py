"""What campaigns show on a customer's page: why she got a message, or why not."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models import Contact, Delivery, PlanEntry, PushPlan, Verdict, Why
from guidance.campaigns.selectors.told_rules import caps_in_words, rule_in_words
from guidance.customers.hooks import Panel
from guidance.customers.models import Customer

# Beyond so many decisions a page is no answer any more; the lists of plans and deliveries are.
LATEST = 300


def _rows(customer_id: int) -> list[list[Any]]:
    """Return what campaigns decided about a shopper, and about the visitors they were, the latest
    first; five statements, six where a cap decided."""
    people = [customer_id, *_visitors(customer_id)]
    entries = list(
        PlanEntry.objects.filter(customer__in=people, fired_at=None)
        .exclude(plan__state=PushPlan.State.BUILDING)
        .select_related("plan__campaign", "message")
        .order_by("-plan__created_at")[:LATEST]
    )
    mine = Delivery.objects.filter(customer__in=people).select_related("campaign", "message")
    planned = mine.filter(campaign__trigger="", plan__in=[one.plan_id for one in entries])
    triggered = mine.exclude(campaign__trigger="").order_by("-created_at")
    by_plan = {(one.plan_id, one.customer_id): one for one in planned}
    own_plans = {one.plan_id for one in entries if one.customer_id == customer_id}
    told = [(one, _delivery_of(one, by_plan, customer_id, own_plans)) for one in entries]
    others = list(triggered.select_related("plan")[:LATEST])
    caps = caps_in_words() if _is_capped(entries, [*planned, *others]) else ""
    rows = [_entry(entry, delivery, caps) for entry, delivery in told]
    rows += [_triggered(one, caps) for one in others]
    rows += [_contact(one) for one in Contact.objects.filter(customer__in=people)[:LATEST]]
    return sorted(rows, key=lambda row: row[0], reverse=True)[:LATEST]


def _visitors(customer_id: int) -> list[int]:
    merged = Customer.objects.filter(merged_into=customer_id).order_by()
    return list(merged.values_list("pk", flat=True))


def _delivery_of(
    entry: PlanEntry,
    by_plan: Mapping[tuple[Any, int], Delivery],
    customer_id: int,
    own_plans: Collection[Any],
) -> Delivery | None:
    """Return an entry's message; a visitor's is the customer's since a merge, unless the plan
    spoke of both."""
    own = by_plan.get((entry.plan_id, entry.customer_id))
    if own or entry.verdict != Verdict.SEND or entry.plan_id in own_plans:
        return own
    return by_plan.get((entry.plan_id, customer_id))


def _is_capped(entries: list[PlanEntry], deliveries: list[Delivery]) -> bool:
    return any(one.verdict == Verdict.CAP for one in entries) or any(
        one.reason == Verdict.CAP for one in deliveries
    )


def _entry(entry: PlanEntry, delivery: Delivery | None, caps: str) -> list[Any]:
    plan, frozen = entry.plan, entry.plan.frozen.get("campaign", {})
    decided = rule_in_words(Verdict(entry.verdict), frozen, caps=caps)
    if entry.verdict == Verdict.SEND:
        decided += _wording(entry)
    state = _state(delivery, frozen, caps) if delivery else gettext("nothing to send")
    if entry.verdict == Verdict.SEND and plan.state != PushPlan.State.APPROVED:
        state = str(plan.get_state_display())
    elif entry.verdict == Verdict.SEND and delivery is None and not plan.is_queued:
        state = gettext("being queued")
    return [plan.created_at, plan.campaign, decided, state, delivery and delivery.sent_at]


def _triggered(delivery: Delivery, caps: str) -> list[Any]:
    frozen = delivery.plan.frozen.get("campaign", {}) if delivery.plan else {}
    told = gettext("%(trigger)s, step %(number)d") % {
        "trigger": delivery.campaign.get_trigger_display(),
        "number": delivery.step,
    }
    if delivery.reason == Verdict.SEND:
        told += _wording(delivery)
    state = _state(delivery, frozen, caps)
    return [delivery.created_at, delivery.campaign, told, state, delivery.sent_at]


def _contact(contact: Contact) -> list[Any]:
    told = gettext("spoken to by another app, within the caps")
    return [contact.at, contact.source, told, gettext("said"), contact.at]


def _wording(one: PlanEntry | Delivery) -> str:
    """Return over which channel and in which wording a message goes, and why in this one."""
    if one.message is None:
        return ""
    told = gettext(": %(channel)s, wording %(variant)s") % {
        "channel": one.message.get_channel_display(),
        "variant": one.message.variant,
    }
    return told if one.why == Why.ONLY else f"{told} ({one.get_why_display()})"


def _state(delivery: Delivery, frozen: Mapping[str, Any], caps: str) -> str:
    state = delivery.get_state_display()
    if delivery.reason == Verdict.SEND:
        return str(state)
    return f"{state}: {rule_in_words(Verdict(delivery.reason), frozen, caps=caps)}"


MESSAGES = Panel(
    title=_("Messages, and why not"),
    columns=[_("time"), _("campaign"), _("decided"), _("what became of it"), _("sent")],
    rows=_rows,
    permission="campaigns.view_delivery",
)
