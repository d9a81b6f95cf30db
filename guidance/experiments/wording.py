"""An experiment's figures in words: percentages, intervals, and why something is not measured."""

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.core.numbers import rounded
from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.selectors import Problem, Report, Trouble, Versus, metrics_of
from guidance.experiments.statistics import (
    Comparison,
    Estimate,
    NotMeasured,
    SampleRatio,
    Unmeasured,
)
from guidance.training.labels import policy_name

REASONS = {
    Unmeasured.NO_UNITS: gettext_lazy("nothing was reported"),
    Unmeasured.ONE_UNIT: gettext_lazy("a single shopper tells nothing about the others"),
    Unmeasured.NO_SPREAD: gettext_lazy("all values are alike"),
    Unmeasured.NO_BASELINE: gettext_lazy("the control is at zero"),
    Unmeasured.TOO_FEW: gettext_lazy("fewer than 5 cases, or all but 5, in an arm"),
    Unmeasured.NO_SHARES: gettext_lazy("fewer than two arms have a share"),
    Unmeasured.NOTHING_REPORTED: gettext_lazy("nothing of the kind was reported of any shopper"),
    Unmeasured.NOT_A_NUMBER: gettext_lazy("a value is no number, or too large to be one"),
    Unmeasured.IMPOSSIBLE: gettext_lazy("the counts contradict each other"),
    Unmeasured.NO_DENOMINATOR: gettext_lazy("there is nothing to divide by"),
    Unmeasured.UNPLACEABLE: gettext_lazy("too few values lie beyond this quantile"),
    Unmeasured.TIED: gettext_lazy("too many values are alike at this quantile"),
    Unmeasured.NO_EFFECT: gettext_lazy("an effect of zero cannot be found"),
    Unmeasured.UNREACHABLE: gettext_lazy("no experiment of a sensible size reaches this"),
    Unmeasured.NO_TRAFFIC: gettext_lazy("no new shoppers come"),
}
# What an empty count means depends on what is divided by.
EMPTY = {
    Metric.Denominator.EXPOSED: gettext_lazy("nobody was exposed"),
    Metric.Denominator.SAW: gettext_lazy("no impressions were reported"),
    Metric.Denominator.SERVED: gettext_lazy("nobody was exposed"),
    Metric.Denominator.SEEN: gettext_lazy("no impressions were reported"),
    Metric.Denominator.RATINGS: gettext_lazy("no ratings were reported"),
}
NO_PURCHASES = gettext_lazy("no purchase of any of these shoppers was reported")

TROUBLES = {
    Trouble.CHANGED: gettext_lazy(
        "Arms, shares or the plan were changed after the approval, outside this desk: shoppers may "
        "have changed arm, and no figure below can be believed."
    ),
    Trouble.EMPTY_ARM: gettext_lazy(
        "Nobody is in %(arms)s although others are: the comparison is empty."
    ),
    Trouble.UNKNOWN_ARM: gettext_lazy(
        "Decisions that name an arm which the experiment does not have: %(count)s. They are in no "
        "figure."
    ),
    Trouble.OUTSIDE_ITS_TIME: gettext_lazy(
        "Decisions made before the start, after the stop or in the future: %(count)s. A clock "
        "jumped, and the days after a first exposure cannot be believed."
    ),
}


def problem_text(problem: Problem) -> str:
    """Return what makes a report unsound."""
    return TROUBLES[problem.trouble] % problem.about


def stopped_text(experiment: Experiment) -> str:
    """Return why an experiment stopped, with the figures that stopped it."""
    if experiment.stop_cause != Experiment.StopCause.GUARDRAIL:
        return str(experiment.get_stop_cause_display())
    found = experiment.stop_details
    metric = metrics_of(experiment)[found["metric"]]
    scale, unit = scale_of(metric)
    words = {
        "metric": metric.title,
        "arm": found["arm"],
        "value": rounded(abs(scale * found["value"]), 2),
        "unit": unit,
    }
    if found["value"] > 0:
        return _("%(metric)s of %(arm)s rose by %(value)s %(unit)s against the control") % words
    return _("%(metric)s of %(arm)s fell by %(value)s %(unit)s against the control") % words


def arm_name(arm: Arm) -> str:
    """Return an arm's key with the policy it gets, where they differ."""
    policy = _("best baseline") if arm.policy == "best_baseline" else policy_name(arm.policy)
    return policy if arm.key in (arm.policy, policy) else f"{arm.key} ({policy})"


def not_measured(result: NotMeasured, metric: Metric | None = None) -> str:
    """Return "not measured" with its reason."""
    reason = REASONS[result.reason]
    if metric is not None and result.reason == Unmeasured.NO_UNITS:
        reason = EMPTY.get(Metric.Denominator(metric.denominator), reason)
    if result.reason == Unmeasured.NOTHING_REPORTED and metric is not None:
        reason = NO_PURCHASES if metric.event_kinds == ["purchase"] else reason
    return _("not measured: %(reason)s") % {"reason": reason}


