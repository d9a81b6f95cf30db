"""Which part of the decision log a report is about."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from guidance.behaviour.days import day_bounds, shop_zone, today
from guidance.behaviour.models import Source
from guidance.decisions.attribution import purchase_sources

PERIODS = (7, 28, 90)
DEFAULT_DAYS = 28
# Quality and inputs of the last days are compared with those of the period before them.
RECENT_DAYS = 7


class OfPolicy(Protocol):
    """A decision as far as a scope looks at it."""

    surface: str
    policy_version: str


@dataclass(frozen=True)
class Scope:
    """Traffic, surface and model version ('' for all), and days that end with `last`."""

    source: str
    surface: str
    version: str
    days: int
    last: date

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.days - 1)

    @property
    def recent(self) -> date | None:
        """The first of the recent days; None where nothing would be left to compare with."""
        return self.last - timedelta(days=RECENT_DAYS - 1) if self.days > RECENT_DAYS else None

    @cached_property
    def bounds(self) -> tuple[datetime, datetime]:
        """The period's first moment and the first moment after it."""
        zone = shop_zone()
        return day_bounds(self.first, zone)[0], day_bounds(self.last, zone)[1]

    @property
    def is_replay(self) -> bool:
        return self.source == Source.REPLAY

    @property
    def history_sources(self) -> list[str]:
        """What shoppers did before counts from here; a replay relives real history."""
        return list(Source) if self.is_replay else purchase_sources(self.source)

    def holds(self, decision: "OfPolicy") -> bool:
        """Tell whether a decision of the period is one of this surface and version."""
        return (not self.surface or decision.surface == self.surface) and (
            not self.version or decision.policy_version == self.version
        )

    def as_params(self) -> dict[str, Any]:
        """Return the scope as a job's parameters; the last day is the day on which it runs."""
        return {
            "source": self.source,
            "surface": self.surface,
            "version": self.version,
            "days": self.days,
        }


def watched_scope(*, version: str = "") -> Scope:
    """Return what alerts are evaluated on: live traffic of every surface, 28 days; or what it holds
    of one model version's decisions, by which retraining goes."""
    return Scope(Source.LIVE, "", version, DEFAULT_DAYS, today())
