"""Deciding: by the plan, against it only by two, shipped and taken back, stopped by guardrails."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.experiments.advice import advise
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.plan import decision_digest, plan_problems
from guidance.experiments.recommending import Action, Rule
from guidance.experiments.services import (
    confirm_decision,
    decide_experiment,
    stop_experiment,
    undo_ship,
    withdraw_decision,
)
from guidance.experiments.tasks import watch_guardrails
from guidance.recommendations.models import Surface
from guidance.recommendations.services.surfaces import ship_policy
from guidance.recommendations.testing import SURFACES
from tests.experiments.conftest import Visit, start
from tests.experiments.counted import counted_report as report

pytestmark = pytest.mark.django_db
BECAUSE = "More shoppers clicked, as we expected."


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person(Role.ANALYST, "ada")


@pytest.fixture
def bob(person: Callable[..., User]) -> User:
    return person(Role.ANALYST, "bob")


@pytest.fixture
def home(db: None) -> Surface:
    plan = {"name": "Home page", "policy": "popularity"}
    return Surface.objects.update_or_create(key="home", defaults=plan)[0]


def _over(experiment: Experiment) -> Experiment:
    """Let the planned days be over."""
    experiment.started_at = timezone.now() - timedelta(days=15)
    experiment.save(update_fields=["started_at"])
    return experiment


@pytest.fixture
def won(experiment: Experiment, visit: Visit) -> Experiment:
    """An experiment at its planned end whose model clearly gains clicks."""
    _clicks(visit, model=45, baseline=15)
    return _over(experiment)


def _clicks(visit: Visit, *, model: int, baseline: int) -> None:
    for number in range(60):
        visit(f"m{number}", "model", seen=1, clicks=int(number < model))
        visit(f"b{number}", "baseline", seen=1, clicks=int(number < baseline))


def _advice(experiment: Experiment) -> tuple[Action, Rule, str]:
    found = advise(experiment, report(experiment))
    return found.action, found.rule, found.arm


def test_a_clear_gain_at_the_planned_end_is_shipped_by_one_person_and_taken_back(
    won: Experiment, home: Surface, ada: User
) -> None:
    assert _advice(won) == (Action.SHIP, Rule.GOAL_BETTER, "model")
    decided = decide_experiment(
        experiment=won, verdict="ship", arm="model", reason=BECAUSE, actor=ada
    )
    home.refresh_from_db()
    assert (decided.status, home.policy) == ("decided", "model")
    assert (decided.decided_by, decided.stop_cause) == (ada, "decision")
    advice = decided.evidence["advice"]
    assert (advice["action"], advice["arm"], advice["rule"]) == ("ship", "model", "goal_better")
    undo_ship(experiment=decided, actor=ada)
    home.refresh_from_db()
    assert home.policy == "popularity"
    with pytest.raises(ValidationError, match="Nothing of this experiment is shipped"):
        undo_ship(experiment=decided, actor=ada)
    verbs = set(AuditEntry.objects.filter(actor=ada).values_list("verb", flat=True))
    assert {"decide_experiment", "update_surface", "undo_ship"} <= verbs


def test_what_somebody_changed_since_is_not_taken_back(
    won: Experiment, home: Surface, ada: User
) -> None:
    decided = decide_experiment(
        experiment=won, verdict="ship", arm="model", reason=BECAUSE, actor=ada
    )
    Surface.objects.update(policy="due_again")
    with pytest.raises(ValidationError, match="Somebody has set “Home page”"):
        undo_ship(experiment=decided, actor=ada)
    decided.refresh_from_db()
    assert decided.is_shipped


def test_against_the_recommendation_takes_a_second_person(
    won: Experiment, home: Surface, ada: User, bob: User
) -> None:
    proposed = decide_experiment(experiment=won, verdict="keep", reason=BECAUSE, actor=ada)
    assert proposed.status == "running"
    assert proposed.awaits_second
    with pytest.raises(ValidationError, match="second person already"):
        decide_experiment(experiment=won, verdict="keep", reason=BECAUSE, actor=bob)
    with pytest.raises(ValidationError, match="somebody else must confirm"):
        confirm_decision(experiment=won, actor=ada)
    decided = confirm_decision(experiment=won, actor=bob)
    assert (decided.status, decided.decided_by, decided.second_by) == ("decided", ada, bob)
    home.refresh_from_db()
    assert home.policy == "popularity"


def test_a_proposal_can_be_withdrawn_and_decided_anew(
    won: Experiment, home: Surface, ada: User, bob: User
) -> None:
    decide_experiment(experiment=won, verdict="keep", reason=BECAUSE, actor=ada)
    assert withdraw_decision(experiment=won, actor=bob).decision == ""
    with pytest.raises(ValidationError, match="No decision waits"):
        confirm_decision(experiment=won, actor=bob)
    decided = decide_experiment(
        experiment=won, verdict="ship", arm="model", reason=BECAUSE, actor=bob
    )
    assert decided.is_shipped


def test_the_database_refuses_one_person_against_the_recommendation(
    won: Experiment, ada: User
) -> None:
    proposed = decide_experiment(experiment=won, verdict="keep", reason=BECAUSE, actor=ada)
    for change in (
        {"status": "decided", "decided_at": timezone.now()},
        {"second_by": ada},
        {"approved_by": ada, "authors": f",{ada.pk},"},
        {"status": "draft", "stopped_at": proposed.started_at - timedelta(days=1)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Experiment.objects.filter(pk=won.pk).update(**change)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"verdict": "keep", "reason": "no"}, "Say in a sentence why"),
        ({"verdict": "maybe"}, "ship an arm or to keep"),
        ({"verdict": "keep", "arm": "model"}, "names no arm"),
        ({"verdict": "ship", "arm": "baseline"}, "Choose the arm"),
        ({"verdict": "ship", "arm": "other"}, "Choose the arm"),
        ({"verdict": "ship", "arm": "model"}, "Nothing serves the surface"),
    ],
)
def test_what_cannot_be_decided_says_why(
    won: Experiment, ada: User, given: dict[str, str], said: str
) -> None:
    Surface.objects.all().delete()
    with pytest.raises(ValidationError, match=said):
        decide_experiment(experiment=won, actor=ada, **{"reason": BECAUSE, **given})


@pytest.mark.parametrize("policy", [key for key, _label in SURFACES.policies("home", "")])
def test_whatever_may_be_tested_on_a_surface_can_be_shipped(
    won: Experiment, home: Surface, ada: User, policy: str
) -> None:
    arms = [Arm(key=arm.key, policy=policy, weight=arm.weight) for arm in won.arms.all()]
    assert not [one for one in plan_problems(won, arms) if "policy" in one]
    assert ship_policy("home", "", policy, ada) == {"policy": "popularity", "shipped": policy}
    home.refresh_from_db()
    assert home.policy == policy


def test_a_policy_that_no_surface_has_leaves_everything_as_it_was(
    won: Experiment, home: Surface, ada: User
) -> None:
    won.arms.filter(key="model").update(policy="gone")
    won.frozen = {}
    won.save(update_fields=["frozen"])
    with pytest.raises(ValidationError, match="cannot be set to “gone”"):
        decide_experiment(experiment=won, verdict="ship", arm="model", reason=BECAUSE, actor=ada)
    won.refresh_from_db()
    home.refresh_from_db()
    assert (won.status, won.decision, home.policy) == ("running", "", "popularity")


def test_before_its_end_the_data_say_wait_and_stopped_early_they_keep(
    experiment: Experiment, visit: Visit
) -> None:
    _clicks(visit, model=45, baseline=15)
    assert _advice(experiment) == (Action.KEEP_RUNNING, Rule.TOO_EARLY, "")
    experiment.started_at = timezone.now() - timedelta(days=13)
    assert _advice(experiment) == (Action.KEEP_RUNNING, Rule.NOT_YET_READABLE, "")
    stopped = stop_experiment(experiment=experiment, actor=None)
    assert _advice(stopped) == (Action.STOP, Rule.ENDED_EARLY, "")


def test_the_end_may_be_a_number_of_shoppers(visit: Visit, experiment: Experiment) -> None:
    _clicks(visit, model=45, baseline=15)
    _over(experiment).frozen = {}
    experiment.horizon_days, experiment.horizon_units = None, 121
    assert _advice(experiment)[1] == Rule.NOT_YET_READABLE
    experiment.horizon_units = 120
    assert _advice(experiment)[1] == Rule.GOAL_BETTER
    experiment.horizon_days = 30
    assert _advice(experiment)[1] == Rule.NOT_YET_READABLE


@pytest.mark.parametrize(
    ("model", "baseline", "smallest", "rule"),
    [
        (30, 28, 5, Rule.NOTHING_FOUND),
        (15, 45, 5, Rule.GOAL_WORSE),
        (45, 15, 5_000, Rule.GAIN_TOO_SMALL),
        (2, 1, 5, Rule.NOTHING_FOUND),
    ],
)
def test_without_a_gain_worth_the_change_the_data_keep_what_was_there(
    experiment: Experiment, visit: Visit, model: int, baseline: int, smallest: int, rule: Rule
) -> None:
    _clicks(visit, model=model, baseline=baseline)
    _over(experiment)
    experiment.smallest_effect, experiment.frozen = Decimal(smallest), {}
    assert _advice(experiment) == (Action.STOP, rule, "")


def test_a_split_that_is_off_is_never_shipped(won: Experiment, visit: Visit) -> None:
    for number in range(100):
        visit(f"more{number}", "model", seen=1, clicks=1)
    assert _advice(won) == (Action.FIX_SPLIT, Rule.SPLIT_IS_OFF, "")


def _rated(visit: Visit, *, model: int, baseline: int) -> None:
    for number in range(60):
        visit(f"m{number}", "model", rating=model + number % 2)
        visit(f"b{number}", "baseline", rating=baseline + number % 2)


def test_a_harmed_guardrail_stops_the_experiment_and_a_person_decides(
    visit: Visit, experiment: Experiment, home: Surface, ada: User
) -> None:
    Experiment.objects.filter(pk=experiment.pk).update(guardrails=["satisfaction"], frozen={})
    _rated(visit, model=1, baseline=4)
    # The first answers of a cold model say nothing of the others.
    assert watch_guardrails() == 0
    _over(experiment)
    assert watch_guardrails() == 1
    experiment.refresh_from_db()
    assert (experiment.status, experiment.stop_cause) == ("stopped", "guardrail")
    assert experiment.stop_details["arm"] == "model"
    assert experiment.stop_details["high"] < 0
    assert watch_guardrails() == 0
    assert _advice(experiment) == (Action.STOP, Rule.GUARD_ALARM, "")
    decided = decide_experiment(
        experiment=experiment, verdict="keep", reason="It did harm.", actor=ada
    )
    assert decided.status == "decided"


@pytest.mark.parametrize(("model", "baseline"), [(4, 1), (3, 3)])
def test_a_guardrail_that_gains_or_stays_stops_nothing(
    visit: Visit, experiment: Experiment, model: int, baseline: int
) -> None:
    Experiment.objects.filter(pk=experiment.pk).update(guardrails=["satisfaction"], frozen={})
    _rated(visit, model=model, baseline=baseline)
    _over(experiment)
    assert watch_guardrails() == 0


def test_harm_in_what_is_no_guardrail_stops_nothing(visit: Visit, experiment: Experiment) -> None:
    _rated(visit, model=1, baseline=4)
    _over(experiment)
    assert watch_guardrails() == 0


def test_nobody_confirms_a_decision_that_they_did_not_see(
    won: Experiment, home: Surface, ada: User, bob: User
) -> None:
    proposed = decide_experiment(experiment=won, verdict="keep", reason=BECAUSE, actor=ada)
    seen = decision_digest(proposed)
    withdraw_decision(experiment=won, actor=ada)
    won.refresh_from_db()
    again = decide_experiment(
        experiment=won, verdict="keep", reason="Another reason, told later.", actor=ada
    )
    with pytest.raises(ValidationError, match="Another decision"):
        confirm_decision(experiment=won, actor=bob, seen=seen)
    assert confirm_decision(experiment=won, actor=bob, seen=decision_digest(again)).decided_at


def test_what_was_to_be_read_once_is_not_shipped_by_one_person_weeks_later(
    won: Experiment, home: Surface, ada: User
) -> None:
    won.started_at = timezone.now() - timedelta(days=40)
    won.save(update_fields=["started_at"])
    assert _advice(won)[0] == Action.SHIP
    proposed = decide_experiment(
        experiment=won, verdict="ship", arm="model", reason=BECAUSE, actor=ada
    )
    assert proposed.awaits_second


def test_a_stop_never_lies_before_the_start_though_the_clock_went_back() -> None:
    experiment = start()
    ahead = timezone.now() + timedelta(hours=2)
    Experiment.objects.filter(pk=experiment.pk).update(started_at=ahead)
    assert stop_experiment(experiment=experiment, actor=None).stopped_at == ahead
