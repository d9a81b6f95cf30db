"""What an event must hold beyond its types: when it may have happened, what its kind needs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from guidance.behaviour.models import Event, Source
from guidance.behaviour.rows import IncomingEvent
from guidance.core.ids import is_uuid7
from guidance.core.rows import Refused, check_money, check_time

CLOCK_SKEW = timedelta(minutes=5)
MEMORY = timedelta(days=90)
# What one event may be worth. It keeps a day's sum of cents far inside a 64-bit integer.
MAX_VALUE = Decimal(1_000_000_000)

Kind = Event.Kind
NEED_PRODUCT = frozenset({Kind.VIEW, Kind.CART, Kind.PURCHASE, Kind.RETURN, Kind.REVIEW})
NEED_PRODUCT_OR_DECISION = frozenset({Kind.IMPRESSION, Kind.CLICK, Kind.RATING})


@dataclass(frozen=True)
class Rules:
    """What the caller's key allows: where its events count, and which times it may tell."""

    source: Source
    now: datetime

    @property
    def any_past(self) -> bool:
        """Replayed and imported rows may come from any past, and tell what time it was then."""
        return self.source in {Source.REPLAY, Source.IMPORT}


def check_event(event: IncomingEvent, rules: Rules) -> None:
    """Raise Refused where the event cannot be kept; products are looked up elsewhere."""
    check_id(event.id, "id")
    if event.decision_id is not None:
        check_id(event.decision_id, "decision_id")
    _check_moment(event.time, rules)
    _check_original(event.original_time, rules)
    _check_needs(event)
    _check_value(event)


def check_id(value: UUID, field: str) -> None:
    """Refuse an id of any other form than UUIDv7."""
    if not is_uuid7(value):
        raise Refused("not_uuid7", _("%(field)s: is no UUIDv7.") % {"field": field})


def _check_moment(time: datetime, rules: Rules) -> None:
    check_time(time, "time")
    if time > rules.now + CLOCK_SKEW:
        raise Refused(
            "clock_skew",
            _("time: lies ahead of our clock, which says %(now)s.")
            % {"now": rules.now.astimezone(UTC).isoformat(timespec="seconds")},
        )
    if time < rules.now - MEMORY and not rules.any_past:
        raise Refused("too_old", _("time: is more than %(days)d days ago.") % {"days": MEMORY.days})


def _check_original(time: datetime | None, rules: Rules) -> None:
    if time is None:
        return
    if not rules.any_past:
        raise Refused(
            "not_allowed", _("original_time: only a key that replays traffic may send it.")
        )
    check_time(time, "original_time")


def _check_needs(event: IncomingEvent) -> None:
    if event.kind in NEED_PRODUCT and event.sku is None:
        raise _missing("sku", event.kind)
    if event.kind in NEED_PRODUCT_OR_DECISION and event.sku is None and event.decision_id is None:
        raise _missing("sku or decision_id", event.kind)
    if event.kind == Kind.SEARCH and not event.text.strip():
        raise _missing("text", event.kind)
    if event.kind == Kind.RATING and event.rating is None:
        raise _missing("rating", event.kind)


def _missing(field: str, kind: str) -> Refused:
    return Refused(
        "missing_field",
        _("%(field)s is missing; a %(kind)s needs it.") % {"field": field, "kind": kind},
    )


def _check_value(event: IncomingEvent) -> None:
    check_money(event.price, "price")
    if event.price is not None and event.price * event.quantity > MAX_VALUE:
        raise Refused(
            "out_of_range",
            _("price: times quantity is more than %(most)s.") % {"most": f"{MAX_VALUE:,}"},
        )
