"""What every step of an experiment's life does: lock, check the way, write the step down."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.models import TRANSITIONS, Experiment

Status = Experiment.Status


def lock(experiment: Experiment) -> Experiment:
    """Return the row as it is now, locked until the transaction ends."""
    return Experiment.objects.select_for_update().get(pk=experiment.pk)


def hold_keys() -> None:
    """Let nobody else give a key until the transaction ends.

    Decisions name an experiment, a holdout or a bandit by its key alone: none may have another's.
    """
    hold_lock("experiments.keys")


def lock_for(experiment: Experiment, wanted: Status) -> Experiment:
    """Return the row, locked; raises ValidationError where no way leads from its status there."""
    locked = lock(experiment)
    require_way(locked, wanted)
    return locked


def require_way(experiment: Experiment, wanted: Status) -> None:
    """Raise ValidationError where no way leads from the experiment's status to this one."""
    if wanted not in TRANSITIONS[experiment.status]:
        raise ValidationError(
            _("“%(name)s” is %(status)s: it cannot become %(wanted)s.")
            % {
                "name": experiment.name,
                "status": experiment.get_status_display(),
                "wanted": wanted.label,
            }
        )


def record_step(
    experiment: Experiment,
    *,
    verb: str,
    actor: User | None,
    changed: Iterable[str],
    details: dict[str, Any] | None = None,
) -> None:
    """Write the changed fields and the audit row."""
    experiment.save(update_fields=[*changed])
    record_audit(actor=actor, verb=verb, target=experiment, details=details)
