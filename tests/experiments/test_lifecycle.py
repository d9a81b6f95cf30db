"""Drafts, starts and stops: what may happen, what may not, and that it is written down."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from guidance.behaviour.models import Source
from guidance.core.models import AuditEntry
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.services import (
    approve_experiment,
    assign,
    ensure_replay_experiment,
    save_arms,
    save_experiment,
    start_experiment,
    stop_experiment,
)
from tests.experiments.conftest import draft, start

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("weights", "controls", "said"),
    [
        (("1",), 1, "two arms"),
        (("1", "0"), 1, "two arms"),
        (("0.5", "0.5"), 0, "control"),
        (("0.5", "0.5"), 2, "control"),
        (("0.5", "0.4"), 1, "sum to 0.9"),
    ],
)
def test_a_split_that_makes_no_sense_does_not_start(
    weights: tuple[str, ...], controls: int, said: str
) -> None:
    experiment = draft(*weights, controls=controls)
    with pytest.raises(ValidationError, match=said):
        approve_experiment(experiment=experiment, actor=None)
    experiment.refresh_from_db()
    assert experiment.status == Experiment.Status.DRAFT


def test_thirds_may_start() -> None:
    experiment = start("0.3333", "0.3333", "0.3333")
    assert experiment.status == Experiment.Status.RUNNING
    assert experiment.started_at is not None


def test_a_started_experiment_refuses_changes_and_keeps_its_arms() -> None:
    experiment = start("0.5", "0.5")
    before = assign(surface="home", unit="c1", source=Source.LIVE)
    with pytest.raises(ValidationError, match="draft"):
        save_arms(
            experiment=experiment,
            arms=[Arm(key="late", policy="model", weight=Decimal("0.5"))],
            removed=list(experiment.arms.all()),
            actor=None,
        )
    with pytest.raises(ValidationError, match="draft"):
        save_experiment(experiment=experiment, actor=None)
    assert experiment.arms.count() == 2
    assert assign(surface="home", unit="c1", source=Source.LIVE) == before


def test_one_experiment_runs_on_a_surface_at_a_time() -> None:
    first = start("0.5", "0.5", key="first")
    second = approve_experiment(experiment=draft("0.5", "0.5", key="second"), actor=None)
    with pytest.raises(ValidationError, match="Another experiment runs"):
        start_experiment(experiment=second, actor=None)
    stop_experiment(experiment=first, actor=None)
    start_experiment(experiment=second, actor=None)
    assert assign(surface="home", unit="c1", source=Source.LIVE).experiment == "second"


def test_a_stopped_experiment_neither_starts_nor_stops_again() -> None:
    experiment = start("0.5", "0.5")
    stop_experiment(experiment=experiment, actor=None)
    assert assign(surface="home", unit="c1", source=Source.LIVE) is None
    for step in (stop_experiment, start_experiment):
        with pytest.raises(ValidationError, match="is stopped"):
            step(experiment=experiment, actor=None)


def test_every_step_is_in_the_audit_trail() -> None:
    experiment = start("0.5", "0.5")
    stop_experiment(experiment=experiment, actor=None)
    verbs = AuditEntry.objects.filter(object_type="experiments.experiment").order_by("at", "id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "create_experiment",
        "change_arms",
        "approve_experiment",
        "start_experiment",
        "stop_experiment",
    ]


def test_the_replays_experiment_is_made_once_and_sees_replayed_traffic_alone() -> None:
    made = ensure_replay_experiment()
    assert ensure_replay_experiment().pk == made.pk
    assert Experiment.objects.count() == 1
    assert assign(surface="home", unit="c1", source=Source.LIVE) is None
    policies = {
        assign(surface="home", unit=f"c{number}", source=Source.REPLAY).policy
        for number in range(50)
    }
    assert policies == {"best_baseline", "model"}
    stop_experiment(experiment=made, actor=None)
    assert ensure_replay_experiment().status == Experiment.Status.STOPPED
