"""An experiment's life on its page: who did what and when, and what this person may do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.core.models import User
from guidance.experiments.advice import advise, stop_rule
from guidance.experiments.models import TRANSITIONS, Experiment
from guidance.experiments.outlook import progress_lines
from guidance.experiments.overlaps import met_elsewhere
from guidance.experiments.plan import decision_digest, digest, plan_problems
from guidance.experiments.recommending import StopRule
from guidance.experiments.selectors import Report, metrics_of
from guidance.experiments.wording import stopped_text

Status = Experiment.Status


@dataclass(frozen=True)
class Happened:
    """One step that was taken."""

    what: str
    person: str
    at: datetime
    note: str = ""


def life_card(experiment: Experiment, user: User, found: Report | None = None) -> dict[str, Any]:
    """Return the card's context; `found` is the report of an experiment that was approved."""
    may = _may(experiment, user)
    context: dict[str, Any] = {
        "experiment": experiment,
        "happened": list(_happened(experiment)),
        "plan": plan_lines(experiment),
        "may": may,
        "is_author": user.pk in experiment.author_ids,
        "is_decider": experiment.awaits_second and experiment.decided_by_id == user.pk,
    }
    if experiment.status == Status.DRAFT:
        arms = list(experiment.arms.all())
        return context | {
            "lacks": plan_problems(experiment, arms),
            "seen": digest(experiment, arms),
        }
    if experiment.awaits_second:
        context["seen"] = decision_digest(experiment)
    if experiment.status == Status.APPROVED:
        context["beside"] = [other.name for other in met_elsewhere(experiment)]
    if found is not None and experiment.started_at is not None and not experiment.decided_at:
        context["advice"] = advise(experiment, found)
        context["days_left"] = days_left_text(stop_rule(experiment, found))
        context["progress"] = progress_lines(experiment, found)
        context["treatments_to_ship"] = [a.arm for a in found.arms if not a.arm.is_control]
        # A decision is judged by today's data, so nobody decides from a past day's page.
        may["decide"] = may["decide"] and found.as_of is None
    return context


def days_left_text(rule: StopRule) -> str:
    """Return how long it still takes shoppers in, in words."""
    if rule.has_ended:
        return _("It has ended; no more shoppers are taken in.")
    if rule.days_left is None:
        return _("At the pace of the last week nobody can tell.")
    if not rule.days_left:
        return _("None: it is at its planned end.")
    return ngettext(
        "About %(days)s day is left.", "About %(days)s days are left.", rule.days_left
    ) % {"days": rule.days_left}


def _may(experiment: Experiment, user: User) -> dict[str, bool]:
    """Return which buttons this person gets: what the services would refuse has none."""
    ways = TRANSITIONS[experiment.status]
    can = {
        name: user.has_perm(f"experiments.{name}_experiment")
        for name in ("change", "approve", "decide")
    }
    open_to_decide = Status.DECIDED in ways and can["decide"]
    return {
        "approve": Status.APPROVED in ways
        and can["approve"]
        and user.pk not in experiment.author_ids,
        "reopen": Status.DRAFT in ways and can["change"],
        "start": Status.RUNNING in ways and can["change"],
        "stop": Status.STOPPED in ways and can["change"],
        "archive": Status.ARCHIVED in ways and can["change"],
        "decide": open_to_decide and not experiment.awaits_second,
        "withdraw": open_to_decide and experiment.awaits_second,
        "confirm": open_to_decide
        and experiment.awaits_second
        and experiment.decided_by_id != user.pk,
        "undo": experiment.status == Status.DECIDED and experiment.is_shipped and can["decide"],
    }


def _happened(experiment: Experiment) -> Iterator[Happened]:
    """Yield the steps taken, the first one first."""
    one = experiment
    yield Happened(_("written"), _name(one.created_by), one.created_at)
    if one.approved_at:
        yield Happened(_("approved"), _name(one.approved_by), one.approved_at)
    if one.started_at:
        yield Happened(_("started"), _name(one.started_by), one.started_at)
    if one.stopped_at:
        yield Happened(_("stopped"), _name(one.stopped_by), one.stopped_at, stopped_text(one))
    if one.decided_at:
        yield Happened(decision_text(one), _deciders(one), one.decided_at, one.decision_reason)
    if one.unshipped_at:
        yield Happened(_("taken back"), _name(one.unshipped_by), one.unshipped_at)
    if one.archived_at:
        yield Happened(_("archived"), _name(one.archived_by), one.archived_at)


def decision_text(experiment: Experiment) -> str:
    """Return what was decided, or is proposed."""
    if experiment.decision == Experiment.Verdict.SHIP:
        return _("decided to ship %(arm)s") % {"arm": experiment.decided_arm}
    return _("decided to keep what was there")


def plan_lines(experiment: Experiment) -> list[str]:
    """Return what the plan says, a line each."""
    lines = []
    titles = {key: metric.title for key, metric in metrics_of(experiment).items()}
    if experiment.primary_metric:
        lines.append(
            _("Primary metric: %(metric)s; worth a change from %(effect)s %% on.")
            % {
                "metric": titles.get(experiment.primary_metric, experiment.primary_metric),
                "effect": _plain(experiment.smallest_effect or 0),
            }
        )
    if experiment.guardrails:
        names = ", ".join(titles.get(name, name) for name in experiment.guardrails)
        lines.append(_("A clear harm in %(metrics)s stops it by itself.") % {"metrics": names})
    ends = [
        _("after %(days)d days") % {"days": experiment.horizon_days}
        if experiment.horizon_days
        else "",
        _("at %(count)d shoppers") % {"count": experiment.horizon_units}
        if experiment.horizon_units
        else "",
    ]
    if any(ends):
        rule = experiment.get_stop_rule_display()
        said = _(" and ").join(filter(None, ends))
        lines.append(_("Ends %(when)s (%(rule)s).") % {"when": said, "rule": rule})
    if experiment.coverage != 1:
        share = _plain(100 * experiment.coverage)
        lines.append(_("%(share)s %% of shoppers take part.") % {"share": share})
    if experiment.namespace:
        low, high = _plain(experiment.namespace_from), _plain(experiment.namespace_to)
        said = f"{experiment.namespace}, {low}–{high}"
        lines.append(_("Namespace: %(namespace)s") % {"namespace": said})
    return lines


def _plain(value: Decimal | int) -> str:
    """Return a number without the zeros that its column pads it with."""
    return f"{float(value):g}"


def _deciders(experiment: Experiment) -> str:
    if experiment.second_by is None:
        return _name(experiment.decided_by)
    return _("%(first)s, confirmed by %(second)s") % {
        "first": _name(experiment.decided_by),
        "second": _name(experiment.second_by),
    }


def _name(person: User | None) -> str:
    return str(person) if person else _("the software")
