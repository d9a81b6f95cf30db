"""One replay from the held-back tail to its end: planned, sent in order of time, resumable.

What was done is read from the database itself: decisions by shopper and time, events by id. So a
replay that was killed anywhere goes on where it stopped, and a finished one sends nothing again.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.models import Event, Source
from guidance.behaviour.rows import IncomingEvent
from guidance.console.importing import tail
from guidance.console.replay.keys import replay_key
from guidance.console.replay.plan import Session, plan_sessions
from guidance.console.replay.storefront import Storefront, Unreachable
from guidance.console.replay.summary import summary_lines
from guidance.console.replay.visits import SURFACE, Clicked, Shift, Shown, own_events, reactions
from guidance.core.jobs import JobContext
from guidance.decisions.models import Decision
from guidance.experiments.services import ensure_replay_experiment

# A decision is found again by its exact time; the database keeps microseconds.
Visit = tuple[str, datetime]


def run(context: JobContext) -> dict[str, Any]:
    """Replay as a job; the parameters are those of `job_params`."""
    params = context.params
    started = time.monotonic()
    context.progress(_("Reading"), 0.0, line=_("Reading the held-back events"))
    sessions = plan_sessions(
        tail(Path(params["shop"]), date.fromisoformat(params["since"])),
        shoppers=params["shoppers"],
        seed=params["seed"],
    )
    experiment = ensure_replay_experiment()
    shift = Shift(timedelta(weeks=params["shift_weeks"]))
    with (
        replay_key(f"replay {context.job_id}") as key,
        closing(
            Storefront(base_url=params["base_url"], key=key, check=context.check)
        ) as storefront,
    ):
        replay = Replay(storefront, shift, seed=params["seed"], known=Known(sessions, shift))
        pace = Pace(params["rate"])
        for number, session in enumerate(sessions):
            share = number / len(sessions)
            context.progress(_("Visits"), share, detail=dict(replay.counts))
            if replay.play(session):
                pace.wait()
    replay.counts["shoppers"] = len({session.shopper for session in sessions})
    result = {**replay.counts, "seconds": round(time.monotonic() - started, 1)}
    return result | {"text": "\n".join(summary_lines(result, experiment))}


def job_params(
    *,
    shop: Path,
    since: date,
    shift_weeks: int,
    shoppers: int,
    seed: int,
    rate: float | None,
    base_url: str,
) -> dict[str, Any]:
    """Return the parameters of a job that replays the events of `shop` from `since` on.

    `rate` is the most visits a second, None for as many as the server takes.
    """
    return {
        "shop": str(shop.resolve()),
        "since": since.isoformat(),
        "shift_weeks": shift_weeks,
        "shoppers": shoppers,
        "seed": seed,
        "rate": rate,
        "base_url": base_url,
    }


class Known:
    """What an earlier run of the same replay left in the database."""

    def __init__(self, sessions: Sequence[Session], shift: Shift) -> None:
        self.decisions: dict[Visit, Shown] = {}
        self.events: set[UUID] = set()
        if not sessions:
            return
        first = sessions[0].starts_at + shift.by
        for decision_id, ref, at, items in Decision.objects.filter(
            source=Source.REPLAY, surface=SURFACE, at__gte=first, customer__isnull=False
        ).values_list("pk", "customer__ref", "at", "items"):
            self.decisions[ref, at] = Shown.of(decision_id, items)
        replayed = Event.objects.filter(source=Source.REPLAY, occurred_at__gte=first)
        self.events.update(replayed.order_by().values_list("pk", flat=True).iterator())


@dataclass
class Replay:
    """Plays sessions one by one and counts what became of them."""

    storefront: Storefront
    shift: Shift
    seed: int
    known: Known
    counts: Counter[str] = field(default_factory=Counter)
    clicked: Clicked = field(default_factory=Clicked)

    def play(self, session: Session) -> bool:
        """Send what of this session is not there yet; return whether anything was sent."""
        if session.starts_at + self.shift.by > timezone.now():
            self.counts["sessions not yet due"] += 1
            return False
        seen: list[IncomingEvent] = []
        is_new = False
        if session.arrives_at is not None:
            shown, is_new = self._home_page(session.shopper, session.arrives_at)
            seen += reactions(session, shown, seed=self.seed)
            self.clicked.remember(session.shopper, seen)
            self.counts["visits"] += 1
        return self._send([*seen, *own_events(session, self.clicked)]) or is_new

    def _home_page(self, shopper: str, original_time: datetime) -> tuple[Shown, bool]:
        """Return what the home page showed, asked for once: a lost answer is found in the log."""
        at = original_time + self.shift.by
        visit = (shopper, at)
        if visit in self.known.decisions:
            return self.known.decisions[visit], False

        def ask() -> Shown:
            try:
                answer = self.storefront.recommendations(
                    surface=SURFACE, customer=shopper, at=at, original_time=original_time
                )
            except Unreachable:
                if logged := _logged(visit):
                    return logged
                raise
            return Shown.of(answer["decision_id"], answer["items"])

        shown: Shown = self.storefront.patiently(ask)
        if shown.decision_id is None:
            self.counts["decisions not logged"] += 1
        return shown, True

    def _send(self, events: Iterable[IncomingEvent]) -> bool:
        """Post the events that are due and not there yet; return whether there were any."""
        now = timezone.now()
        fresh = []
        for event in map(self.shift, events):
            if event.id in self.known.events:
                self.counts["events known already"] += 1
            elif event.time > now:
                self.counts["events not yet due"] += 1
            else:
                fresh.append(event)
        for verdict in self.storefront.send(fresh):
            self.counts["events known already"] += verdict["duplicates"]
            self.counts.update(f"rejected: {row['code']}" for row in verdict["rejected"])
        self.counts.update(event.kind for event in fresh)
        return bool(fresh)


class Pace:
    """Keeps visits apart where a rate is asked for."""

    def __init__(self, rate: float | None) -> None:
        self._every = 1 / rate if rate else 0.0
        self._next = time.monotonic()

    def wait(self) -> None:
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        self._next = max(self._next, now) + self._every


def _logged(visit: Visit) -> Shown | None:
    """Return the decision of a visit whose answer did not arrive."""
    ref, at = visit
    found = Decision.objects.filter(
        source=Source.REPLAY, surface=SURFACE, customer__ref=ref, at=at
    ).first()
    return Shown.of(found.pk, found.items) if found else None
