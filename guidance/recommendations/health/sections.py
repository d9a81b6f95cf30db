"""The page's sections: what each subject means, what was found, its tables and figures."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from guidance.recommendations.health import figures, wording
from guidance.recommendations.health.cells import Table
from guidance.recommendations.health.links import Links
from guidance.recommendations.health.measures import DEFAULTS, PROPORTION, Measure
from guidance.recommendations.health.models import HealthThreshold
from guidance.recommendations.health.products import KINDS, NEW_DAYS
from guidance.recommendations.health.segments import KINDS as SEGMENTS
from guidance.recommendations.health.tables import (
    answers_table,
    categories_table,
    changes_table,
    days_table,
    evenness_table,
    exposure_rows,
    exposure_table,
    inputs_table,
    popularity_table,
    quality_table,
    scores_table,
)


@dataclass(frozen=True)
class Part:
    """A table with the figure above it."""

    table: Table
    figure: dict[str, Any] | None = None


@dataclass(frozen=True)
class Section:
    """One subject: what it means, sentences that say what was found, and its parts."""

    key: str
    title: str
    lead: str
    parts: list[Part]
    said: list[str] = field(default_factory=list)


def sections(found: dict[str, Any], links: Links) -> list[Section]:
    """Return every section; without figures, with empty tables."""
    thresholds = {one.measure: one for one in HealthThreshold.objects.all()}
    return [
        _exposure(found, links, _ratio_level(thresholds)),
        _quality(found, links),
        _evenness(found),
        _calibration(found),
        _scores(found),
        _drift(found, _levels(thresholds, Measure.INPUT_DRIFT)),
    ]


def _exposure(found: dict[str, Any], links: Links, threshold: float) -> Section:
    return Section(
        key="exposure",
        title=_("Exposure against relevance"),
        lead=_(
            "Exposure is what lists give a product: 1 / log2(1 + position), added up. Relevance is "
            "what the shoppers who got the lists bought in the same days, recommended or not, each "
            "product once a shopper. A ratio of 1 is exposure in proportion; a group is marked "
            "where its whole interval lies beyond %(over)s or below %(under)s. Intervals hold for "
            "all groups of a table together. New means listed at most %(days)s days before the "
            "period."
        )
        % {
            "over": wording.number(threshold, 2),
            "under": wording.number(1 / threshold, 2),
            "days": NEW_DAYS,
        },
        parts=[
            Part(
                exposure_table(found, kind, links, threshold),
                figures.exposure_figure(exposure_rows(found, kind), kind),
            )
            for kind in KINDS
        ],
        said=_basis(found),
    )


def _basis(found: dict[str, Any]) -> list[str]:
    if not found:
        return []
    if found["needs_seen"]:
        return [_("Counted are the decisions that were seen.")]
    return [
        _(
            "No impressions were reported, so CTR and conversion cannot be said: exposure is that "
            "of the lists served, and a purchase counts for the list served last before it."
        )
    ]


def _quality(found: dict[str, Any], links: Links) -> Section:
    return Section(
        key="quality",
        title=_("Quality by shopper"),
        lead=_(
            "CTR is clicked over seen. A purchase counts for the decision that its shopper saw "
            "last in the 24 hours before it: conversion is the share of seen decisions with one; "
            "hit rate and NDCG say how well the lists of those decisions held what was bought. "
            "Intervals hold 95 times in 100 and take a shopper's decisions together. A shopper's "
            "market is the only one of their time zone or language."
        ),
        parts=[
            Part(changes_table(found)),
            *(Part(quality_table(found, kind, links)) for kind in SEGMENTS),
            Part(days_table(found, links), figures.quality_figure(found.get("days", []))),
        ],
    )


def _evenness(found: dict[str, Any]) -> Section:
    return Section(
        key="popularity",
        title=_("Coverage and popularity"),
        lead=_(
            "Coverage is the share of the products that may be recommended that were shown at all; "
            "Gini's index is 0 where all are shown alike and near 1 where one has everything. "
            "Popularity is the share of shoppers who looked at, put into a cart or bought a "
            "product in the year before the period. The lift compares what shoppers were shown "
            "with what they chose themselves; the fifth of them with the least taste for popular "
            "products is called niche, the fifth with the most mainstream."
        ),
        parts=[
            Part(evenness_table(found), figures.lorenz_figure(found.get("evenness", {}))),
            Part(popularity_table(found)),
        ],
    )


def _calibration(found: dict[str, Any]) -> Section:
    calibration = found.get("calibration", {})
    said = []
    if calibration.get("mean"):
        value, low, high = calibration["mean"]
        said = [
            _(
                "The divergence of a shopper's list from their own categories is %(value)s nats "
                "on average (95 %% interval %(low)s to %(high)s), over %(shoppers)s shoppers; one "
                "list for everybody would have %(everybody)s."
            )
            % {
                "value": wording.number(value, 3),
                "low": wording.number(low, 3),
                "high": wording.number(high, 3),
                "shoppers": wording.number(calibration["shoppers"]),
                "everybody": wording.number(calibration["everybody"], 3),
            }
        ]
    return Section(
        key="calibration",
        title=_("Calibration to shoppers' tastes"),
        lead=_(
            "A calibrated list covers the categories of its shopper's own choices in their own "
            "proportions; 0 is perfect. Choices are those before the shopper's first list of the "
            "period."
        ),
        parts=[Part(categories_table(found), figures.categories_figure(calibration))],
        said=said,
    )


def _scores(found: dict[str, Any]) -> Section:
    return Section(
        key="scores",
        title=_("Scores against outcomes"),
        lead=_(
            "Items in bands of about as many, by the score they were ranked with. Scores that "
            "predict make the rates rise from band to band. High scores also stand higher on the "
            "page, where more is clicked: a part of the rise is the position."
        ),
        parts=[Part(scores_table(found), figures.scores_figure(found.get("scores", [])))],
    )


def _drift(found: dict[str, Any], levels: tuple[float, float]) -> Section:
    came_in = found.get("came_in", {}).get("rows", [])
    answered = found.get("answered", [])
    return Section(
        key="drift",
        title=_("Drift of inputs"),
        lead=_(
            "How far distributions moved, by the population stability index: the sum of (now - "
            "before) × ln(now / before) over the groups of a distribution. What came in is "
            "measured against the days that the newest model learned from, as for retraining; "
            "what was answered in the last 7 days against the days of the period before them. The "
            "dotted lines say from where on it is worth a look (%(look)s) and an alarm (%(alarm)s)."
        )
        % {"look": wording.number(levels[0], 2), "alarm": wording.number(levels[1], 2)},
        parts=[
            Part(inputs_table(found, levels[0]), figures.shifts_figure(came_in, *levels)),
            Part(answers_table(found, levels[0]), figures.shifts_figure(answered, *levels)),
        ],
    )


def _ratio_level(thresholds: dict[str, HealthThreshold]) -> float:
    """Return what marks a group; a row from before forms refused it may lie below proportion."""
    return max(_levels(thresholds, Measure.DISPARATE_EXPOSURE)[0], PROPORTION)


def _levels(thresholds: dict[str, HealthThreshold], measure: str) -> tuple[float, float]:
    own = thresholds.get(measure) or DEFAULTS[measure]
    return own.look, own.alarm
