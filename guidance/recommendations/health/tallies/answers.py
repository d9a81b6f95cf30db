"""Drift of answers: for whom and by what the recent days' decisions were made, against those before
them in the period. What comes in is compared in `recommendations.drift`, as retraining sees it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.shoppers import Shopper
from models_ml.data.drift import Shift, compare_counts

# Fewer decisions on either side are no distribution to speak of.
FEWEST_DECISIONS = 100
HISTORY_EDGES = (0, 1, 4, 19, 99)
Counts = dict[str, float]


class AnswerTally:
    """Adds up the policy that answered, the shopper's language, and how long a history it knew."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._sides: dict[str, tuple[Counts, Counts]] = {
            name: (defaultdict(float), defaultdict(float))
            for name in ("policy", "language", "history")
        }

    def add(self, shoppers: Sequence[Shopper]) -> None:
        if self._scope.recent is None:
            return
        for shopper in shoppers:
            language = shopper.facts["language"] if shopper.facts else ""
            for shown in shopper.shown:
                if self._scope.holds(shown):
                    now = shown.day >= self._scope.recent
                    known = _history_band(shopper.events_before(shown.at))
                    self._sides["policy"][now][shown.policy] += 1
                    self._sides["language"][now][language] += 1
                    self._sides["history"][now][known] += 1

    def shifts(self, scores: Shift | None) -> list[dict[str, Any]]:
        """Return every shift, the largest first; none where there is nothing before."""
        found = {
            name: compare_counts(*pair)
            for name, pair in self._sides.items()
            if min(sum(side.values()) for side in pair) >= FEWEST_DECISIONS
        } | {"scores": scores}
        rows = [
            shift_row(name, shift.index, shift.index > shift.by_chance, shift.before, shift.now)
            for name, shift in found.items()
            if shift is not None
        ]
        return sorted(rows, key=lambda row: -row["index"])


def shift_row(
    name: str, index: float, is_certain: bool, before: dict[str, float], now: dict[str, float]
) -> dict[str, Any]:
    """Return a shift's stability index, whether it is more than chance, and what moved most."""
    moved = max(before, key=lambda group: abs(now.get(group, 0.0) - before[group]))
    return {
        "input": name,
        "index": index,
        "certain": is_certain,
        "moved": moved,
        "before": before[moved],
        "now": now.get(moved, 0.0),
    }


def _history_band(events: int) -> str:
    return next((f"≤ {edge}" for edge in HISTORY_EDGES if events <= edge), f"> {HISTORY_EDGES[-1]}")
