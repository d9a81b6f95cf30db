"""Guardrails: every running experiment looked at, and stopped where it clearly does harm."""

import logging

from django.core.exceptions import ValidationError

from guidance.experiments.advice import Harm, harms
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import report
from guidance.experiments.services.lifecycle import stop_experiment

logger = logging.getLogger(__name__)


def watch_guardrails() -> int:
    """Stop every running experiment that harms a guardrail metric; return how many.

    A stopped one waits, first on everybody's list, for a person who decides. Experiments without
    guardrails cost nothing. What goes wrong with one is raised once all were looked at.
    """
    running = Experiment.objects.filter(status=Experiment.Status.RUNNING).exclude(guardrails=[])
    stopped, problems = 0, []
    for experiment in running:
        try:
            stopped += _stop_where_harmed(experiment)
        except Exception as problem:
            problem.add_note(f"while the guardrails of {experiment.key} were looked at")
            problems.append(problem)
    if problems:
        raise ExceptionGroup("guardrails could not be looked at", problems)
    return stopped


def _stop_where_harmed(experiment: Experiment) -> bool:
    found = next(iter(harms(experiment, report(experiment))), None)
    if found is None:
        return False
    try:
        stop_experiment(
            experiment=experiment,
            actor=None,
            cause=Experiment.StopCause.GUARDRAIL,
            details=_as_json(found),
        )
    except ValidationError:  # a person was faster
        return False
    logger.warning(
        "Experiment %s stopped: arm %s harms %s", experiment.key, found.arm, found.metric
    )
    return True


def _as_json(harm: Harm) -> dict[str, str | float]:
    return {
        "metric": harm.metric,
        "arm": harm.arm,
        "value": harm.found.value,
        "low": harm.found.low,
        "high": harm.found.high,
    }
