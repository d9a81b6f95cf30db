"""What a report says of each watched measure, chance left out, for thresholds to judge."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from guidance.recommendations.health.measures import Measure
from guidance.recommendations.health.segments import ALL, COUNTRY, LANGUAGE, MARKET, TIER

DROPS = {
    "ctr": Measure.CTR_DROP,
    "conversion": Measure.CONVERSION_DROP,
    "ndcg": Measure.NDCG_DROP,
    "seen": Measure.SEEN_DROP,
}
GAPS = {"ctr": Measure.GROUP_CTR, "ndcg": Measure.GROUP_NDCG}
# Groups of shoppers whom a shop owes lists as good as others'. Those told apart by how much is
# known of them differ by their nature.
COMPARED = (TIER, MARKET, LANGUAGE, COUNTRY)
# A group without a name is who tells nothing of themselves, and one of others together is no group.
UNNAMED = ("", "*")
# Below this many nats one list suits everybody, and a ratio to it says nothing.
LEAST_DIVERGENCE = 0.01
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
        *_calibration(figures),
        *_groups(figures),
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


def _calibration(figures: dict[str, Any]) -> Iterator[Finding]:
    """Yield the mean divergence of lists over that of one list for everybody."""
    found = figures["calibration"]
    everybody = found["everybody"]
    if found["mean"] is not None and everybody is not None and everybody > LEAST_DIVERGENCE:
        value, low, _high = (end / everybody for end in found["mean"])
        yield Finding(Measure.MISCALIBRATION, "", "", value, max(low, 0.0))


def _groups(figures: dict[str, Any]) -> Iterator[Finding]:
    """Yield how far each group lies below all; what is certain is how far their intervals lie
    apart.
    """
    quality = figures["quality"]
    for name, measure in GAPS.items():
        everybody = next((row[name] for row in quality[ALL]["rows"]), None)
        if everybody is None or everybody[0] <= 0 or everybody[1] <= 0:
            continue
        for kind in COMPARED:
            for row in quality[kind]["rows"]:
                if row[name] is None or row["label"] in UNNAMED:
                    continue
                value, _low, high = row[name]
                gap, certain = 1 - value / everybody[0], max(1 - high / everybody[1], 0.0)
                yield Finding(measure, "", f"{kind}: {row['label']}", gap, certain)
