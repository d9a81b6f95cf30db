"""Each metric of each treatment against the control, as the page and the CSV show it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from guidance.core.numbers import rounded
from guidance.experiments.selectors import LIFT_PRIOR, Report, Versus
from guidance.experiments.statistics import (
    CONFIDENCE,
    Comparison,
    Corrected,
    NotMeasured,
    Posterior,
)
from guidance.experiments.wording import arm_name, difference_text, not_measured, p_text, scale_of


@dataclass(frozen=True)
class VersusRow:
    """One comparison in words; a lift that is not measured says why in place of its figures."""

    title: str
    difference: str
    lift: str
    chance: str
    loss: str
    p_value: str
    is_goal: bool
    is_clear: bool
    is_measured: bool


def versus_rows(report: Report, primary_metric: str) -> list[VersusRow]:
    """Return every comparison, the primary metric's first."""
    found = sorted(report.comparisons, key=lambda one: one.metric != primary_metric)
    return [_row(one, is_goal=one.metric == primary_metric) for one in found]


def _row(one: Versus, *, is_goal: bool) -> VersusRow:
    return VersusRow(
        title=_("%(metric)s of %(arm)s")
        % {"metric": one.definition.title, "arm": arm_name(one.arm)},
        difference=difference_text(one.definition, one.difference),
        lift=_lift(one),
        chance=_per_cent(one.belief.chance_to_win, 1) if isinstance(one.belief, Posterior) else "",
        loss=_loss(one),
        p_value=p_text(one.corrected.adjusted) if isinstance(one.corrected, Corrected) else "",
        is_goal=is_goal,
        is_clear=one.is_clear,
        is_measured=isinstance(one.difference, Comparison),
    )


def reading_text(report: Report) -> str:
    """Return what the intervals promise: at one look, or at every look."""
    confidence = rounded(100 * CONFIDENCE)
    if report.reading.is_sequential:
        return _(
            "Sequential: intervals and p-values are always valid. They hold %(confidence)s %% over "
            "all looks together, however often one looks, and are wider than those of a single "
            "look."
        ) % {"confidence": confidence}
    return _(
        "Intervals hold %(confidence)s %% for one look at a time set beforehand; looking every day "
        "finds chance differences more often."
    ) % {"confidence": confidence}


def family_text(report: Report) -> str:
    """Return how many tests share the error, '' where none was made."""
    sizes = [
        one.corrected.family for one in report.comparisons if isinstance(one.corrected, Corrected)
    ]
    if not sizes:
        return ""
    return _("p is corrected for all tests of this page together (Holm): %(count)s.") % {
        "count": sizes[0]
    }


def prior_text() -> str:
    """Return what the chances and losses start from."""
    return _(
        "Chance to win and expected loss are Bayesian: before the data a lift is held to be "
        "%(mean)s %% ± %(deviation)s %% (normal). The loss is what to expect to lose if the "
        "choice is the wrong one. Neither is corrected for many looks."
    ) % {
        "mean": rounded(100 * LIFT_PRIOR.mean),
        "deviation": rounded(100 * LIFT_PRIOR.variance**0.5),
    }


def versus_csv_rows(report: Report) -> Iterator[list[Any]]:
    """Yield each comparison's figures, unrounded, in the columns of the table's CSV."""
    kind = _("always valid") if report.reading.is_sequential else _("one look")
    for one in report.comparisons:
        against = _("%(arm)s against the control") % {"arm": one.arm.key}
        for name, numbers in _figures(one, kind):
            yield [f"{one.definition.title}: {name}", against, one.arm.key, *numbers]


def _figures(one: Versus, kind: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield each figure's name, value, low, high and note."""
    for name, found in ((_("difference"), one.difference), (_("relative lift"), one.lift)):
        if isinstance(found, NotMeasured):
            yield name, ["", "", "", not_measured(found, one.definition)]
        else:
            yield name, [found.value, found.low, found.high, kind]
    if isinstance(one.difference, Comparison):
        yield _("p"), [one.difference.p_value, "", "", kind]
    if isinstance(one.corrected, Corrected):
        yield _("p, corrected (Holm)"), [one.corrected.adjusted, "", "", kind]
    if isinstance(one.belief, Posterior):
        yield _("chance to win"), [one.belief.chance_to_win, "", "", prior_text()]
        yield _("expected loss if shipped"), [one.belief.loss_of_treatment, "", "", ""]
        yield _("expected loss if kept"), [one.belief.loss_of_control, "", "", ""]


def _lift(one: Versus) -> str:
    if isinstance(one.lift, NotMeasured):
        return not_measured(one.lift, one.definition)
    value, low, high = (_per_cent(n, 1) for n in (one.lift.value, one.lift.low, one.lift.high))
    sign = "+" if one.lift.value > 0 else ""
    return _("%(value)s (%(low)s to %(high)s)") % {"value": sign + value, "low": low, "high": high}


def _loss(one: Versus) -> str:
    if isinstance(one.belief, NotMeasured):
        return ""
    scale, unit = scale_of(one.definition)
    return _("%(ship)s %(unit)s if shipped, %(keep)s if kept") % {
        "ship": rounded(scale * one.belief.loss_of_treatment, 2),
        "keep": rounded(scale * one.belief.loss_of_control, 2),
        "unit": unit,
    }


def _per_cent(share: float, digits: int) -> str:
    return _("%(number)s %%") % {"number": rounded(100 * share, digits)}
