"""Experiments' sums: shoppers about whom rows came in are counted again, and only they.

A shopper's rows are replaced by what decisions and events say now; the days change by the
difference between what those rows added up to before and after. Whole numbers throughout, so
that every way of getting there, shopper by shopper or all from the beginning, gives the same.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Max, Min, Q, QuerySet

from guidance.behaviour.services.rollups import CUSTOMERS_LOCK
from guidance.core.bulk import insert_rows
from guidance.core.locks import hold_lock
from guidance.decisions.models import Decision
from guidance.experiments.models import (
    ArmDay,
    Experiment,
    Metric,
    MetricBucket,
    MetricDay,
    Recount,
    Unit,
    ZoneDay,
)
from guidance.experiments.selectors.chosen import metrics_of, zone_of
from guidance.experiments.selectors.days import Days
from guidance.experiments.selectors.raw import give_room, know_rows, raw_rows
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope
from guidance.experiments.selectors.sums import (
    ARM_NUMBERS,
    SIX,
    THREE,
    ZONE_NUMBERS,
    kept_days,
    stored_days,
)
from guidance.experiments.services.keeping import (
    VALUE_TABLE,
    add_rows,
    changed_customers,
    is_kept,
    replace_rows,
)

# Shoppers counted in one transaction of a whole recount: SQLite's other writers wait for it.
SHOPPERS_AT_ONCE = {"sqlite": 20_000, "postgresql": 100_000}
# How many connections PostgreSQL counts them with, a core each.
CONNECTIONS = 2
LONGEST_WAIT = "60s"
Found = TypeVar("Found")


def count_customers(customer_ids: Sequence[int]) -> None:
    """Count these customers again in every experiment that they met or were kept in.

    It runs in the transaction that took their marks, under the customers' lock. Who made a
    decision that one of their events names is counted too: such an event counts for nobody, and
    the report tells how many those are.
    """
    give_room(few=True)
    touched = sorted({*customer_ids, *_named_by(customer_ids)})
    for experiment in _experiments_of(touched):
        count_units(experiment, touched)


def count_units(experiment: Experiment, customer_ids: Sequence[int]) -> None:
    """Replace what is kept of some shoppers of one experiment; the caller holds the lock."""
    metrics = list(metrics_of(experiment).values())
    scope = Scope(experiment, zone_of(experiment).key, customers=customer_ids)
    with raw_rows(scope, metrics, times=_has_times(metrics)):
        changed = changed_customers(scope)
        if not changed:
            return
        scope = replace(scope, customers=changed)
        before = kept_days(scope, metrics)
        replace_rows(scope)
    _change_days(experiment, kept_days(scope, metrics).minus(before))


def recount_experiment(
    *, experiment: Experiment, again: bool = False, at_once: int | None = None
) -> Iterator[float]:
    """Count an experiment from its decisions and events; yield the share that is done.

    Killed and called again it goes on where it was; `again` begins anew. Batches of shoppers are
    transactions of their own, so the marks are worked off meanwhile. The days are put in place
    with the last step: until then the report says that it is being counted.
    """
    at_once = at_once or SHOPPERS_AT_ONCE[connection.vendor]
    # Other connections do not see what a caller's transaction has written.
    is_shared = connection.vendor == "postgresql" and not connection.in_atomic_block
    with transaction.atomic():
        hold_lock(CUSTOMERS_LOCK)
        if again:
            Recount.objects.filter(experiment=experiment).delete()
        first, last = _range_of(
            Decision.objects.of_experiment(experiment.key),
            Unit.objects.filter(experiment=experiment),
        )
        Recount.objects.get_or_create(
            experiment=experiment, defaults={"after_customer": first, "last_customer": last}
        )
    hands = CONNECTIONS if is_shared else 1
    while (share := _recount_batch(experiment, at_once, hands)) < 1:
        yield share
    yield 1.0


@transaction.atomic
def _recount_batch(experiment: Experiment, at_once: int, hands: int) -> float:
    """Count the next shoppers; return the share that is done, 1 once the days are in place.

    Other hands commit their part of a batch before this transaction does, under its lock: killed
    in between, the batch is counted once more.
    """
    hold_lock(CUSTOMERS_LOCK)
    state = Recount.objects.filter(experiment=experiment).first()
    if state is None:  # another process finished it
        return 1.0
    if state.after_customer >= state.last_customer:
        kept = _range_of(Unit.objects.filter(experiment=experiment))
        _put_days(experiment, _in_hands(experiment, _days_of_range, *kept, hands))
        state.delete()
        return 1.0
    start, state.after_customer = (
        state.after_customer,
        min(state.after_customer + at_once, state.last_customer),
    )
    _in_hands(experiment, _recount_range, start, state.after_customer, hands)
    if state.after_customer >= state.last_customer:  # other hands read what has been committed
        know_rows(UNIT_TABLE, "experiment_id, customer_id")
        know_rows(VALUE_TABLE, "unit_id, metric_id")
    state.save(update_fields=["after_customer"])
    return min(0.999, state.after_customer / state.last_customer)


def _in_hands(
    experiment: Experiment,
    work: Callable[[Experiment, int, int], Found],
    after: int,
    last: int,
    hands: int,
) -> list[Found]:
    """Do what has to be done of a range of customers, a part of it in each hand."""
    ends = [after + (last - after) * n // hands for n in range(hands + 1)]
    with ThreadPoolExecutor(max_workers=hands) as pool:
        others = [
            pool.submit(_elsewhere, experiment, work, ends[n], ends[n + 1]) for n in range(1, hands)
        ]
        give_room()
        own = work(experiment, ends[0], ends[1])
        return [own, *(other.result() for other in others)]


def _elsewhere(
    experiment: Experiment, work: Callable[[Experiment, int, int], Found], after: int, last: int
) -> Found:
    """Work on a range on a connection of this thread's own, under the lock of who asked for it."""
    try:
        with transaction.atomic():
            give_room()
            # Whoever waits for a lock between both hands would wait for ever: nobody sees that the
            # other hand waits for this one.
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")
            return work(experiment, after, last)
    finally:
        connection.close()


