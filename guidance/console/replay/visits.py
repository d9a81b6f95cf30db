"""What a storefront sends about one session: impressions, clicks, then the shop's own events."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from guidance.behaviour.rows import IncomingEvent
from guidance.console.replay.plan import Session, is_examined
from guidance.core.ids import derived_id

SURFACE = "home"
IMPRESSION_DELAY = timedelta(seconds=1)
# Reading down the list takes so long a position; the last click still precedes the first event.
READING_TIME = timedelta(seconds=1)


@dataclass(frozen=True)
class Shown:
    """What the home page showed: the decision's id (None where it was not logged) and SKUs.

    A replay knows nothing of campaigns and content that the past did not show.
    """

    decision_id: UUID | None
    skus: tuple[str, ...]

    @classmethod
    def of(cls, decision_id: UUID | str | None, items: Sequence[dict[str, Any]]) -> "Shown":
        ordered = sorted(items, key=lambda item: item["position"])
        skus = tuple(item["sku"] for item in ordered if "sku" in item)
        return cls(UUID(str(decision_id)) if decision_id else None, skus)


@dataclass(frozen=True)
class Shift:
    """How far a replay moves every time; the original is kept where it moves at all."""

    by: timedelta

    def __call__(self, event: IncomingEvent) -> IncomingEvent:
        """Return a copy as an import with the same shift would store it."""
        if not self.by:
            return event
        return msgspec.structs.replace(event, time=event.time + self.by, original_time=event.time)


def reactions(session: Session, shown: Shown, *, seed: int) -> Iterator[IncomingEvent]:
    """Yield an impression for each item shown and a click on each that the shopper wanted.

    Wanted is what the shopper really bought next; it is clicked if its position is examined.
    Times are the files'; the ids follow from visit and product, so that a repeat is a duplicate.
    """
    assert session.arrives_at is not None
    visit = f"{session.shopper} {session.arrives_at.isoformat()}"
    for position, sku in enumerate(shown.skus, start=1):
        yield _reaction("impression", session, shown, position, session.arrives_at)
        examined = is_examined(position=position, seed=seed, visit=visit)
        if examined and sku in session.bought_next:
            later = session.arrives_at + READING_TIME * min(position, 18)
            yield _reaction("click", session, shown, position, later)


def own_events(session: Session, clicked: "Clicked") -> Iterator[IncomingEvent]:
    """Yield the session's real events; a rating names the decision that led to its product."""
    for event in session.events:
        if event.kind != "rating" or event.sku is None:
            yield event
            continue
        decision_id = clicked.decision_for(session.shopper, event.sku)
        yield msgspec.structs.replace(event, decision_id=decision_id) if decision_id else event


class Clicked:
    """The decisions whose items shoppers clicked, to be named by their ratings."""

    def __init__(self) -> None:
        self._decisions: dict[tuple[str, str], UUID] = {}

    def remember(self, shopper: str, reactions: Collection[IncomingEvent]) -> None:
        """Keep the latest decision of each product that the shopper clicked."""
        for event in reactions:
            if event.kind == "click" and event.decision_id and event.sku:
                self._decisions[shopper, event.sku] = event.decision_id

    def decision_for(self, shopper: str, sku: str) -> UUID | None:
        return self._decisions.get((shopper, sku))


def _reaction(
    kind: Any, session: Session, shown: Shown, position: int, time: datetime
) -> IncomingEvent:
    sku = shown.skus[position - 1]
    assert session.arrives_at is not None
    return IncomingEvent(
        id=derived_id(session.arrives_at, "replay", kind, SURFACE, session.shopper, sku),
        kind=kind,
        customer=session.shopper,
        time=time + IMPRESSION_DELAY,
        sku=sku,
        decision_id=shown.decision_id,
        position=position,
    )
