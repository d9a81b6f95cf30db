"""The rows behind each figure: lists of the decision log whose rows add up to it."""

from urllib.parse import urlencode

from django.urls import reverse

from guidance.experiments.models import Experiment, Metric


def decisions_url(experiment: Experiment, *, arm: str = "", **narrowed: str) -> str:
    """Return the decision log narrowed to an experiment's decisions; see `decisions.filters`."""
    return _url("decision", experiment, arm, narrowed)


def outcomes_url(experiment: Experiment, *, arm: str = "", **narrowed: str) -> str:
    """Return the events that name an experiment's decisions."""
    return _url("outcome", experiment, arm, narrowed)


def rows_url(experiment: Experiment, metric: Metric, arm: str) -> str:
    """Return the page of the rows that one arm's figure of a metric is made of."""
    return reverse("admin:experiments_experiment_rows", args=[experiment.pk, arm, metric.key])


def _url(model: str, experiment: Experiment, arm: str, narrowed: dict[str, str]) -> str:
    query = {"experiment": experiment.key, "source__exact": experiment.source}
    if arm:
        query["arm"] = arm
    return f"{reverse(f'admin:decisions_{model}_changelist')}?{urlencode(query | narrowed)}"
