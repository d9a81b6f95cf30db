"""An experiment's life: drafted, started once, stopped once."""

from collections.abc import Iterable
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.models import Arm, Experiment

# Shares have four decimals: three thirds miss 1 by this much.
ROUNDING = Decimal("0.0001")
REPLAY_KEY = "replay-home"
REPLAY_SURFACE = "home"


@transaction.atomic
def save_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Write a new or edited draft; raises ValidationError once the experiment has started."""
    is_new = experiment.pk is None
    if is_new:
        experiment.created_by = actor
    else:
        _lock_draft(experiment)
    experiment.save()
    verb = "create_experiment" if is_new else "change_experiment"
    record_audit(actor=actor, verb=verb, target=experiment)
    return experiment


@transaction.atomic
def save_arms(
    *, experiment: Experiment, arms: Iterable[Arm], removed: Iterable[Arm] = (), actor: User | None
) -> None:
    """Write a draft's arms; raises ValidationError once it has started: nobody may change arm."""
    _lock_draft(experiment)
    for arm in removed:
        arm.delete()
    for arm in arms:
        arm.experiment = experiment
        arm.save()
    shares = {arm.key: str(arm.weight) for arm in experiment.arms.all()}
    record_audit(actor=actor, verb="change_arms", target=experiment, details={"shares": shares})


@transaction.atomic
def start_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Start a draft; raises ValidationError that names what keeps it from starting."""
    locked = _lock_draft(experiment)
    _check_arms(list(locked.arms.all()))
    locked.status = Experiment.Status.RUNNING
    locked.started_at = timezone.now()
    try:
        with transaction.atomic():
            locked.save(update_fields=["status", "started_at"])
    except IntegrityError as problem:
        raise ValidationError(
            _("Another experiment runs on this surface for this traffic; stop it first.")
        ) from problem
    record_audit(actor=actor, verb="start_experiment", target=locked)
    return locked


@transaction.atomic
def stop_experiment(*, experiment: Experiment, actor: User | None) -> Experiment:
    """Stop a running experiment for good; raises ValidationError for one that does not run."""
    locked = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if locked.status != Experiment.Status.RUNNING:
        raise ValidationError(_("Only a running experiment can be stopped."))
    locked.status = Experiment.Status.STOPPED
    locked.stopped_at = timezone.now()
    locked.save(update_fields=["status", "stopped_at"])
    record_audit(actor=actor, verb="stop_experiment", target=locked)
    return locked


@transaction.atomic
def ensure_replay_experiment() -> Experiment:
    """Return the replay's experiment, made and started where there is none.

    Half of the replayed shoppers get the best baseline, half the model. One that people stopped
    stays stopped.
    """
    experiment = Experiment.objects.filter(key=REPLAY_KEY).first()
    if experiment is None:
        experiment = save_experiment(
            experiment=Experiment(
                key=REPLAY_KEY,
                name=_("Replay: the model against the best baseline"),
                hypothesis=_(
                    "The promoted model shows more of what shoppers went on to buy than the best "
                    "baseline does."
                ),
                surface=REPLAY_SURFACE,
                source=Source.REPLAY,
            ),
            actor=None,
        )
        half = Decimal("0.5")
        arms = [
            Arm(key="best_baseline", policy="best_baseline", weight=half, is_control=True),
            Arm(key="model", policy="model", weight=half),
        ]
        save_arms(experiment=experiment, arms=arms, actor=None)
    if experiment.status == Experiment.Status.DRAFT:
        experiment = start_experiment(experiment=experiment, actor=None)
    return experiment


def _lock_draft(experiment: Experiment) -> Experiment:
    locked = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if locked.status != Experiment.Status.DRAFT:
        raise ValidationError(_("Only a draft can be changed or started."))
    return locked


def _check_arms(arms: list[Arm]) -> None:
    problems = []
    if sum(arm.weight > 0 for arm in arms) < 2:
        problems.append(_("An experiment needs two arms with a share."))
    if sum(arm.is_control for arm in arms) != 1:
        problems.append(_("Exactly one arm must be the control."))
    total = sum((arm.weight for arm in arms), Decimal(0))
    if abs(total - 1) > ROUNDING * len(arms):
        problems.append(_("The shares sum to %(total)s; they must sum to 1.") % {"total": total})
    if problems:
        raise ValidationError(problems)