def value_text(metric: Metric, value: float) -> str:
    """Return a metric's value: per cent for shares, plain stars, money and times with a unit."""
    if metric.is_share:
        return _("%(number)s %%") % {"number": rounded(100 * value, 1)}
    _scale, unit = scale_of(metric)
    said = rounded(value, digits_of(metric))
    return said if metric.is_stars or not unit else f"{said} {unit}"


def digits_of(metric: Metric) -> int:
    """Return the digits after the point that a value of a metric is told with."""
    if metric.is_stars or metric.is_money:
        return 2
    return 1 if metric.is_share or metric.is_time else 3


def interval_text(metric: Metric, estimate: Estimate) -> str:
    """Return an interval, low to high."""
    return _("%(low)s to %(high)s") % {
        "low": value_text(metric, estimate.low),
        "high": value_text(metric, estimate.high),
    }


def scale_of(metric: Metric) -> tuple[int, str]:
    """Return what a metric's differences are told in: points for shares, stars, money, times."""
    if metric.is_share:
        return 100, _("points")
    if metric.is_stars:
        return 1, _("stars")
    if metric.is_money:
        return 1, metric.currency
    return 1, _("ms") if metric.is_time else ""


def difference_text(metric: Metric, comparison: Comparison | NotMeasured) -> str:
    """Return a difference with its interval: points for shares, stars for satisfaction."""
    if isinstance(comparison, NotMeasured):
        return not_measured(comparison, metric)
    scale, unit = scale_of(metric)
    value, low, high = (
        rounded(scale * number, digits_of(metric))
        for number in (comparison.value, comparison.low, comparison.high)
    )
    sign = "+" if comparison.value > 0 and value.strip("0.,") else ""
    words = {"sign": sign, "value": value, "unit": unit, "low": low, "high": high}
    if not unit:
        return _("%(sign)s%(value)s (%(low)s to %(high)s)") % words
    return _("%(sign)s%(value)s %(unit)s (%(low)s to %(high)s)") % words


def lift_text(comparison: Comparison | NotMeasured) -> str:
    """Return a relative lift with its interval; empty where the difference says it already."""
    if isinstance(comparison, NotMeasured):
        return ""
    value, low, high = (
        rounded(100 * number, 0) for number in (comparison.value, comparison.low, comparison.high)
    )
    return _("relative: %(value)s %% (%(low)s to %(high)s), p %(p)s") % {
        "value": value,
        "low": low,
        "high": high,
        "p": p_text(comparison.p_value, "= "),
    }


def p_text(p_value: float, equals: str = "") -> str:
    """Return a p-value after `equals`, never as a zero that it is not."""
    return f"{equals}{rounded(p_value, 3)}" if p_value >= 0.001 else f"< {rounded(0.001, 3)}"


def sentence(versus: Versus) -> str:
    """Return what the data say about one treatment and one metric, for a reader in a hurry."""
    words = {
        "metric": versus.definition.title,
        "arm": arm_name(versus.arm),
        "difference": difference_text(versus.definition, versus.difference),
    }
    if isinstance(versus.difference, NotMeasured):
        return _("%(metric)s of %(arm)s against the control: %(difference)s.") % words
    if not versus.is_clear:
        return (
            _(
                "%(metric)s: the data cannot tell %(arm)s from the control; the difference is "
                "%(difference)s."
            )
            % words
        )
    if versus.difference.value > 0:
        return _("%(metric)s: %(arm)s is above the control by %(difference)s.") % words
    return _("%(metric)s: %(arm)s is below the control by %(difference)s.") % words


def sample_ratio_text(report: Report) -> str:
    """Return whether the arms hold the shoppers that their shares promise."""
    check = report.sample_ratio
    if isinstance(check, NotMeasured):
        return (
            _("not measured: %(reason)s") % {"reason": _("nobody was exposed")}
            if check.reason == Unmeasured.NO_UNITS
            else not_measured(check)
        )
    verdict = (
        _("The split is off: do not trust the comparison before the cause is found.")
        if check.is_off
        else _("The split is as it should be.")
    )
    return f"{verdict} {_against_expected(report, check, [arm.shoppers for arm in report.arms])}"


def logins_text(report: Report) -> str:
    """Return whether visitors of every arm logged in alike; '' where none did."""
    check = report.logins
    if not isinstance(check, SampleRatio):
        return ""
    verdict = (
        _("Visitors of one arm log in more often: do not trust the comparison.")
        if check.is_off
        else _("Visitors of every arm log in alike.")
    )
    return f"{verdict} {_against_expected(report, check, report.logged_in)}"


def _against_expected(report: Report, check: SampleRatio, counts: Sequence[int]) -> str:
    said = ", ".join(
        _("%(arm)s %(found)s (expected %(expected)s)")
        % {
            "arm": arm_name(arm.arm),
            "found": number_format(found, force_grouping=True),
            "expected": rounded(expected, 1),
        }
        for arm, found, expected in zip(report.arms, counts, check.expected, strict=False)
    )
    p_value = rounded(check.p_value, 4) if check.p_value >= 0.0001 else "< 0.0001"
    return f"{said}; p = {p_value}"


def is_split_off(report: Report) -> bool:
    """Tell whether the sample-ratio check failed."""
    return isinstance(report.sample_ratio, SampleRatio) and report.sample_ratio.is_off
