"""An experiment's way from a draft to its stop: approved by another, started, stopped."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.selectors import default_market
from guidance.experiments.metrics import chosen_keys
from guidance.experiments.models import Experiment, Metric
from guidance.experiments.overlaps import overlap_problems
from guidance.experiments.plan import digest, freeze, plan_problems
from guidance.experiments.selectors import metrics_of
from guidance.experiments.services.steps import lock_for, record_step

Status = Experiment.Status
# What an approval writes down of what the plan means, beside who approved it and when.
FROZEN = ("frozen", "metric_versions", "currency", "time_zone")


@transaction.atomic
def approve_experiment(
    *, experiment: Experiment, actor: User | None, seen: str | None = None
) -> Experiment:
    """Freeze a draft that somebody else wrote; only what the software wrote needs no person.

    `seen` is the `digest` of the plan that the person read. Raises ValidationError that names
    everything the plan lacks, its authors' own approval, or a plan changed since it was read.
    """
    locked = lock_for(experiment, Status.APPROVED)
    if actor is None and locked.author_ids:
        raise ValidationError(_("A person must approve what a person wrote."))
    if actor is not None and actor.pk in locked.author_ids:
        raise ValidationError(_("You wrote this experiment; somebody else must approve it."))
    arms = list(locked.arms.all())
    # Held: what a metric means must not change between the reading and the approval.
    list(Metric.objects.select_for_update().filter(key__in=chosen_keys(locked)).order_by("pk"))
    if seen is not None and seen != digest(locked, arms):
        raise ValidationError(_("Somebody changed the draft after you opened it; read it again."))
    if problems := plan_problems(locked, arms):
        raise ValidationError(problems)
    versions = {key: metric.version for key, metric in metrics_of(locked).items()}
    market = default_market()
    locked.metric_versions = versions
    locked.currency, locked.time_zone = market.currency, market.time_zone
    locked.status, locked.frozen = Status.APPROVED, freeze(locked, arms)
    locked.approved_by, locked.approved_at = actor, timezone.now()
    record_step(
        locked,
        verb="approve_experiment",
        actor=actor,
        changed=["status", *FROZEN, "approved_by", "approved_at"],
        details=locked.frozen,
    )
    return locked


@transaction.atomic
def reopen_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Make an approved experiment a draft again; what is then approved may say something else."""
    locked = lock_for(experiment, Status.DRAFT)
    locked.status, locked.frozen, locked.metric_versions = Status.DRAFT, {}, {}
    locked.currency = locked.time_zone = ""
    locked.approved_by = locked.approved_at = None
    record_step(
        locked,
        verb="reopen_experiment",
        actor=actor,
        changed=["status", *FROZEN, "approved_by", "approved_at"],
    )
    return locked


@transaction.atomic
def start_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Start an approved experiment.

    Raises ValidationError where it would meet a running one, or is no longer what was approved.
    """
    # Two that would meet each other may start at once on surfaces of their own.
    hold_lock("experiments.start")
    locked = lock_for(experiment, Status.RUNNING)
    arms = list(locked.arms.all())
    if freeze(locked, arms) != locked.frozen:
        raise ValidationError(_("It was changed since its approval; approve it anew."))
    # What is tested may have gone since the approval: a wording withdrawn, a surface taken away.
    if problems := [*plan_problems(locked, arms), *overlap_problems(locked)]:
        raise ValidationError(problems)
    locked.status = Status.RUNNING
    locked.started_by, locked.started_at = actor, timezone.now()
    try:
        with transaction.atomic():
            record_step(
                locked,
                verb="start_experiment",
                actor=actor,
                changed=["status", "started_by", "started_at"],
            )
    except IntegrityError as problem:
        raise ValidationError(
            _("Another experiment runs on this surface for this traffic; stop it first.")
        ) from problem
    return locked


@transaction.atomic
def stop_experiment(
    *,
    experiment: Experiment,
    actor: User | None,
    cause: Experiment.StopCause = Experiment.StopCause.PERSON,
    details: dict[str, Any] | None = None,
) -> Experiment:
    """Stop a running experiment for good; raises ValidationError for one that does not run.

    It waits for a person's decision. `details` say, as JSON, what was found.
    """
    locked = lock_for(experiment, Status.STOPPED)
    changed = mark_stopped(locked, actor=actor, cause=cause, details=details)
    locked.status = Status.STOPPED
    record_step(
        locked,
        verb="stop_experiment",
        actor=actor,
        changed=["status", *changed],
        details={"cause": cause.value, **(details or {})},
    )
    return locked


def mark_stopped(
    experiment: Experiment,
    *,
    actor: User | None,
    cause: Experiment.StopCause,
    details: dict[str, Any] | None = None,
) -> list[str]:
    """Put the stop on a row that the caller writes; return the fields changed.

    A clock that went back must not keep anybody from stopping: then it stops as it started.
    """
    assert experiment.started_at is not None
    experiment.stopped_by = actor
    experiment.stopped_at = max(timezone.now(), experiment.started_at)
    experiment.stop_cause, experiment.stop_details = cause, details or {}
    return ["stopped_by", "stopped_at", "stop_cause", "stop_details"]


@transaction.atomic
def archive_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Put a decided experiment, or a draft that nobody wants, away for good."""
    locked = lock_for(experiment, Status.ARCHIVED)
    locked.status = Status.ARCHIVED
    locked.archived_by, locked.archived_at = actor, timezone.now()
    record_step(
        locked,
        verb="archive_experiment",
        actor=actor,
        changed=["status", "archived_by", "archived_at"],
    )
    return locked
