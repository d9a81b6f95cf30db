"""What steps of cleaning and augmentations were measured to be worth, in words for people."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.core.numbers import rounded
from guidance.training.labels import interval_words, step_name
from guidance.training.models import TrainingRun

VERDICTS = {
    "helps": gettext_noop("helps"),
    "no_help": gettext_noop("does not measurably help"),
    "unclear": gettext_noop("cannot be told from so few"),
    "no_change": gettext_noop("changes nothing here"),
    "unmeasured": gettext_noop("not measured"),
}
SETTINGS = {
    "cleaning": gettext_noop("cleaning"),
    "augmentation": gettext_noop("augmentation"),
}


def effects_result(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measurement's table, how sure it is, and what it proposes; empty before the first
    figure.
    """
    if not report:
        return {}
    together = report["together"]
    return {
        "rows": [_row(step, step["in_use"]) for step in report["steps"]],
        "customers": number_format(report["customers"], force_grouping=True),
        "seeds": report["seeds"],
        "ndcg": rounded(report["ndcg@10"], 4),
        "proposes_change": report["proposed"] != report["in_use"],
        "switched": _switched(report),
        "together": interval_words(together) if together else "",
        "is_worse": together is not None and together["high"] < 0,
    }


def steps_in_use(run: TrainingRun | None, kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every step as trainings take it now, with what it was last measured to be worth; none
    before the first measurement.
    """
    if run is None:
        return []
    used = {**run.report["usual"], **kept}
    return [_row(step, step["name"] in used[step["setting"]]) for step in run.report["steps"]]


def _row(step: Mapping[str, Any], is_on: bool) -> dict[str, Any]:
    measured = step.get("difference")
    return {
        "step": step_name(step["setting"], step["name"]),
        "setting": _(SETTINGS[step["setting"]]),
        "is_on": is_on,
        "state": _("yes") if is_on else _("no"),
        "dropped": _dropped(step),
        "difference": f"{measured['mean']:+.4f}" if measured else "–",
        "interval": f"{measured['low']:+.4f} … {measured['high']:+.4f}" if measured else "–",
        "verdict": _(VERDICTS[step["verdict"]]),
        "helps": step["verdict"] == "helps",
    }


def _dropped(step: Mapping[str, Any]) -> str:
    """How many rows a step of cleaning leaves out; an augmentation leaves out none."""
    if step["setting"] != "cleaning" or "dropped" not in step:
        return "–"
    return str(number_format(step["dropped"], force_grouping=True))


def _switched(report: Mapping[str, Any]) -> list[str]:
    """Return what the proposal switches, a phrase each."""
    switched = []
    for step in report["steps"]:
        is_on = step["name"] in report["proposed"][step["setting"]]
        if is_on != step["in_use"]:
            name = {"step": step_name(step["setting"], step["name"])}
            switched.append(_("on: %(step)s") % name if is_on else _("off: %(step)s") % name)
    return switched
