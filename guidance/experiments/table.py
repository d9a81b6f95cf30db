"""The experiment's table: each figure with its definition, each cell with the rows behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.experiments.defined import definition_of
from guidance.experiments.links import decisions_url, outcomes_url, rows_url
from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.selectors import ArmReport, Report, Versus
from guidance.experiments.statistics import NotMeasured
from guidance.experiments.versus import versus_csv_rows
from guidance.experiments.wording import (
    arm_name,
    difference_text,
    interval_text,
    lift_text,
    not_measured,
    value_text,
)


@dataclass(frozen=True)
class Cell:
    """What one cell says: whose it is, the figure, a second line, the rows it was counted from."""

    label: str
    text: str
    note: str = ""
    url: str = ""
    is_measured: bool = True


@dataclass(frozen=True)
class Row:
    """One figure: its name and definition, a cell for each arm, a difference for each treatment."""

    title: str
    definition: str
    cells: list[Cell]
    differences: list[Cell]
    is_metric: bool = False


Count = Callable[[ArmReport], int]
Link = Callable[[Experiment, str], str]

COUNTS: list[tuple[Promise, Promise, Count, Link]] = [
    (
        gettext_lazy("Shoppers"),
        gettext_lazy("exposed: they got at least one decision; the unit of every interval"),
        lambda arm: arm.shoppers,
        lambda experiment, arm: decisions_url(experiment, arm=arm, shoppers="first"),
    ),
    (
        gettext_lazy("Decisions served"),
        gettext_lazy("answers given, seen or not"),
        lambda arm: arm.total.served,
        lambda experiment, arm: decisions_url(experiment, arm=arm, shoppers="one_arm"),
    ),
    (
        gettext_lazy("… by a fallback"),
        gettext_lazy("decisions for which the arm's policy could not answer; they stay in its arm"),
        lambda arm: arm.total.stood_in,
        lambda experiment, arm: decisions_url(
            experiment, arm=arm, shoppers="one_arm", outcome="stood_in"
        ),
    ),
    (
        gettext_lazy("Decisions seen"),
        gettext_lazy("decisions with an impression of at least one item"),
        lambda arm: arm.total.seen,
        lambda experiment, arm: decisions_url(
            experiment, arm=arm, shoppers="one_arm", outcome="seen"
        ),
    ),
    (
        gettext_lazy("Impressions"),
        gettext_lazy("impression events, one an item shown"),
        lambda arm: arm.total.impressions,
        lambda experiment, arm: outcomes_url(
            experiment, arm=arm, counted="one_arm", kind__exact="impression"
        ),
    ),
    (
        gettext_lazy("Clicks"),
        gettext_lazy("click events"),
        lambda arm: arm.total.clicks,
        lambda experiment, arm: outcomes_url(
            experiment, arm=arm, counted="one_arm", kind__exact="click"
        ),
    ),
    (
        gettext_lazy("Decisions clicked"),
        gettext_lazy("decisions seen and clicked at least once"),
        lambda arm: arm.total.clicked,
        lambda experiment, arm: decisions_url(
            experiment, arm=arm, shoppers="one_arm", outcome="clicked"
        ),
    ),
    (
        gettext_lazy("Shoppers who bought"),
        gettext_lazy("shoppers with a purchase within 7 days after their first decision"),
        lambda arm: arm.converted,
        lambda experiment, arm: decisions_url(
            experiment, arm=arm, shoppers="first", outcome="converted"
        ),
    ),
    (
        gettext_lazy("Ratings"),
        gettext_lazy("rating events on the arm's decisions"),
        lambda arm: arm.total.ratings,
        lambda experiment, arm: outcomes_url(
            experiment, arm=arm, counted="one_arm", kind__exact="rating"
        ),
    ),
]


def table_rows(experiment: Experiment, report: Report) -> list[Row]:
    """Return the table, metrics last.

    As of a past moment no cell opens its rows: the log lists those of today.
    """
    rows = [*_count_rows(experiment, report), *_metric_rows(experiment, report)]
    return rows if report.as_of is None else [_without_links(row) for row in rows]


def _without_links(row: Row) -> Row:
    return replace(row, cells=[replace(cell, url="") for cell in row.cells])


def csv_rows(experiment: Experiment, report: Report) -> Iterator[list[Any]]:
    """Yield the table as plain rows, numbers unrounded, and what was left out."""
    yield ["figure", "definition", "arm", "value", "low", "high", "note"]
    for title, definition, count, _link in COUNTS:
        for arm in report.arms:
            yield [title, definition, arm.arm.key, count(arm), "", "", ""]
    for key, metric in report.metrics.items():
        for arm in report.arms:
            numbers = _numbers(arm.metrics[key], metric)
            yield [metric.title, definition_of(metric), arm.arm.key, *numbers]
    yield from versus_csv_rows(report)
    for said, number in exclusions(report):
        yield [_("left out"), said, "", number, "", "", ""]


def exclusions(report: Report) -> list[tuple[str, int]]:
    """Return what no figure holds, in words and numbers."""
    left_out = report.exclusions
    return [
        (_("shoppers who met several arms"), left_out.shoppers_in_several_arms),
        (_("decisions for them"), left_out.decisions_in_several_arms),
        (
            _("decisions for visitors who logged in since and count as the customer"),
            left_out.decisions_before_login,
        ),
        (_("shoppers who are staff"), left_out.staff),
        (_("shoppers who are scripts"), left_out.scripts),
        (_("decisions without a shopper"), left_out.decisions_without_shopper),
        (
            _("events that name a decision of another shopper or came too late"),
            left_out.events_not_counted,
        ),
    ]


def exclusion_urls(experiment: Experiment) -> list[str]:
    """Return the rows behind each of `exclusions`."""
    return [
        decisions_url(experiment, shoppers="several_arms"),
        decisions_url(experiment, shoppers="several_arms"),
        decisions_url(experiment, shoppers="before_login"),
        decisions_url(experiment, shoppers="staff"),
        decisions_url(experiment, shoppers="bot"),
        decisions_url(experiment, shoppers="nobody"),
        outcomes_url(experiment, counted="no"),
    ]


def _count_rows(experiment: Experiment, report: Report) -> Iterator[Row]:
    for title, definition, count, link in COUNTS:
        cells = [
            Cell(
                arm_name(arm.arm),
                number_format(count(arm), force_grouping=True),
                url=link(experiment, arm.arm.key),
            )
            for arm in report.arms
        ]
        empty = [Cell(name, "") for name in treatments(report)]
        yield Row(str(title), str(definition), cells, empty)


def _metric_rows(experiment: Experiment, report: Report) -> Iterator[Row]:
    for key, metric in report.metrics.items():
        versus = [found for found in report.comparisons if found.metric == key]
        yield Row(
            metric.title,
            definition_of(metric),
            [_metric_cell(experiment, arm, metric) for arm in report.arms],
            [_versus_cell(found) for found in versus],
            is_metric=True,
        )


def treatments(report: Report) -> list[str]:
    """Return the titles of the columns that compare with the control, in the table's order."""
    titles = {versus.arm.key: against_control(versus.arm) for versus in report.comparisons}
    return list(titles.values())


def against_control(arm: Arm) -> str:
    return _("%(arm)s against the control") % {"arm": arm_name(arm)}


def _metric_cell(experiment: Experiment, arm: ArmReport, metric: Metric) -> Cell:
    name, found = arm_name(arm.arm), arm.metrics[metric.key]
    if isinstance(found, NotMeasured):
        return Cell(name, not_measured(found, metric), is_measured=False)
    url = rows_url(experiment, metric, arm.arm.key)
    return Cell(name, value_text(metric, found.value), interval_text(metric, found), url)


def _versus_cell(versus: Versus) -> Cell:
    measured = not isinstance(versus.difference, NotMeasured)
    text = difference_text(versus.definition, versus.difference)
    name = against_control(versus.arm)
    return Cell(name, text, lift_text(versus.lift), is_measured=measured)


def _numbers(found: Any, metric: Metric) -> list[Any]:
    if isinstance(found, NotMeasured):
        return ["", "", "", not_measured(found, metric)]
    return [found.value, found.low, found.high, ""]
