"""What higher apps give to core: kinds of job, and tasks that run again and again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.utils.functional import Promise
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from guidance.core.models import Market

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobKind:
    """A kind of long work: `runner` is the dotted path of `run(context) -> result`.

    It is a path, not a function, so that a web process never imports what only the job needs.
    Who asked for a job may cancel it, and so may those who hold `cancel_permission`.
    """

    key: str
    label: str | Promise
    runner: str
    cancel_permission: str = "core.change_job"

    def load(self) -> Callable[..., dict[str, Any]]:
        runner: Callable[..., dict[str, Any]] = import_string(self.runner)
        return runner


_job_kinds: dict[str, JobKind] = {}


def register_job_kind(kind: JobKind) -> None:
    """Make a kind of job known; call it in `AppConfig.ready()` only."""
    _job_kinds[kind.key] = kind


def job_kind(key: str) -> JobKind:
    """Return the registered kind; raises KeyError for one nobody registered."""
    return _job_kinds[key]


def cancel_permission(key: str) -> str:
    """Return what cancelling a job of this kind takes, for a kind nobody registered too."""
    kind = _job_kinds.get(key)
    return kind.cancel_permission if kind else "core.change_job"


@dataclass(frozen=True)
class Recurring:
    """A task that workers run every so many minutes."""

    key: str
    function: str
    minutes: int


_recurring: dict[str, Recurring] = {}


def register_schedule(recurring: Recurring) -> None:
    """Have workers run a task again and again; call it in `AppConfig.ready()` only."""
    _recurring[recurring.key] = recurring


def schedules() -> list[Recurring]:
    """Return every registered schedule."""
    return list(_recurring.values())


_recoveries: list[Callable[[], object]] = []


def register_recovery(recovery: Callable[[], object]) -> None:
    """Have every worker look, at its start and every few seconds, for what the dead have left.

    It must be cheap where there is nothing. Call it in `AppConfig.ready()` only.
    """
    if recovery not in _recoveries:
        _recoveries.append(recovery)


def recover_all() -> None:
    """Call every registered recovery once; one that fails stands in no other's way.

    Raises DatabaseError where the database cannot be reached.
    """
    for recovery in _recoveries:
        try:
            recovery()
        except DatabaseError:
            raise
        except Exception:  # whatever another app's does, the worker goes on
            logger.exception("A recovery failed; it is tried again")


MarketListener = Callable[["Market", "Market"], None]
_market_listeners: list[MarketListener] = []


def register_market_listener(listener: MarketListener) -> None:
    """Have `listener(before, after)` called in the transaction of each change of a market.

    Call it in `AppConfig.ready()` only.
    """
    if listener not in _market_listeners:
        _market_listeners.append(listener)


def tell_market_changed(before: "Market", after: "Market") -> None:
    """Call every listener once."""
    for listener in _market_listeners:
        listener(before, after)


@dataclass(frozen=True)
class Metric:
    """A gauge of `/metrics` that an app reads from what all its processes share."""

    name: str
    description: str
    read: Callable[[], float]


_metrics: dict[str, Metric] = {}


def register_metric(metric: Metric) -> None:
    """Add a gauge to `/metrics`; call it in `AppConfig.ready()` only."""
    _metrics[metric.name] = metric


def registered_metrics() -> list[Metric]:
    """Return every registered gauge."""
    return list(_metrics.values())
