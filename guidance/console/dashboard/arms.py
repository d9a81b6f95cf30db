"""The arms of running and past experiments over a period, as a table with links to the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from guidance.behaviour.period import Period
from guidance.console.dashboard import wording
from guidance.console.dashboard.metrics import (
    RATIOS,
    Ratio,
    counts_in_words,
    interval_in_words,
    measurable,
)
from guidance.console.dashboard.selectors import ArmKey, Behaviour, Decisions
from guidance.decisions.selectors import Outcomes


@dataclass(frozen=True)
class Cell:
    """One metric of one arm; `value` is empty where it is not measured."""

    value: str
    counts: str
    interval: str


@dataclass(frozen=True)
class ArmRow:
    """One arm's line of the table."""

    name: str
    url: str
    served: str
    seen: str
    cells: list[Cell]
    revenue: str


def arm_names(arms: Sequence[ArmKey]) -> dict[ArmKey, str]:
    """Return what figures call each arm; the experiment is named where there are several."""
    several = len({arm.experiment for arm in arms if arm.experiment}) > 1
    return {arm: arm_name(arm) if several or not arm.experiment else arm.arm for arm in arms}


def arm_name(arm: ArmKey) -> str:
    """Return an arm's whole name."""
    return f"{arm.experiment} · {arm.arm}" if arm.experiment else _("outside experiments")


def arm_rows(
    period: Period, decisions: Decisions, behaviour: Behaviour, currency: str
) -> list[ArmRow]:
    """Return a line for each arm with decisions in the period."""
    bought = {ratio: measurable(ratio, behaviour, period) for ratio in RATIOS}
    return [
        ArmRow(
            name=arm_name(arm),
            url=_decisions_url(arm, period),
            served=wording.number(total.served),
            seen=wording.number(total.seen),
            cells=[_cell(ratio, total, bought[ratio]) for ratio in RATIOS],
            revenue=wording.money(total.revenue, currency) if total.converted else "",
        )
        for arm in decisions.arms(period)
        for total in [decisions.total(period, arm)]
    ]


def _cell(ratio: Ratio, total: Outcomes, is_measurable: bool) -> Cell:
    value = ratio.of(total) if is_measurable else None
    if value is None:
        return Cell("", "", "")
    return Cell(ratio.say(value), counts_in_words(ratio, total), interval_in_words(ratio, total))


def _decisions_url(arm: ArmKey, period: Period) -> str:
    query = {"source__exact": period.decision_source}
    if arm.experiment:
        query |= {"experiment": arm.experiment, "arm": arm.arm}
    return f"{reverse('admin:decisions_decision_changelist')}?{urlencode(query)}"
