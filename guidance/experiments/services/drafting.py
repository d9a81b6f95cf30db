"""Writing a draft: what it says, and its arms."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.keys import key_problem
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.models.people import between_commas
from guidance.experiments.services.steps import hold_keys, lock


@transaction.atomic
def save_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Write a new or edited draft and remember its author.

    Raises ValidationError once it was approved, or where a holdout or a bandit has its key.
    """
    is_new = experiment.pk is None
    hold_keys()
    if problem := key_problem(experiment.key, of=Experiment):
        raise ValidationError(problem)
    if is_new:
        experiment.created_by = actor
    else:
        experiment.authors = _lock_draft(experiment).authors
    _add_author(experiment, actor)
    experiment.save()
    verb = "create_experiment" if is_new else "change_experiment"
    record_audit(actor=actor, verb=verb, target=experiment)
    return experiment


@transaction.atomic
def save_arms(
    *, experiment: Experiment, arms: Iterable[Arm], removed: Iterable[Arm] = (), actor: User | None
) -> None:
    """Write a draft's arms; raises ValidationError once it was approved: nobody may change arm."""
    locked = _lock_draft(experiment)
    for arm in removed:
        arm.delete()
    for arm in arms:
        arm.experiment = experiment
        arm.save()
    _add_author(locked, actor)
    locked.save(update_fields=["authors"])
    shares = {arm.key: str(arm.weight) for arm in experiment.arms.all()}
    record_audit(actor=actor, verb="change_arms", target=experiment, details={"shares": shares})


def _add_author(experiment: Experiment, actor: User | None) -> None:
    if actor is not None:
        experiment.authors = between_commas(experiment.author_ids | {actor.pk})


def _lock_draft(experiment: Experiment) -> Experiment:
    locked = lock(experiment)
    if locked.status != Experiment.Status.DRAFT:
        raise ValidationError(_("Only a draft can be changed."))
    return locked
