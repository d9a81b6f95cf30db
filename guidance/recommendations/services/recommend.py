"""One request: candidates, ranking, rules, reasons, the decision log."""

from typing import Any

from guidance.customers.services import ensure_customer
from guidance.decisions.models import Decision
from guidance.decisions.services.log import record_decisions
from guidance.recommendations.models import Surface
from guidance.recommendations.selectors import popular_products


def recommend(*, surfaces: list[Surface], customer_ref: str, limit: int) -> list[dict[str, Any]]:
    """Return the answer for each surface and log it."""
    customer = ensure_customer(ref=customer_ref) if customer_ref else None
    answers, decisions = [], []
    for surface in surfaces:
        items = [
            {"sku": p.sku, "title": str(p), "position": position, "reason": "", "propensity": 1.0}
            for position, p in enumerate(popular_products(limit=limit), start=1)
        ]
        decision = Decision(
            customer=customer, surface=surface.key, policy="popularity", items=items
        )
        decisions.append(decision)
        answers.append(
            {
                "decision_id": str(decision.pk),
                "surface": surface.key,
                "policy": decision.policy,
                "items": items,
            }
        )
    record_decisions(decisions)
    return answers
