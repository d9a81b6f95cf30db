"""What a report says of each watched measure, chance left out, for thresholds to judge."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from guidance.recommendations.health.measures import Measure

DROPS = {
    "ctr": Measure.CTR_DROP,
    "conversion": Measure.CONVERSION_DROP,
    "ndcg": Measure.NDCG_DROP,
    "seen": Measure.SEEN_DROP,
}
# Fewer decisions in the recent days say nothing of the share that a fallback answered.
FEWEST_SERVED = 100
# Fewer impressions than this could not have shown a catalogue.
FEWEST_LISTS = 100


class Finding(NamedTuple):
    """One measured value. `certain` is how much of it is no accident, and what thresholds judge."""

    measure: str
    surface: str
    subject: str
    value: float
    certain: float


def findings(figures: dict[str, Any]) -> list[Finding]:
    """Return everything that the report of all surfaces measured."""
    return [
        *_inputs(figures),
        *_changes(figures),
        *_exposure(figures),
        *_popularity(figures),
        *_coverage(figures),
    ]


def _inputs(figures: dict[str, Any]) -> Iterator[Finding]:
    for row in [*figures["came_in"]["rows"], *figures["answered"]]:
        certain = row["index"] if row["certain"] else 0.0
        yield Finding(Measure.INPUT_DRIFT, "", row["input"], row["index"], certain)


def _changes(figures: dict[str, Any]) -> Iterator[Finding]:
    """Yield each surface's changes; with one surface alone the whole is that surface."""
    surfaces = {key: found for key, found in figures["changes"].items() if key}
    for surface, changes in surfaces.items():
        for name, measure in DROPS.items():
            change = changes[name]["change"]
            if change is not None:
                value, _low, high = change
                yield Finding(measure, surface, "", -value, -value if high < 0 else 0.0)
        if changes["stood_in"] is not None and changes["served"] >= FEWEST_SERVED:
            share = changes["stood_in"]
            yield Finding(Measure.FALLBACK_SHARE, surface, "", share, share)


def _exposure(figures: dict[str, Any]) -> Iterator[Finding]:
    """Yield each group's ratio; what is certain is its interval's end nearer to proportion."""
    for kind, rows in figures["exposure"].items():
        for row in rows:
            if row["by_purchases"] is None:
                continue
            value, low, high = row["by_purchases"]
            certain = max(low, 1 / high)
            subject = f"{kind}: {row['label']}"
            yield Finding(Measure.DISPARATE_EXPOSURE, "", subject, value, certain)


def _popularity(figures: dict[str, Any]) -> Iterator[Finding]:
    for row in figures["popularity"][:1]:
        if row["lift"] is not None:
            value, low, _high = row["lift"]
            yield Finding(Measure.POPULARITY_LIFT, "", "", value, max(low, 0.0))


def _coverage(figures: dict[str, Any]) -> Iterator[Finding]:
    share = figures["evenness"]["coverage"]
    counts = "seen" if figures["needs_seen"] else "served"
    lists = sum(day[counts] for day in figures["days"])
    if share is not None and lists >= FEWEST_LISTS:
        yield Finding(Measure.LOW_COVERAGE, "", "", share, share)