def _days_of_range(experiment: Experiment, after: int, last: int) -> Days:
    scope = Scope(experiment, zone_of(experiment).key, between=(after, last))
    return kept_days(scope, list(metrics_of(experiment).values()))


def _recount_range(experiment: Experiment, after: int, last: int) -> None:
    metrics = list(metrics_of(experiment).values())
    scope = Scope(experiment, zone_of(experiment).key, between=(after, last))
    with raw_rows(scope, metrics, times=_has_times(metrics)):
        if not is_kept(scope):
            add_rows(scope)
        elif changed := changed_customers(scope):
            replace_rows(replace(scope, between=None, customers=changed))


def _range_of(*tables: QuerySet[Any]) -> tuple[int, int]:
    """Return the ids between which the customers of some rows lie, before the first and last."""
    found = [rows.aggregate(first=Min("customer"), last=Max("customer")) for rows in tables]
    firsts = [one["first"] for one in found if one["first"] is not None]
    lasts = [one["last"] for one in found if one["last"] is not None]
    return min(firsts, default=1) - 1, max(lasts, default=0)


def _named_by(customer_ids: Sequence[int]) -> set[int]:
    """Return whose decisions these customers' events name, other than their own."""
    scope = Scope(Experiment(), "", customers=customer_ids)
    statement = f"""
WITH named AS MATERIALIZED (
    SELECT e.customer_id, (SELECT d.customer_id FROM decisions_decision d
        WHERE d.id = e.decision AND d.experiment <> '') AS made_for
    FROM behaviour_event e WHERE e.decision IS NOT NULL{scope.of_customers("e.customer_id")}
)
SELECT DISTINCT made_for FROM named WHERE made_for <> customer_id"""  # noqa: S608  names, no values
    with connection.cursor() as cursor:
        cursor.execute(statement, scope.values)
        return {customer_id for (customer_id,) in cursor.fetchall()}


