"""Writing an answer's decisions, without letting the shopper wait for a busy database."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from guidance.decisions.models import Decision
from guidance.decisions.services.log import log_answer
from guidance.recommendations.services.asked import Asked, SurfaceAnswer
from guidance.recommendations.slots import drawable_json
from guidance.recommendations.state import state

LOGGED = (
    *("kind", "sku", "key", "position", "score", "reason", "because"),
    *("propensity", "rules", "slot"),
)


def log_answers(
    answers: Sequence[SurfaceAnswer], *, asked: Asked, is_known: bool, latency_ms: float
) -> bool:
    """Write one Decision per answer and put its id into the answer; return whether that worked.

    `is_known` says that the pseudonym is a customer's. One never met becomes an anonymous customer
    here, in the decisions' own transaction: clicks, purchases and arms are attributed by customer,
    so a visitor's very first page would otherwise count for no experiment. Where it cannot be
    written, nobody is made either, the answers keep their null ids, and they are counted.
    """
    decisions = [_decision(answer, asked, latency_ms) for answer in answers]
    is_logged = log_answer(
        decisions,
        ref=asked.customer,
        is_known=is_known or not asked.customer,
        zone=ZoneInfo(state.market.time_zone),
    )
    if not is_logged:
        return False
    for answer, decision in zip(answers, decisions, strict=True):
        answer.decision_id = str(decision.pk)
    return True


def _decision(answer: SurfaceAnswer, asked: Asked, latency_ms: float) -> Decision:
    context: dict[str, Any] = {"limit": asked.limit_of(answer.surface)}
    if asked.context_product:
        context["context_product"] = asked.context_product
    if asked.viewed:
        context["viewed"] = len(asked.viewed)
    if asked.prefers:
        context["prefers"] = len(asked.prefers)
    if answer.surface.exploration > 0:
        context["drawable"] = drawable_json(answer.items)
    if answer.chooser is not None:
        context["slots"] = answer.chooser.as_json()
    return Decision(
        at=asked.at,
        surface=answer.surface.key,
        policy=answer.policy,
        policy_version=answer.policy_version,
        fallback_from=answer.fallback_from[:200],
        experiment=answer.experiment,
        arm=answer.arm,
        items=[_logged(item) for item in answer.items],
        context=context,
        latency_ms=round(latency_ms, 2),
        source=asked.source,
        original_time=asked.original_time,
    )


def _logged(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as the log keeps it; what stands beside products is never drawn by chance."""
    kept = {"propensity": 1.0, **{key: item[key] for key in LOGGED if key in item}}
    return {**kept, "reason": item.get("reason_logged", item["reason"])}
