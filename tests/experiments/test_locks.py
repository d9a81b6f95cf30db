"""Two people at the same experiment, or at two that would meet, in the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone

from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.experiments.models import Experiment, Holdout
from guidance.experiments.services import (
    approve_experiment,
    confirm_decision,
    decide_experiment,
    start_experiment,
    start_holdout,
    stop_experiment,
    undo_ship,
)
from guidance.recommendations.models import Surface
from tests.experiments.conftest import draft, start

pytestmark = pytest.mark.django_db(transaction=True)
BECAUSE = "It is what we want to do."


@pytest.fixture(autouse=True)
def _needs_row_locks() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite's test database lives in one connection; PostgreSQL runs this")


@pytest.fixture
def people(person: Callable[..., User]) -> list[User]:
    return [person(Role.ANALYST, name) for name in ("ada", "bob", "cleo")]


def _both(first: Callable[[], object], second: Callable[[], object]) -> list[str]:
    """Run both at once in threads of their own; return what each came to, the done one first."""
    together = Barrier(2)

    def run(act: Callable[[], object]) -> str:
        together.wait(timeout=10)
        try:
            act()
        except ValidationError as refused:
            return f"refused: {refused.messages[0]}"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(run, [first, second]))


def test_of_two_approvals_at_once_one_holds(people: list[User]) -> None:
    experiment = draft()
    ada, bob, _cleo = people
    outcomes = _both(
        lambda: approve_experiment(experiment=experiment, actor=ada),
        lambda: approve_experiment(experiment=experiment, actor=bob),
    )
    assert outcomes[0] == "done"
    assert "is approved" in outcomes[1]
    assert AuditEntry.objects.filter(verb="approve_experiment").count() == 1


@pytest.mark.parametrize("surfaces", [("home", "home"), ("home", "cart")])
def test_of_two_that_would_meet_one_starts(surfaces: tuple[str, str]) -> None:
    namespace = "pages" if surfaces[0] != surfaces[1] else ""
    for round_ in range(4):
        one, two = (
            approve_experiment(
                experiment=draft(key=f"{name}{round_}", surface=surface, namespace=namespace),
                actor=None,
            )
            for name, surface in zip(("one", "two"), surfaces, strict=True)
        )
        outcomes = _both(
            lambda one=one: start_experiment(experiment=one, actor=None),
            lambda two=two: start_experiment(experiment=two, actor=None),
        )
        assert outcomes[0] == "done"
        assert outcomes[1].startswith("refused")
        [running] = Experiment.objects.filter(status="running")
        stop_experiment(experiment=running, actor=None)


def test_of_two_decisions_at_once_one_ships(people: list[User]) -> None:
    Surface.objects.create(key="home", name="Home page", policy="popularity")
    ada, bob, cleo = people
    experiment = start()
    outcomes = _both(
        lambda: decide_experiment(
            experiment=experiment, verdict="ship", arm="model", reason=BECAUSE, actor=ada
        ),
        lambda: decide_experiment(experiment=experiment, verdict="keep", reason=BECAUSE, actor=bob),
    )
    assert outcomes[0] == "done"
    assert "waits for its second person already" in outcomes[1]
    outcomes = _both(
        lambda: confirm_decision(experiment=experiment, actor=cleo),
        lambda: confirm_decision(experiment=experiment, actor=cleo),
    )
    assert outcomes == ["done", "refused: No decision waits for a second person."]
    experiment.refresh_from_db()
    if experiment.is_shipped:
        outcomes = _both(
            lambda: undo_ship(experiment=experiment, actor=ada),
            lambda: undo_ship(experiment=experiment, actor=bob),
        )
        assert outcomes[0] == "done"
        assert outcomes[1].startswith("refused")
    assert Surface.objects.get().policy == "popularity"


def test_a_decision_and_a_guardrails_stop_at_once_lose_neither(people: list[User]) -> None:
    experiment = start()
    Experiment.objects.filter(pk=experiment.pk).update(
        started_at=timezone.now() - timedelta(days=20)
    )
    _both(
        lambda: stop_experiment(
            experiment=experiment, actor=None, cause=Experiment.StopCause.GUARDRAIL
        ),
        lambda: decide_experiment(
            experiment=experiment, verdict="keep", reason=BECAUSE, actor=people[0]
        ),
    )
    experiment.refresh_from_db()
    assert experiment.stopped_at is not None
    assert experiment.status in {"stopped", "decided"}
    if experiment.status == "stopped":
        assert experiment.decision == ""


def test_an_experiment_and_a_holdout_never_get_the_same_key() -> None:
    """Decisions name either by its key alone."""
    for round_ in range(4):
        key = f"twice{round_}"
        holdout = Holdout(key=key, share=Decimal("0.1"))
        outcomes = _both(
            lambda key=key: draft(key=key),
            lambda holdout=holdout: start_holdout(holdout=holdout, actor=None),
        )
        assert outcomes[0] == "done"
        assert "has this key; choose another" in outcomes[1]
        assert (
            Experiment.objects.filter(key=key).count() + Holdout.objects.filter(key=key).count()
            == 1
        )
        Holdout.objects.filter(is_active=True).update(is_active=False, ended_at=timezone.now())