def _experiments_of(customer_ids: Sequence[int]) -> list[Experiment]:
    """Return the experiments that log these customers' decisions, or keep them still."""
    scope = Scope(Experiment(), "", customers=customer_ids)
    statement = f"""
SELECT DISTINCT d.experiment FROM decisions_decision d
WHERE d.experiment <> ''{scope.of_customers("d.customer_id")}"""  # noqa: S608  names, no values
    with connection.cursor() as cursor:
        cursor.execute(statement, scope.values)
        keys = [key for (key,) in cursor.fetchall()]
    kept = Unit.objects.filter(customer__in=customer_ids).values("experiment")
    return list(Experiment.objects.filter(Q(key__in=keys) | Q(pk__in=kept)).order_by("pk"))


def _has_times(metrics: Sequence[Metric]) -> bool:
    return any(metric.is_quantile and metric.is_time for metric in metrics)


def _change_days(experiment: Experiment, difference: Days) -> None:
    """Add a difference to the days kept; what then holds nobody goes."""
    if difference != Days():
        _write_days(experiment, difference.added_to(stored_days(experiment)))


def _put_days(experiment: Experiment, parts: Sequence[Days]) -> None:
    """Replace the days by what all rows kept add up to, told of parts of the shoppers."""
    ArmDay.objects.filter(experiment=experiment).delete()
    MetricDay.objects.filter(experiment=experiment).delete()
    MetricBucket.objects.filter(experiment=experiment).delete()
    ZoneDay.objects.filter(experiment=experiment).delete()
    _write_days(experiment, reduce(Days.plus, parts))


def _write_days(experiment: Experiment, days: Days) -> None:
    arms = [
        ArmDay(
            experiment=experiment,
            left_out=left_out,
            arm=arm,
            day=day,
            **dict(zip(ARM_NUMBERS, numbers, strict=True)),
        )
        for (left_out, arm, day), numbers in sorted(days.arms.items())
    ]
    sums = [
        MetricDay(
            experiment=experiment,
            metric_id=metric_id,
            arm=arm,
            day=day,
            **dict(zip(SIX, numbers, strict=True)),
        )
        for (metric_id, arm, day), numbers in sorted(days.metrics.items())
    ]
    keys = ["experiment", "left_out", "arm", "day"]
    insert_rows(arms, conflict=keys, update=ARM_NUMBERS)
    insert_rows(sums, conflict=["experiment", "metric", "arm", "day"], update=SIX)
    buckets = [
        MetricBucket(
            experiment=experiment,
            metric_id=metric_id,
            arm=arm,
            day=day,
            bucket=bucket,
            **dict(zip(THREE, numbers, strict=True)),
        )
        for (metric_id, arm, day, bucket), numbers in sorted(days.buckets.items())
    ]
    zones = [
        ZoneDay(
            experiment=experiment,
            zone=zone,
            arm=arm,
            day=day,
            **dict(zip(ZONE_NUMBERS, numbers, strict=True)),
        )
        for (zone, arm, day), numbers in sorted(days.zones.items())
    ]
    insert_rows(zones, conflict=["experiment", "zone", "arm", "day"], update=ZONE_NUMBERS)
    named = ["experiment", "metric", "arm", "day", "bucket"]
    insert_rows(buckets, conflict=named, update=THREE)
    MetricBucket.objects.filter(experiment=experiment, counts=0).delete()
    ZoneDay.objects.filter(experiment=experiment, shoppers=0).delete()
    ArmDay.objects.filter(experiment=experiment, shoppers=0).delete()
    MetricDay.objects.filter(experiment=experiment, units=0).delete()
