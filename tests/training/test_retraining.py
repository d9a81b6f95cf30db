"""Retraining by itself: what asks for a run, at the very boundary, and that one run is all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from guidance.core.models import AuditEntry, Job
from guidance.training.due import find_cause, next_scheduled
from guidance.training.hooks import DriftMeasure
from guidance.training.labels import cause_sentence
from guidance.training.models import DriftReading, RetrainingPolicy, TrainingRun
from guidance.training.selectors import situation
from guidance.training.services import (
    AlreadyTraining,
    keep_params,
    measure_drift,
    request_due_training,
    request_training,
    save_policy,
)
from guidance.training.tasks import read_drift, retrain_where_due
from tests import factories
from tests.training.quick_recipe import SHOP

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recipe")]
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# How long every training here took.
TOOK = timedelta(hours=1)


@pytest.fixture(autouse=True)
def shop() -> Iterator[dict[str, Any]]:
    before = dict(SHOP)
    yield SHOP
    SHOP.update(before)


def _policy(**given: Any) -> RetrainingPolicy:
    """A policy without a schedule, unless the test gives one."""
    RetrainingPolicy.objects.filter(recipe="quick").delete()
    return factories.retraining_policy(**{"recipe": "quick", "every_days": None, **given})


def _trained(ago: timedelta, *, status: str = "succeeded", now: datetime = NOON) -> TrainingRun:
    job = factories.job(status=status, finished_at=now - ago + TOOK)
    return factories.training_run(recipe="quick", job=job, created_at=now - ago, data_size=1_000)


def _trigger(policy: RetrainingPolicy, now: datetime = NOON) -> str | None:
    cause = find_cause(policy, situation("quick"), now)
    return cause.trigger if cause else None


def _measure(size: float, group: Any = "inputs", certain: bool = True) -> DriftMeasure:
    key = "prices" if group == "inputs" else "ndcg"
    return DriftMeasure(key, group, size, certain, {"value": 0.4}, {"value": 0.3})


def _read(*measures: DriftMeasure, at: datetime = NOON) -> None:
    SHOP["measures"] = list(measures)
    reading = measure_drift(recipe_key="quick")
    assert reading is not None
    DriftReading.objects.filter(pk=reading.pk).update(at=at)


def test_the_schedule_is_due_on_its_day_at_its_hour_and_not_a_minute_before() -> None:
    policy = _policy(every_days=3, at_hour=4)
    _trained(timedelta(hours=2), now=datetime(2026, 3, 7, 23, 0, tzinfo=UTC))
    due = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
    assert _trigger(policy, due - timedelta(minutes=1)) is None
    assert _trigger(policy, due) == "schedule"
    assert _trigger(policy, due + timedelta(days=2)) == "schedule"


def test_a_shop_never_trained_waits_for_the_hour() -> None:
    policy = _policy(every_days=1, at_hour=4)
    four = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
    assert _trigger(policy, four - timedelta(minutes=1)) is None
    assert _trigger(policy, four + timedelta(minutes=59)) == "schedule"
    assert _trigger(policy, four + timedelta(hours=1)) is None
    assert next_scheduled(policy, None, four + timedelta(hours=1)) == four + timedelta(days=1)


def test_a_training_that_failed_is_not_asked_for_again_at_once() -> None:
    policy = _policy(every_days=1, at_hour=4)
    _trained(timedelta(hours=7), status="failed")
    assert _trigger(policy) is None
    assert _trigger(policy, NOON + timedelta(days=1)) == "schedule"


def test_growth_is_due_at_exactly_the_percentage() -> None:
    policy = _policy(growth_percent=20)
    _trained(timedelta(days=3))
    SHOP["events"] = 1_199
    assert _trigger(policy) is None
    SHOP["events"] = 1_200
    assert _trigger(policy) == "growth"


def test_growth_counts_from_the_last_training_that_succeeded() -> None:
    policy = _policy(growth_percent=20)
    _trained(timedelta(days=9))
    failed = _trained(timedelta(days=3), status="failed")
    TrainingRun.objects.filter(pk=failed.pk).update(data_size=1_200)
    SHOP["events"] = 1_200
    assert _trigger(policy) == "growth"


def test_a_shop_that_was_empty_has_grown_with_its_first_events() -> None:
    policy = _policy(growth_percent=20)
    run = _trained(timedelta(days=3))
    TrainingRun.objects.filter(pk=run.pk).update(data_size=0)
    SHOP["events"] = 0
    assert _trigger(policy) is None
    SHOP["events"] = 1
    assert _trigger(policy) == "growth"


def test_drift_is_due_from_the_threshold_on_where_it_is_no_accident() -> None:
    policy = _policy(input_drift=0.2)
    _trained(timedelta(days=3))
    for measures, expected in (
        ((_measure(0.199),), None),
        ((_measure(0.9, certain=False),), None),
        ((_measure(0.9, group="quality"),), None),
        ((_measure(0.1), _measure(0.2)), "drift"),
    ):
        DriftReading.objects.all().delete()
        _read(*measures)
        assert _trigger(policy) == expected, measures


def test_loss_of_quality_is_due_from_its_percentage_on() -> None:
    policy = _policy(quality_loss_percent=15)
    _trained(timedelta(days=3))
    _read(_measure(0.149, group="quality"))
    assert _trigger(policy) is None
    DriftReading.objects.all().delete()
    _read(_measure(0.15, group="quality"))
    assert _trigger(policy) == "quality"


def test_a_candidate_that_waits_for_a_person_is_not_trained_again_for_lost_quality() -> None:
    policy = _policy(quality_loss_percent=15)
    run = _trained(timedelta(days=3))
    _read(_measure(0.5, group="quality"))
    version = factories.model_version(recipe="quick", run=run)
    assert _trigger(policy) is None
    version.status = "refused"
    version.policy = "popularity"
    version.save()
    assert _trigger(policy) == "quality"


def test_a_reading_from_before_the_last_training_says_nothing_about_it() -> None:
    policy = _policy(input_drift=0.2)
    began = NOON - timedelta(days=3)
    _trained(timedelta(days=3))
    # A long training is overtaken by readings of what it is to cure.
    for at, expected in (
        (began - timedelta(days=1), None),
        (began + TOOK / 2, None),
        (began + TOOK + timedelta(minutes=1), "drift"),
    ):
        DriftReading.objects.all().delete()
        _read(_measure(0.9), at=at)
        assert _trigger(policy) == expected, at


def test_growth_and_drift_rest_after_a_training_and_the_schedule_does_not() -> None:
    policy = _policy(growth_percent=20, cooldown_hours=24)
    _trained(timedelta(hours=24) - timedelta(seconds=1))
    SHOP["events"] = 2_000
    assert _trigger(policy) is None
    assert _trigger(policy, NOON + timedelta(seconds=1)) == "growth"
    policy.every_days, policy.at_hour = 1, 12
    assert _trigger(policy) == "schedule"


def test_a_policy_switched_off_starts_nothing() -> None:
    policy = _policy(every_days=1, growth_percent=1, is_active=False)
    _trained(timedelta(days=30))
    SHOP["events"] = 9_999
    assert _trigger(policy) is None


def test_a_run_tells_what_started_it_and_the_audit_trail_keeps_it() -> None:
    _policy(growth_percent=20)
    _trained(timedelta(days=3), now=timezone.now())
    SHOP["events"] = 1_500
    run = request_due_training(recipe_key="quick")
    assert run is not None
    assert (run.trigger, run.data_size, run.job.requested_by) == ("growth", 1_500, None)
    assert "from 1,000 to 1,500" in cause_sentence(run.trigger, run.cause)
    entry = AuditEntry.objects.get(verb="request_train", object_id=str(run.pk))
    assert entry.details["trigger"] == "growth"


@pytest.mark.parametrize(
    ("given", "measure", "words"),
    [
        ({"every_days": 2}, None, "every 2 days"),
        ({"input_drift": 0.25}, _measure(0.3), "the index is 0.30, and 0.25 is enough"),
        ({"quality_loss_percent": 10}, _measure(0.3, "quality"), "fell from 0.4000 to 0.3000"),
    ],
)
def test_every_cause_is_said_in_words(
    given: dict[str, Any], measure: DriftMeasure | None, words: str
) -> None:
    policy = _policy(**given)
    _trained(timedelta(days=9))
    if measure is not None:
        _read(measure)
    cause = find_cause(policy, situation("quick"), NOON)
    assert cause is not None
    assert words in cause_sentence(cause.trigger, cause.figures)


def test_evaluating_again_starts_no_second_run(shop: dict[str, Any]) -> None:
    _policy(growth_percent=20)
    _trained(timedelta(days=3), now=timezone.now())
    RetrainingPolicy.objects.exclude(recipe="quick").delete()
    shop["events"] = 1_500
    assert [retrain_where_due(), retrain_where_due()] == [1, 0]
    Job.objects.update(status="succeeded")
    assert retrain_where_due() == 0


def test_two_workers_evaluating_at_once_start_one_run(shop: dict[str, Any]) -> None:
    _policy(growth_percent=20)
    _trained(timedelta(days=3), now=timezone.now())
    shop["events"] = 1_500
    start = Barrier(2)

    def evaluate(_: int) -> TrainingRun | None:
        try:
            start.wait(timeout=20)
            return request_due_training(recipe_key="quick")
        finally:
            connections.close_all()

    for _ in range(3):
        TrainingRun.objects.filter(job__status="queued").delete()
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(evaluate, range(2)))
        assert sorted(run is None for run in runs) == [False, True]
        assert TrainingRun.objects.filter(job__status="queued").count() == 1


def test_a_run_on_its_way_is_not_joined_by_a_second_one_of_any_kind() -> None:
    request_training(recipe_key="quick", requested_by=None, kind="search", start=False)
    _policy(every_days=1)
    _trained(timedelta(days=9), now=timezone.now())
    assert request_due_training(recipe_key="quick") is None
    with pytest.raises(AlreadyTraining):
        request_training(recipe_key="quick", requested_by=None, start=False)


def test_what_cannot_start_a_training_is_not_counted_and_measured_for() -> None:
    """The figures of a large shop are dear, and every minute asks."""
    for given, running in (({"is_active": False}, False), ({"is_active": True}, True)):
        _policy(growth_percent=1, **given)
        if running:
            request_training(recipe_key="quick", requested_by=None, start=False)
        del SHOP["events"]
        assert request_due_training(recipe_key="quick") is None
        SHOP["events"] = 1_000


def test_a_situation_takes_five_statements(django_assert_num_queries: Any) -> None:
    _trained(timedelta(days=3))
    with django_assert_num_queries(4):
        situation("quick")  # whose own count asks no database


def test_saving_a_policy_leaves_what_the_person_did_not_change() -> None:
    opened = _policy(growth_percent=20)
    person = factories.user()
    keep_params(recipe_key="quick", params={"dim": 96}, actor=person)
    opened.at_hour = 5
    save_policy(policy=opened, changed=["at_hour"], actor=person)
    now = RetrainingPolicy.objects.get(recipe="quick")
    assert (now.at_hour, now.params) == (5, {"dim": 96})


def test_saving_a_policy_unchanged_writes_nothing() -> None:
    policy = _policy()
    before = policy.updated_at
    save_policy(policy=policy, changed=[], actor=factories.user())
    policy.refresh_from_db()
    assert policy.updated_at == before
    assert not AuditEntry.objects.filter(verb="change_retraining").exists()


def test_drift_is_read_once_an_hour_and_not_where_nothing_can_be_measured() -> None:
    assert read_drift() == 0
    SHOP["measures"] = [_measure(0.1)]
    assert [read_drift(), read_drift()] == [1, 0]
    DriftReading.objects.update(at=timezone.now() - timedelta(hours=1))
    assert read_drift() == 1


def test_settings_that_are_kept_enter_every_run_and_its_own_come_last() -> None:
    _policy(params={"dim": 96, "epochs": 5})
    run = request_training(recipe_key="quick", requested_by=None, params={"epochs": 9}, start=False)
    assert run.params == {"dim": 96, "epochs": 9}
