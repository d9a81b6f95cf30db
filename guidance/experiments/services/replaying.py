"""The replay's own experiment, which the software writes and starts."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.services.drafting import save_arms, save_experiment
from guidance.experiments.services.lifecycle import approve_experiment, start_experiment

REPLAY_KEY = "replay-home"
REPLAY_SURFACE = "home"
REPLAY_DAYS = 28


@transaction.atomic
def ensure_replay_experiment() -> Experiment:
    """Return the replay's experiment, made and started where there is none.

    Half of the replayed shoppers get the best baseline, half the model. One that people stopped
    stays stopped.
    """
    experiment = Experiment.objects.filter(key=REPLAY_KEY).first()
    if experiment is None:
        experiment = _write()
    if experiment.status == Experiment.Status.DRAFT and not experiment.author_ids:
        experiment = approve_experiment(experiment=experiment, actor=None)
    if experiment.status == Experiment.Status.APPROVED:
        experiment = start_experiment(experiment=experiment, actor=None)
    return experiment


def _write() -> Experiment:
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
            primary_metric="ctr",
            smallest_effect=Decimal(5),
            horizon_days=REPLAY_DAYS,
        ),
        actor=None,
    )
    half = Decimal("0.5")
    arms = [
        Arm(key="best_baseline", policy="best_baseline", weight=half, is_control=True),
        Arm(key="model", policy="model", weight=half),
    ]
    save_arms(experiment=experiment, arms=arms, actor=None)
    return experiment
