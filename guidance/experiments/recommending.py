"""What to do with an experiment: ship, keep running, stop or fix the split, and by which rule.

A pure function of the experiment's health, its metrics' results and its stop rule. The rules are
asked in the order of `Rule`; the first that holds decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    NotMeasured,
    SampleRatio,
    is_clear,
)

# Shoppers met by several arms are left out; above this share of all, those left are a selection.
MOST_IN_SEVERAL_ARMS = 0.01
# Days after its planned end within which a fixed experiment is still read once: the time in which
# the last shoppers' conversions come in.
LONGEST_WAIT = 7


class Action(StrEnum):
    """What to do."""

    SHIP = "ship"
    KEEP_RUNNING = "keep_running"
    WAIT = "wait"
    STOP = "stop"
    FIX_SPLIT = "fix_split"


class Rule(StrEnum):
    """Why; in the order in which they are asked."""

    ROWS_NOT_SOUND = "rows_not_sound"
    SPLIT_IS_OFF = "split_is_off"
    SEVERAL_ARMS = "several_arms"
    CLOCK_JUMPED = "clock_jumped"
    GUARD_ALARM = "guard_alarm"
    ENDED_EARLY = "ended_early"
    TOO_EARLY = "too_early"
    NOT_YET_READABLE = "not_yet_readable"
    GUARD_HARMED = "guard_harmed"
    MAY_TURN = "may_turn"
    GOAL_BETTER = "goal_better"
    GOAL_WORSE = "goal_worse"
    GAIN_TOO_SMALL = "gain_too_small"
    NOTHING_FOUND = "nothing_found"
    NOT_SURE_YET = "not_sure_yet"


class Role(StrEnum):
    """What a metric is for: the goal decides, a guard must not get worse."""

    GOAL = "goal"
    GUARD = "guard"


@dataclass(frozen=True)
class Health:
    """What makes figures untrustworthy, whatever they say.

    `several_arms` is the share of shoppers whom more than one arm met, `clock_jumps` the number of
    rows dated before an exposure was possible or after now, `is_sound` whether arms and shares are
    those that were approved, and `overlapping` the names of experiments that may meet the same
    shoppers.
    """

    sample_ratio: SampleRatio | NotMeasured
    several_arms: float = 0.0
    clock_jumps: int = 0
    is_sound: bool = True
    overlapping: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """One metric of one treatment against the control, and its place in the family of tests.

    `may_be_worth` tells whether the gain may reach the smallest effect that is worth the change,
    `is_alarm` that a guard is harmed beyond the confidence at which no end is waited for, and
    `may_turn` that returns still to come may turn it.
    """

    metric: str
    arm: str
    role: Role
    comparison: Comparison | NotMeasured
    corrected: Corrected | NotMeasured
    less_is_better: bool = False
    may_be_worth: bool = True
    is_alarm: bool = False
    may_turn: bool = False

    @property
    def gain(self) -> float:
        """How much better the treatment is; below zero, how much worse."""
        if isinstance(self.comparison, NotMeasured):
            return 0.0
        return -self.comparison.value if self.less_is_better else self.comparison.value

    @property
    def is_better(self) -> bool:
        return is_clear(self.comparison, self.corrected) and self.gain > 0

    @property
    def is_worse(self) -> bool:
        return is_clear(self.comparison, self.corrected) and self.gain < 0


@dataclass(frozen=True)
class StopRule:
    """When the experiment may be read, and when it ends.

    A sequential test may be read on any day, another at its planned end: when every horizon that
    the plan names is reached. Neither is read before `fewest_days` have passed: weekdays and
    weekends differ. `has_ended` says that no more data will come; `days_left` is the estimate of
    the days that are left, where there is one, `longest_wait` the days after the end in which the
    last shoppers' figures come in.
    """

    days: int
    units: int
    is_sequential: bool
    planned_days: int | None = None
    planned_units: int | None = None
    has_ended: bool = False
    fewest_days: int = 7
    most_days: int = 60
    days_left: int | None = None
    longest_wait: int = LONGEST_WAIT

    @property
    def is_at_end(self) -> bool:
        reached = [
            met >= planned
            for met, planned in ((self.days, self.planned_days), (self.units, self.planned_units))
            if planned is not None
        ]
        if reached and all(reached):
            return True
        return self.days >= max(self.most_days, self.planned_days or 0)

    @property
    def is_over(self) -> bool:
        return self.has_ended or self.is_at_end

    @property
    def is_readable(self) -> bool:
        return self.days >= self.fewest_days and (self.is_sequential or self.is_at_end)

    @property
    def is_overdue(self) -> bool:
        """Whether the one look was due so long ago that it has become many."""
        if self.is_sequential or self.has_ended or self.planned_days is None:
            return False
        return self.is_at_end and self.days > self.planned_days + self.longest_wait


@dataclass(frozen=True)
class Recommendation:
    """What to do with which arm, the rule behind it, both in words, and what to bear in mind."""

    action: Action
    rule: Rule
    text: str
    reason: str
    arm: str = ""
    caveats: tuple[str, ...] = ()
    is_overdue: bool = False


TEXTS = {
    Action.SHIP: gettext_lazy("Ship %(arm)s."),
    Action.KEEP_RUNNING: gettext_lazy("Keep the experiment running."),
    Action.WAIT: gettext_lazy("Take in no more shoppers and wait with the decision."),
    Action.STOP: gettext_lazy("Stop the experiment and stay with the control."),
    Action.FIX_SPLIT: gettext_lazy("Fix the split; what the arms show so far does not count."),
}


def recommend(health: Health, results: Sequence[Result], rule: StopRule) -> Recommendation:
    """Return what to do; `results` hold every metric of every treatment."""
    found = _unsound(health) or _alarmed(results) or _unreadable(rule) or _judged(results, rule)
    action, named, reason, arm = found
    text = str(TEXTS[action]) % {"arm": arm}
    caveats = _caveats(health, results, rule)
    return Recommendation(action, named, text, reason, arm, caveats, rule.is_overdue)


Found = tuple[Action, Rule, str, str]


def _unsound(health: Health) -> Found | None:
    """Return why the arms cannot be compared at all."""
    if not health.is_sound:
        reason = _("Its rows are not those that were approved, so no difference can be believed.")
        return Action.FIX_SPLIT, Rule.ROWS_NOT_SOUND, reason, ""
    check = health.sample_ratio
    if isinstance(check, SampleRatio) and check.is_off:
        reason = _("The arms do not hold the shoppers that their shares promise.")
        return Action.FIX_SPLIT, Rule.SPLIT_IS_OFF, reason, ""
    if health.several_arms > MOST_IN_SEVERAL_ARMS:
        reason = _("Too many shoppers were met by more than one arm.")
        return Action.FIX_SPLIT, Rule.SEVERAL_ARMS, reason, ""
    if health.clock_jumps:
        reason = ngettext(
            "The clock jumped: %(count)s event lies outside the time of the experiment.",
            "The clock jumped: %(count)s events lie outside the time of the experiment.",
            health.clock_jumps,
        ) % {"count": health.clock_jumps}
        return Action.FIX_SPLIT, Rule.CLOCK_JUMPED, reason, ""
    return None


def _alarmed(results: Sequence[Result]) -> Found | None:
    """Return the harm that waits for no end."""
    alarms = [result for result in results if result.is_alarm]
    if not alarms:
        return None
    worst = min(alarms, key=lambda result: result.gain)
    reason = _("%(metric)s of %(arm)s got worse, and must not.") % _names(worst)
    return Action.STOP, Rule.GUARD_ALARM, reason, ""


def _unreadable(rule: StopRule) -> Found | None:
    """Return why it is too early to read the results."""
    if rule.is_readable:
        return None
    if rule.has_ended:
        reason = _("It ended before its planned end, so no gain can be believed.")
        return Action.STOP, Rule.ENDED_EARLY, reason, ""
    if rule.days < rule.fewest_days:
        reason = ngettext(
            "It has run for %(days)s of at least %(fewest)s day.",
            "It has run for %(days)s of at least %(fewest)s days.",
            rule.fewest_days,
        ) % {"days": max(0, rule.days), "fewest": rule.fewest_days}
        return Action.KEEP_RUNNING, Rule.TOO_EARLY, _with_days(reason, rule), ""
    if rule.planned_days is not None and rule.days < rule.planned_days:
        reason = ngettext(
            "It is read once, after its planned %(planned)s day: %(days)s so far.",
            "It is read once, after its planned %(planned)s days: %(days)s so far.",
            rule.planned_days,
        ) % {"days": rule.days, "planned": rule.planned_days}
    else:
        reason = _(
            "It is read once, when the planned number of shoppers has come: %(units)s of "
            "%(planned)s so far."
        ) % {"units": rule.units, "planned": rule.planned_units or "…"}
    return Action.KEEP_RUNNING, Rule.NOT_YET_READABLE, _with_days(reason, rule), ""


def _judged(results: Sequence[Result], rule: StopRule) -> Found:
    """Return what readable results of a sound experiment say."""
    harmed = {result.arm: result for result in results if _harms(result)}
    goals = [result for result in results if result.role == Role.GOAL]
    open_goals = [result for result in goals if result.arm not in harmed]
    if harmed and not open_goals:
        worst = min(harmed.values(), key=lambda result: result.gain)
        reason = _("%(metric)s of %(arm)s got worse, and must not.") % _names(worst)
        return Action.STOP, Rule.GUARD_HARMED, reason, ""
    better = [r for r in open_goals if r.is_better and not _is_lost(r.arm, goals)]
    if worth := [result for result in better if result.may_be_worth]:
        best = max(worth, key=lambda result: result.gain)
        if best.may_turn:
            reason = _("%(metric)s of %(arm)s is better so far; many returns are still to come.")
            return Action.WAIT, Rule.MAY_TURN, reason % _names(best), ""
        reason = _("%(metric)s of %(arm)s is better than the control's.") % _names(best)
        return Action.SHIP, Rule.GOAL_BETTER, reason, best.arm
    if open_goals and all(_is_lost(result.arm, goals) for result in open_goals):
        worst = min(open_goals, key=lambda result: result.gain)
        reason = _("%(metric)s of %(arm)s is worse than the control's.") % _names(worst)
        return Action.STOP, Rule.GOAL_WORSE, reason, ""
    if _cannot_pay(open_goals) or (rule.is_over and better):
        reason = _("No arm's gain reaches the smallest effect that is worth the change.")
        return Action.STOP, Rule.GAIN_TOO_SMALL, reason, ""
    if rule.is_over:
        reason = _("The experiment is at its end, and no arm is clearly better.")
        return Action.STOP, Rule.NOTHING_FOUND, reason, ""
    reason = _("The data cannot tell the arms apart yet.")
    return Action.KEEP_RUNNING, Rule.NOT_SURE_YET, _with_days(reason, rule), ""


def _harms(result: Result) -> bool:
    return result.role == Role.GUARD and result.is_worse


def _cannot_pay(goals: Sequence[Result]) -> bool:
    """Tell whether no arm's gain may still be worth the change."""
    return bool(goals) and not any(result.may_be_worth for result in goals)


