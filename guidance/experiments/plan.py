"""What a plan must say before anybody may approve it, and what of it is frozen."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from guidance.experiments.hooks import testable_of
from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.selectors.chosen import metrics_of
from guidance.experiments.targeting.check import check_conditions

# Shares have four decimals: three thirds miss 1 by this much.
ROUNDING = Decimal("0.0001")
StopRule = Experiment.StopRule


def plan_problems(experiment: Experiment, arms: Sequence[Arm]) -> list[str]:
    """Return everything that keeps a draft from being approved, in words for people."""
    return [
        *_split_problems(arms),
        *_goal_problems(experiment),
        *_end_problems(experiment),
        *_reach_problems(experiment),
        *_policy_problems(experiment, arms),
    ]


def _split_problems(arms: Sequence[Arm]) -> Iterator[str]:
    if sum(arm.weight > 0 for arm in arms) < 2:
        yield _("An experiment needs two arms with a share.")
    for arm in arms:
        if not arm.weight:
            yield (
                _("Arm %(arm)s has no share and would stay empty: give it one or remove it.")
                % {"arm": arm.key}
            )
    if sum(arm.is_control for arm in arms) != 1:
        yield _("Exactly one arm must be the control.")
    total = sum((arm.weight for arm in arms), Decimal(0))
    if abs(total - 1) > ROUNDING * len(arms):
        yield _("The shares sum to %(total)s; they must sum to 1.") % {"total": total}


def _goal_problems(experiment: Experiment) -> Iterator[str]:
    if not experiment.hypothesis.strip():
        yield _("Say what you expect and why: the hypothesis is empty.")
    metrics = metrics_of(experiment)
    if experiment.primary_metric not in metrics:
        yield _("Choose one primary metric.")
    elif problem := quantile_problem(metrics[experiment.primary_metric], experiment.stop_rule):
        yield problem
    if not experiment.smallest_effect:
        yield _("Say how small an effect would still be worth the change.")
    if unknown := sorted(set(experiment.guardrails) - set(metrics)):
        yield _("There is no guardrail metric %(names)s.") % {"names": ", ".join(unknown)}
    if unknown := sorted(set(experiment.also_measured) - set(metrics)):
        yield _("There is no metric %(names)s to measure too.") % {"names": ", ".join(unknown)}
    if experiment.primary_metric in experiment.guardrails:
        yield _("The primary metric cannot be a guardrail too.")


def quantile_problem(metric: Metric, stop_rule: str) -> str:
    """Return why a quantile cannot be a plan's primary metric, '' where it can, and of others.

    How exactly a quantile is known follows from how densely values lie around it. Whole counts lie
    on a few values: there is no density. Prices recur, which an interval of one look is only made
    wider by; one that holds at every look needs the estimate to move as a sum of independent parts
    does, which it does where values are spread without steps (Bahadur 1966), as times are.
    """
    if not metric.is_quantile or metric.is_time:
        return ""
    if not metric.is_money:
        return _(
            "A quantile of whole counts cannot be the primary metric: too many shoppers have the "
            "same, so how exactly it is known cannot be said. Choose a mean or a share."
        )
    if stop_rule == StopRule.SEQUENTIAL:
        return _(
            "A quantile of money cannot be read step by step: prices recur, and an interval that "
            "holds at every look needs values without steps. Choose a fixed horizon."
        )
    return ""


def _end_problems(experiment: Experiment) -> Iterator[str]:
    if experiment.stop_rule == StopRule.SEQUENTIAL and not experiment.horizon_days:
        yield _("Say after how many days a sequential experiment ends at the latest.")
    elif not experiment.horizon_days and not experiment.horizon_units:
        yield _("Say after how many days or shoppers it ends.")


def _reach_problems(experiment: Experiment) -> Iterator[str]:
    if not experiment.coverage:
        yield _("With a coverage of 0 nobody would take part.")
    if experiment.namespace and experiment.namespace_from >= experiment.namespace_to:
        yield _("The namespace's range must rise, from 0 to 1 at most.")
    for problem in check_conditions(experiment.targeting):
        yield _("Targeting: %(problem)s") % {"problem": problem}


def _policy_problems(experiment: Experiment, arms: Sequence[Arm]) -> Iterator[str]:
    testable = testable_of(experiment.surface, experiment.subject)
    if testable is None:
        yield (
            _("Field “Surface”: nothing serves “%(surface)s”, so nothing can be tested there.")
            % {"surface": experiment.surface}
        )
        return
    if fault := testable.fault(experiment.surface, experiment.subject):
        yield fault
        return
    known = {key for key, _label in testable.policies(experiment.surface, experiment.subject)}
    for arm in arms:
        if arm.policy not in known:
            yield (
                _("Arm %(arm)s: this surface has no policy “%(policy)s”.")
                % {"arm": arm.key, "policy": arm.policy}
            )


def freeze(experiment: Experiment, arms: Sequence[Arm]) -> dict[str, Any]:
    """Return what may not change from the approval on, as JSON."""
    more = {
        name: value
        for name, value in (
            ("also_measured", list(experiment.also_measured)),
            ("metric_versions", experiment.metric_versions),
            ("currency", experiment.currency),
            ("time_zone", experiment.time_zone),
        )
        if value
    }
    return more | {
        "surface": experiment.surface,
        "subject": experiment.subject,
        "source": experiment.source,
        "salt": experiment.salt,
        "hash_version": experiment.hash_version,
        "coverage": _number(experiment.coverage),
        "namespace": experiment.namespace,
        "namespace_from": _number(experiment.namespace_from),
        "namespace_to": _number(experiment.namespace_to),
        "targeting": experiment.targeting,
        "primary_metric": experiment.primary_metric,
        "guardrails": list(experiment.guardrails),
        "smallest_effect": _number(experiment.smallest_effect or 0),
        "stop_rule": experiment.stop_rule,
        "horizon_days": experiment.horizon_days,
        "horizon_units": experiment.horizon_units,
        "arms": [[arm.key, arm.policy, _number(arm.weight), arm.is_control] for arm in arms],
    }


def digest(experiment: Experiment, arms: Sequence[Arm]) -> str:
    """Return a hash of everything an approval is given to: who read another text, or of a metric
    that meant something else, approves none."""
    meant = [
        [metric.key, metric.version, *(str(getattr(metric, name)) for name in Metric.SAID)]
        for metric in metrics_of(experiment).values()
    ]
    said = [experiment.name, experiment.hypothesis, freeze(experiment, arms), meant]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def decision_said(experiment: Experiment) -> dict[str, Any]:
    """Return what was decided, why, and what the data recommended."""
    return {
        "decision": experiment.decision,
        "arm": experiment.decided_arm,
        "reason": experiment.decision_reason,
        "advice": experiment.evidence.get("advice", {}),
    }


def decision_digest(experiment: Experiment) -> str:
    """Return a hash of the decision that waits, with the evidence it was proposed on."""
    said = [experiment.decided_by_id, decision_said(experiment), experiment.evidence]
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _number(value: Decimal | int) -> float:
    return float(value)
