"""An experiment's figures in words: percentages, intervals, and why something is not measured."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.core.numbers import rounded
from guidance.experiments.metrics import METRIC_NAMES
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.selectors import Problem, Report, Trouble, Versus
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
    Unmeasured.NOTHING_REPORTED: gettext_lazy("no purchase of any of these shoppers was reported"),
    Unmeasured.NOT_A_NUMBER: gettext_lazy("a value is no number, or too large to be one"),
    Unmeasured.IMPOSSIBLE: gettext_lazy("the counts contradict each other"),
    Unmeasured.NO_DENOMINATOR: gettext_lazy("there is nothing to divide by"),
    Unmeasured.UNPLACEABLE: gettext_lazy("too few values lie beyond this quantile"),
    Unmeasured.TIED: gettext_lazy("too many values are alike at this quantile"),
    Unmeasured.NO_EFFECT: gettext_lazy("an effect of zero cannot be found"),
    Unmeasured.UNREACHABLE: gettext_lazy("no experiment of a sensible size reaches this"),
    Unmeasured.NO_TRAFFIC: gettext_lazy("no new shoppers come"),
}
# What an empty count means depends on what is counted.
EMPTY = {
    "ctr": gettext_lazy("no impressions were reported"),
    "conversion": gettext_lazy("nobody was exposed"),
    "satisfaction": gettext_lazy("no ratings were reported"),
}

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
    metric = found["metric"]
    scale, unit = scale_of(metric)
    return _("%(metric)s of %(arm)s fell by %(value)s %(unit)s against the control") % {
        "metric": METRIC_NAMES[metric],
        "arm": found["arm"],
        "value": rounded(-scale * found["value"], 2),
        "unit": unit,
    }


def arm_name(arm: Arm) -> str:
    """Return an arm's key with the policy it gets, where they differ."""
    policy = _("best baseline") if arm.policy == "best_baseline" else policy_name(arm.policy)
    return policy if arm.key in (arm.policy, policy) else f"{arm.key} ({policy})"


def not_measured(result: NotMeasured, metric: str = "") -> str:
    """Return "not measured" with its reason."""
    reason = REASONS[result.reason]
    if result.reason == Unmeasured.NO_UNITS:
        reason = EMPTY.get(metric, reason)
    return _("not measured: %(reason)s") % {"reason": reason}


def value_text(metric: str, value: float) -> str:
    """Return a metric's value: stars for satisfaction, per cent for the shares."""
    if metric == "satisfaction":
        return rounded(value, 2)
    return _("%(number)s %%") % {"number": rounded(100 * value, 1)}


def interval_text(metric: str, estimate: Estimate) -> str:
    """Return an interval, low to high."""
    return _("%(low)s to %(high)s") % {
        "low": value_text(metric, estimate.low),
        "high": value_text(metric, estimate.high),
    }


def scale_of(metric: str) -> tuple[int, str]:
    """Return what a metric's differences are told in: points for shares, stars for satisfaction."""
    return (1, _("stars")) if metric == "satisfaction" else (100, _("points"))


def difference_text(metric: str, comparison: Comparison | NotMeasured) -> str:
    """Return a difference with its interval: points for shares, stars for satisfaction."""
    if isinstance(comparison, NotMeasured):
        return not_measured(comparison, metric)
    scale, unit = scale_of(metric)
    value, low, high = (
        rounded(scale * number, 1 if scale == 100 else 2)
        for number in (comparison.value, comparison.low, comparison.high)
    )
    sign = "+" if comparison.value > 0 and value.strip("0.,") else ""
    return _("%(sign)s%(value)s %(unit)s (%(low)s to %(high)s)") % {
        "sign": sign,
        "value": value,
        "unit": unit,
        "low": low,
        "high": high,
    }


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
        "metric": METRIC_NAMES[versus.metric],
        "arm": arm_name(versus.arm),
        "difference": difference_text(versus.metric, versus.difference),
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
        return not_measured(check, "conversion")
    counts = ", ".join(
        _("%(arm)s %(found)s (expected %(expected)s)")
        % {
            "arm": arm_name(arm.arm),
            "found": number_format(arm.shoppers, force_grouping=True),
            "expected": rounded(expected, 1),
        }
        for arm, expected in zip(report.arms, check.expected, strict=False)
    )
    p_value = rounded(check.p_value, 4) if check.p_value >= 0.0001 else "< 0.0001"
    verdict = (
        _("The split is off: do not trust the comparison before the cause is found.")
        if check.is_off
        else _("The split is as it should be.")
    )
    return f"{verdict} {counts}; p = {p_value}"


def is_split_off(report: Report) -> bool:
    """Tell whether the sample-ratio check failed."""
    return isinstance(report.sample_ratio, SampleRatio) and report.sample_ratio.is_off
