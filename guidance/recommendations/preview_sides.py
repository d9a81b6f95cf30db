"""One version's answer as the preview shows it: candidates, scores, rules, and the final list."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.rankers import LoadedVersion, open_version
from guidance.recommendations.rulebook import RuleBook
from guidance.recommendations.selectors import Shopper, products_by_sku
from guidance.recommendations.services import Asked, SurfaceAnswer, answer_shopper
from guidance.recommendations.state import state
from guidance.recommendations.wording import rule_in_words, why_idle
from guidance.training.labels import policy_name
from guidance.training.models import ModelVersion

# Candidates listed beside what is shown: about a screen of them.
LISTED = 30


@dataclass(frozen=True)
class Side:
    """One version's answer with what a person asks about it.

    `problem` says which files of the version do not open.
    """

    name: str
    answer: SurfaceAnswer
    policy: str
    problem: str
    candidates: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    milliseconds: float


def look(version_pk: str, asked: Asked, shopper: Shopper, rules: RuleBook) -> Side:
    """Return what a version would answer; '' is the one that serves."""
    version = _open(version_pk, rules.index)
    started = time.perf_counter()
    (answer,) = answer_shopper(asked, shopper, rules=rules, version=version)
    milliseconds = 1000 * (time.perf_counter() - started)
    broken = version.broken if version else {}
    return Side(
        name=version.name if version else "–",
        answer=answer,
        policy=policy_name(answer.policy),
        problem="; ".join(dict.fromkeys(f"{policy_name(p)}: {why}" for p, why in broken.items())),
        candidates=_candidates(answer),
        refused=_refused(answer),
        rules=_rules(answer),
        milliseconds=milliseconds,
    )


def _open(version_pk: str, index: CatalogueIndex) -> LoadedVersion | None:
    """Open a version beside the one that serves, which is left as it is."""
    current = state.version
    if not version_pk or (current and str(current.serving.version_id) == version_pk):
        return current
    return open_version(ModelVersion.objects.get(pk=version_pk), index)


def _candidates(answer: SurfaceAnswer) -> list[dict[str, Any]]:
    """Return the first candidates and all that are shown, in the order before rules."""
    pool, items = answer.pool, {item.get("sku"): item for item in answer.items}
    places = {place.row: place for place in answer.slate.places}
    rows = sorted({*range(min(LISTED, len(pool.places))), *places})
    products = products_by_sku([pool.sku(row) for row in rows])
    after = pool.pool.relevance.copy()
    for rule in pool.rules:
        after[rule.mask] *= rule.factor
    names = {rule.rule.pk: str(rule.rule) for rule in pool.applying}
    found = []
    for row in rows:
        sku, place = pool.sku(row), places.get(row)
        boosts = [rule.id for rule in pool.rules if rule.factor != 1 and rule.mask[row]]
        fired = dict.fromkeys([*boosts, *(place.fired if place else ())])
        found.append(
            {
                "rank": row + 1,
                "sku": sku,
                "product": products.get(sku),
                "score": float(pool.scores[row]),
                "before": float(pool.pool.relevance[row]),
                "after": float(place.value if place else after[row]),
                "rules": [names[pk] for pk in fired],
                "item": items.get(sku) if place else None,
            }
        )
    return found


def _refused(answer: SurfaceAnswer) -> list[dict[str, Any]]:
    """Return the best products that rules took off the surface, each with the rules that did."""
    pool = answer.pool
    shown = pool.index.columns.shown
    left_out = {
        place for _rule, refused in pool.refusing for place in _first(answer, refused & shown)
    }
    ordered = sorted(left_out, key=lambda place: -_score(answer, place))[:LISTED]
    products = products_by_sku([pool.index.order[place] for place in ordered])
    return [
        {
            "sku": pool.index.order[place],
            "product": products.get(pool.index.order[place]),
            "score": _score(answer, place),
            "rules": [str(rule.rule) for rule, refused in pool.refusing if refused[place]],
        }
        for place in ordered
    ]


def _first(answer: SurfaceAnswer, mask: Any) -> Sequence[int]:
    if answer.ranking is not None and (best := answer.ranking.best(LISTED, mask)).size:
        found: list[int] = best.tolist()
        return found
    return mask.nonzero()[0][:LISTED].tolist()


def _score(answer: SurfaceAnswer, place: int) -> float:
    score = float(answer.ranking.scores[place]) if answer.ranking is not None else 0.0
    return score if score == score else 0.0


def _rules(answer: SurfaceAnswer) -> list[dict[str, Any]]:
    """Return what each rule of the surface did."""
    pool = answer.pool
    taken = {rule.rule.pk: refused for rule, refused in pool.refusing}
    found = []
    for rule in pool.applying:
        pk = rule.rule.pk
        item = {"rule": rule.rule, "words": rule_in_words(rule.rule), "places": [], "idle": ""}
        if pk in taken:
            item["removed"] = int((taken[pk] & pool.index.columns.shown).sum())
        else:
            item["places"] = [one["position"] for one in answer.items if pk in one.get("rules", ())]
            why = answer.slate.idle.get(pk)
            item["idle"] = why_idle(why) if why else ""
        found.append(item)
    return found