def _is_lost(arm: str, goals: Sequence[Result]) -> bool:
    """Tell whether one of an arm's goals got worse, whatever the others did."""
    return any(result.is_worse for result in goals if result.arm == arm)


def _names(result: Result) -> dict[str, str]:
    return {"metric": result.metric, "arm": result.arm}


def _with_days(reason: str, rule: StopRule) -> str:
    if rule.days_left is None:
        return reason
    days = ngettext(
        "About %(days)s day is left.", "About %(days)s days are left.", rule.days_left
    ) % {"days": rule.days_left}
    return f"{reason} {days}"


def _caveats(health: Health, results: Sequence[Result], rule: StopRule) -> tuple[str, ...]:
    """Return what does not decide and must be known."""
    found = []
    if isinstance(health.sample_ratio, NotMeasured):
        found.append(_("The split could not be checked."))
    if rule.is_overdue:
        found.append(
            _(
                "Its planned end is long over. It was to be read once; waiting until something is "
                "clear finds chance differences."
            )
        )
    if health.overlapping:
        found.append(
            _(
                "Shoppers may be in these at the same time: %(names)s. Give them a namespace to "
                "keep them apart."
            )
            % {"names": ", ".join(health.overlapping)}
        )
    found += [
        _("%(metric)s of %(arm)s got worse, and must not.") % _names(result)
        for result in results
        if _harms(result)
    ]
    found += [
        _("%(metric)s of %(arm)s is not measured.") % _names(result)
        for result in results
        if isinstance(result.comparison, NotMeasured)
    ]
    return tuple(found)
