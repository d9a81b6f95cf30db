"""People who look at what campaigns decided about single shoppers: each look is written down."""

from django.db import transaction

from guidance.campaigns.models import PlanEntry, PushPlan, Verdict
from guidance.campaigns.selectors.plans import some_entries
from guidance.core.models import User
from guidance.core.services import record_audit


@transaction.atomic
def look_at_entries(
    *, plan: PushPlan, verdict: int | None, ref: str, most: int, actor: User
) -> list[PlanEntry]:
    """Return entries of a plan by verdict or pseudonym, and write down who looked at how many."""
    found = list(some_entries(plan, verdict=verdict, ref=ref, most=most))
    details = {
        "verdict": None if verdict is None else Verdict(verdict).name.lower(),
        "customers": [entry.customer_id for entry in found] if ref else [],
        "shown": len(found),
    }
    record_audit(actor=actor, verb="look_at_plan_entries", target=plan, details=details)
    return found
