"""Drafts, starts and stops: what may happen, what may not, and that it is written down."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.overlaps import overlap_problems
from guidance.experiments.plan import digest, freeze, plan_problems
from guidance.experiments.services import (
    approve_experiment,
    archive_experiment,
    assign,
    decide_experiment,
    ensure_replay_experiment,
    reopen_experiment,
    save_arms,
    save_experiment,
    start_experiment,
    stop_experiment,
    undo_ship,
)
from guidance.recommendations.models import Surface
from guidance.recommendations.services.surfaces import ensure_surfaces
from tests import factories
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
    ensure_surfaces()
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


STEPS = {
    "approve": lambda one, who: approve_experiment(experiment=one, actor=who),
    "reopen": lambda one, who: reopen_experiment(experiment=one, actor=who),
    "start": lambda one, who: start_experiment(experiment=one, actor=who),
    "stop": lambda one, who: stop_experiment(experiment=one, actor=who),
    "archive": lambda one, who: archive_experiment(experiment=one, actor=who),
    "decide": lambda one, who: decide_experiment(
        experiment=one, verdict="keep", reason="It is what we want.", actor=who
    ),
    "undo": lambda one, who: undo_ship(experiment=one, actor=who),
    "edit": lambda one, who: save_experiment(experiment=one, actor=who),
}
ALLOWED = {
    "draft": {"approve", "archive", "edit"},
    "approved": {"reopen", "start"},
    "running": {"stop", "decide"},
    "stopped": {"decide"},
    "decided": {"archive"},
    "archived": set(),
}


@pytest.mark.parametrize("status", ALLOWED)
@pytest.mark.parametrize("step", STEPS)
def test_only_the_ways_of_an_experiments_life_are_open(
    status: str, step: str, person: Callable[..., User]
) -> None:
    """A step that is not allowed is refused in words and changes no row."""
    who = person(Role.ANALYST)
    experiment = draft()
    moment = timezone.now()
    Experiment.objects.filter(pk=experiment.pk).update(
        status=status,
        approved_at=moment,
        started_at=moment - timedelta(days=20),
        stopped_at=None if status in {"draft", "approved", "running"} else moment,
        decided_at=moment,
        decision="keep",
        decision_reason="Because.",
        frozen=freeze(experiment, list(experiment.arms.all())),
    )
    experiment.refresh_from_db()
    before = Experiment.objects.values().get()
    if step in ALLOWED[status]:
        STEPS[step](experiment, who)
        return
    with pytest.raises(ValidationError):
        STEPS[step](experiment, who)
    assert Experiment.objects.values().get() == before


def test_nobody_who_wrote_a_line_approves_it(person: Callable[..., User]) -> None:
    ada, bob, cleo = (person(Role.ANALYST, name) for name in ("ada", "bob", "cleo"))
    experiment = draft(actor=ada)
    save_experiment(experiment=experiment, actor=bob)
    for author in (ada, bob):
        with pytest.raises(ValidationError, match="somebody else must approve"):
            approve_experiment(experiment=experiment, actor=author)
    with pytest.raises(ValidationError, match="A person must approve"):
        approve_experiment(experiment=experiment, actor=None)
    assert approve_experiment(experiment=experiment, actor=cleo).approved_by == cleo


def test_an_approval_is_for_what_was_read(person: Callable[..., User]) -> None:
    experiment = draft()
    seen = digest(experiment, list(experiment.arms.all()))
    experiment.hypothesis = "Something else."
    save_experiment(experiment=experiment, actor=None)
    ada = person(Role.ANALYST)
    with pytest.raises(ValidationError, match="read it again"):
        approve_experiment(experiment=experiment, actor=ada, seen=seen)
    seen = digest(experiment, list(experiment.arms.all()))
    Metric.objects.filter(key="ctr").update(direction="down")
    with pytest.raises(ValidationError, match="read it again"):
        approve_experiment(experiment=experiment, actor=ada, seen=seen)
    seen = digest(experiment, list(experiment.arms.all()))
    assert approve_experiment(experiment=experiment, actor=ada, seen=seen).approved_by == ada


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hypothesis": " "}, "hypothesis is empty"),
        ({"primary_metric": "luck"}, "one primary metric"),
        ({"smallest_effect": None}, "how small an effect"),
        ({"guardrails": ["luck"]}, "no guardrail metric luck"),
        ({"guardrails": ["ctr"]}, "cannot be a guardrail too"),
        ({"horizon_days": None}, "after how many days or shoppers"),
        ({"horizon_days": None, "horizon_units": 9, "stop_rule": "sequential"}, "at the latest"),
        ({"coverage": Decimal(0)}, "nobody would take part"),
        ({"targeting": {"age": 3}}, "Targeting: age: no such attribute"),
    ],
)
def test_a_plan_that_lacks_something_is_not_approved(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        approve_experiment(experiment=draft(**given), actor=None)


def test_a_quantile_of_whole_counts_is_no_primary_metric() -> None:
    told = {"kind": "quantile", "event_kinds": ["view"], "quantile": Decimal("0.5")}
    Metric.objects.create(key="median", name="Median", **told)
    with pytest.raises(ValidationError, match="A quantile of whole counts cannot be"):
        approve_experiment(experiment=draft(primary_metric="median"), actor=None)


def test_a_surface_that_is_served_says_what_can_be_tested_there() -> None:
    factories.surface(key="home")
    for given, said in (({"subject": "mug"}, "tested as a whole"), ({}, "no policy “luck”")):
        experiment = draft(key=f"t{len(given)}", **given)
        experiment.arms.filter(key="model").update(policy="luck")
        with pytest.raises(ValidationError, match=said):
            approve_experiment(experiment=experiment, actor=None)


def test_what_was_changed_since_its_approval_does_not_start() -> None:
    experiment = approve_experiment(experiment=draft(), actor=None)
    experiment.arms.filter(key="model").update(weight=Decimal("0.9"))
    with pytest.raises(ValidationError, match="approve it anew"):
        start_experiment(experiment=experiment, actor=None)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ({}, {"subject": "mug"}, "Another experiment runs"),
        ({"subject": "mug"}, {"subject": "bowl"}, ""),
        ({"subject": "mug"}, {"subject": "mug"}, "Another experiment runs"),
        ({"namespace": "n"}, {"namespace": "m"}, "Another experiment runs"),
        ({"namespace": "n"}, {}, "Another experiment runs"),
        (
            {"namespace": "n", "namespace_to": Decimal("0.5")},
            {"namespace": "n", "namespace_from": Decimal("0.4")},
            "its range overlaps: 0.0000 to 0.5000",
        ),
        (
            {"namespace": "n", "namespace_to": Decimal("0.5")},
            {"namespace": "n", "namespace_from": Decimal("0.4"), "surface": "cart"},
            "its range overlaps",
        ),
        (
            {"namespace": "n", "namespace_to": Decimal("0.5")},
            {"namespace": "n", "namespace_from": Decimal("0.5")},
            "",
        ),
        ({}, {"surface": "cart"}, ""),
        ({}, {"source": Source.REPLAY}, ""),
    ],
)
def test_experiments_that_would_meet_do_not_both_run(
    one: dict[str, Any], two: dict[str, Any], said: str
) -> None:
    arms = {"baseline": "best_baseline", "model": "model"}
    factories.running_experiment(key="one", arms=arms, **one)
    problems = overlap_problems(draft(key="two", **two))
    assert bool(problems) == bool(said)
    assert all(said in problem for problem in problems)


def test_the_database_refuses_two_on_one_subject() -> None:
    start(key="one")
    second = approve_experiment(experiment=draft(key="two"), actor=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Experiment.objects.filter(pk=second.pk).update(status="running", started_at=timezone.now())


@pytest.mark.parametrize("surface", ["nowhere", "home"])
def test_what_nobody_serves_is_not_approved(surface: str) -> None:
    written = draft(key="lost")
    Surface.objects.filter(key="home").update(is_active=False)
    Experiment.objects.filter(pk=written.pk).update(surface=surface)
    written.refresh_from_db()
    said = {
        "nowhere": "Field “Surface”: nothing serves “nowhere”, so nothing can be tested there.",
        "home": "This surface is switched off: no storefront gets anything for it.",
    }
    assert plan_problems(written, list(written.arms.all())) == [said[surface]]
    with pytest.raises(ValidationError):
        approve_experiment(experiment=written, actor=None)
