"""What answering reads instead of the database: catalogue, rules, popularity, rankers, kept fresh.

One thread per web process looks every two seconds, so that no request waits for files or for
4,000 rows; where the setting SERVING_WATCHER is off, every request looks by itself.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone

from guidance.behaviour.days import day_bounds
from guidance.behaviour.models import Source
from guidance.core.models import Market
from guidance.core.selectors import default_market
from guidance.experiments.services import EVERYWHERE, HELD_OUT, surfaces_tested
from guidance.recommendations import rulebook
from guidance.recommendations.catalogue import CatalogueIndex, read_index, signature
from guidance.recommendations.models import Surface
from guidance.recommendations.popularity import DAYS, Popularity, read_popularity
from guidance.recommendations.rankers import LoadedVersion, RankerRegistry
from guidance.recommendations.rulebook import RuleBook, read_rulebook
from guidance.recommendations.segments import Segments, read_segments
from guidance.recommendations.selectors import active_surfaces, surfaces_called
from guidance.recommendations.slots import Bandits, Chooser, LoadedBandit, read_bandits

logger = logging.getLogger(__name__)
# A promotion must reach every process within 5 seconds: 2 to notice, 3 to load.
LOOK_SECONDS = 2.0
# A process's first request waits for its first look, and for no longer than this.
FIRST_LOOK_SECONDS = 10.0
# Days whose popularity is kept: replays ask for the past.
KEPT_DAYS = 32
# Rollups advance about once a minute.
POPULARITY_SECONDS = 20.0
# Segments are counted from events, which takes longer, and change slowly.
SEGMENTS_SECONDS = 600.0

DayKey = tuple[date, bool]
Read = TypeVar("Read")


class KeptByDay(Generic[Read]):
    """What was read of some days, and when."""

    def __init__(self, read: Callable[[DayKey], Read]) -> None:
        self._read = read
        self._kept: dict[DayKey, tuple[float, Read]] = {}

    def of(self, key: DayKey, longest: float) -> Read:
        """Return a day's, read again where it is older than `longest` seconds."""
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] <= longest:
            return kept[1]
        found = self._read(key)
        days = list(self._kept)
        if key not in days and len(days) >= KEPT_DAYS:
            self._kept.pop(min(days), None)
        self._kept[key] = (time.monotonic(), found)
        return found


class ServingState:
    """The state of one process; its parts are immutable and are replaced as a whole."""

    def __init__(self) -> None:
        self._registry = RankerRegistry()
        self.market = Market()
        self._tested: set[tuple[str, str]] = set()
        self._surfaces: dict[str, Surface] = {}
        self._bandits: Bandits = {}
        self._rules: RuleBook | None = None
        self._popularity = KeptByDay[Popularity](
            lambda key: read_popularity(day=key[0], with_replay=key[1])
        )
        self._segments = KeptByDay[Segments](self._read_segments)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    def prepare(self) -> None:
        """Make the state usable for one request: once a process, or each time without a watcher."""
        if not settings.SERVING_WATCHER:
            self.refresh()
            return
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._ready.wait(timeout=FIRST_LOOK_SECONDS)

    def refresh(self) -> None:
        """Look for what changed and read it; six statements where nothing did, and one for the
        bandits where a surface has one."""
        self.market = default_market()
        self._surfaces = active_surfaces()
        self._tested = surfaces_tested()
        has_bandit = any(surface.slots_bandit for surface in self._surfaces.values())
        self._bandits = read_bandits(self._bandits) if has_bandit else {}
        rules = self._rules
        index = None if rules is None or rules.index.signature != signature() else rules.index
        if rules is None or index is None or rules.signature != rulebook.signature():
            self._rules = read_rulebook(index or read_index())
        self._registry.refresh(self.index)

    @property
    def version(self) -> LoadedVersion | None:
        """The model version this process serves from; None where none can be."""
        return self._registry.current

    def surfaces_called(self, keys: Collection[str]) -> dict[str, Surface]:
        """Return the active surfaces of these keys.

        Under a watcher a surface is as it was two seconds ago at most; a new one answers at once.
        """
        kept: dict[str, Surface] = {}
        if settings.SERVING_WATCHER:
            self.prepare()
            kept = {key: self._surfaces[key] for key in keys if key in self._surfaces}
        unmet = [key for key in keys if key not in kept]
        return kept | surfaces_called(unmet) if unmet else kept

    def may_be_tested(self, *, surface: str, source: str) -> bool:
        """Tell whether an experiment or a holdout may hold there: a live one is noticed within two
        seconds.

        A replay starts its experiment and asks at once, so its own are always looked up.
        """
        return source == Source.REPLAY or not self._tested.isdisjoint(
            {(surface, source), (EVERYWHERE, source)}
        )

    def chooser_of(self, surface: Surface, arm: str, features: tuple[float, ...]) -> Chooser | None:
        """Return who fills a surface's exploration slots for such a shopper; None for chance.

        The held out meet no bandit.
        """
        bandit = self._bandits.get(surface.slots_bandit) if surface.slots_bandit else None
        if not isinstance(bandit, LoadedBandit) or surface.exploration <= 0 or arm == HELD_OUT:
            return None
        return Chooser(bandit, features)

    @property
    def rules(self) -> RuleBook:
        """The rules, targeted at the products of their own index: take both in one step."""
        assert self._rules is not None, "prepare() comes first"
        return self._rules

    @property
    def index(self) -> CatalogueIndex:
        return self.rules.index

    def popularity(self, *, at: datetime, with_replay: bool) -> Popularity:
        """Return what was popular on that day; read at most every 20 seconds under a watcher."""
        longest = POPULARITY_SECONDS if settings.SERVING_WATCHER else 0.0
        return self._popularity.of((self._day_of(at), with_replay), longest)

    def segments(self, *, at: datetime, with_replay: bool) -> Segments:
        """Return what segments bought; read at most every ten minutes under a watcher."""
        longest = SEGMENTS_SECONDS if settings.SERVING_WATCHER else 0.0
        return self._segments.of((self._day_of(at), with_replay), longest)

    def _day_of(self, at: datetime) -> date:
        """Rollups count by the shop's own calendar."""
        return at.astimezone(ZoneInfo(self.market.time_zone)).date()

    def _read_segments(self, key: DayKey) -> Segments:
        zone = ZoneInfo(self.market.time_zone)
        since, _end = day_bounds(key[0] - timedelta(days=DAYS - 1), zone)
        _start, until = day_bounds(key[0], zone)
        return read_segments(since=since, until=until, with_replay=key[1])

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="serving", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.refresh()
                today = (self._day_of(timezone.now()), False)
                self._popularity.of(today, POPULARITY_SECONDS / 2)
                self._segments.of(today, SEGMENTS_SECONDS / 2)
                self._ready.set()
            except Exception:  # whatever it was, the next look may find it gone
                logger.exception("Looking for another model or catalogue failed; trying again")
                connections.close_all()
            close_old_connections()
            pause.wait(LOOK_SECONDS)


state = ServingState()
