"""How a recipe's retraining stands: what would start the next training, and how near it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from guidance.core.numbers import rounded
from guidance.training.due import Situation, next_scheduled, rests_until
from guidance.training.effects import steps_in_use
from guidance.training.labels import cause_sentence, measure_name
from guidance.training.models import DriftReading, RetrainingPolicy, TrainingRun
from guidance.training.pages import known_recipe, written_parameters
from guidance.training.selectors import latest_effects, situation

MOST_MOVED = 3


def standing(policy: RetrainingPolicy) -> dict[str, Any]:
    """Return what the page of a recipe's retraining shows above its form."""
    now = timezone.now()
    found = situation(policy.recipe)
    return {
        "facts": [
            (_("last training"), _when(found.last.created_at) if found.last else _("none yet")),
            (_("next by the schedule"), _planned(policy, found, now)),
            (_("growth since the last training"), _growth(found)),
            (_("growth, drift and loss rest until"), _rest(policy, found, now)),
        ],
        "last_cause": run_cause(found.last) if found.last else "",
        "reading": found.reading,
        "is_old": found.reading is not None and found.fresh_reading is None,
        "measures": measure_rows(found.reading, policy),
        "kept": written_parameters(policy.params),
        **_steps(policy),
    }


def _steps(policy: RetrainingPolicy) -> dict[str, Any]:
    """What cleaning and augmentation are in use, and what each was measured to be worth; nothing
    for a model where that cannot be measured.
    """
    found = known_recipe(policy.recipe)
    if found is None or not found.measurer:
        return {"can_measure": False}
    run = latest_effects(policy.recipe)
    return {"can_measure": True, "measurement": run, "steps": steps_in_use(run, policy.params)}


def run_cause(run: TrainingRun) -> str:
    """Return who or what asked for a run, in a sentence or two."""
    when = _when(run.created_at)
    if run.trigger == TrainingRun.Trigger.PERSON:
        person = run.job.requested_by or _("somebody since deleted")
        return _("%(person)s asked for it on %(time)s.") % {"person": person, "time": when}
    if run.trigger == TrainingRun.Trigger.COMMAND:
        return _("A command asked for it on %(time)s.") % {"time": when}
    asked = _("It was asked for by itself on %(time)s.") % {"time": when}
    return f"{asked} {cause_sentence(run.trigger, run.cause)}"


def measure_rows(reading: DriftReading | None, policy: RetrainingPolicy) -> list[dict[str, Any]]:
    """Return one row per measure: how far it moved, and whether that is enough."""
    return [_measure_row(one, policy) for one in (reading.measures if reading else [])]


def _measure_row(measure: Mapping[str, Any], policy: RetrainingPolicy) -> dict[str, Any]:
    is_input = measure["group"] == "inputs"
    limit = policy.input_drift if is_input else policy.quality_loss_percent
    size = measure["size"] if is_input else 100 * measure["size"]
    return {
        "name": measure_name(measure["key"]),
        "size": rounded(size, 2) if is_input else f"{rounded(size, 1)} %",
        "limit": "–" if limit is None else number_format(limit) + ("" if is_input else " %"),
        "is_enough": limit is not None and measure["certain"] and size >= limit,
        "is_certain": measure["certain"],
        "moved": _moved(measure) if is_input else [_figures(measure)],
    }


def _moved(measure: Mapping[str, Any]) -> list[str]:
    """The groups whose share changed most."""
    before, now = measure["before"], measure["now"]
    names = sorted(before, key=lambda name: -abs(now.get(name, 0.0) - before[name]))
    return [
        f"{_(name)}: {_percent(before[name])} → {_percent(now.get(name, 0.0))}"
        for name in names[:MOST_MOVED]
    ]


def _figures(measure: Mapping[str, Any]) -> str:
    before, now = measure["before"]["value"], measure["now"]["value"]
    return f"{rounded(before, 4)} → {rounded(now, 4)}"


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 1)} %"


def _planned(policy: RetrainingPolicy, found: Situation, now: datetime) -> str:
    planned = next_scheduled(policy, found.last, now) if policy.is_active else None
    if planned is None:
        return _("never")
    return _("within minutes") if planned <= now else _when(planned)


def _growth(found: Situation) -> str:
    growth, last = found.growth, found.last_succeeded
    if growth is None or last is None:
        return _("unknown before the first training")
    before, now = (
        number_format(count or 0, force_grouping=True)
        for count in (last.data_size, found.data_size)
    )
    percent = "∞" if growth == float("inf") else rounded(100 * growth, 1)
    return _("%(percent)s %% (%(before)s → %(now)s events)") % {
        "percent": percent,
        "before": before,
        "now": now,
    }


def _rest(policy: RetrainingPolicy, found: Situation, now: datetime) -> str:
    until = rests_until(policy, found.last)
    return _when(until) if until > now else _("over")


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "Y-m-d H:i")
