"""Consent: a history that only grows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import UNSET, to_builtins

from guidance.core.bulk import insert_rows
from guidance.core.rows import Refused, check_time
from guidance.customers.models import Consent
from guidance.customers.rows import ConsentRow

CLOCK_SKEW = timedelta(minutes=5)
Said = tuple[int, str, str]


@dataclass
class ConsentHistory:
    """What some customers said so far: each time it was said, and the newest word."""

    said: dict[tuple[Said, datetime], bool] = field(default_factory=dict)
    newest: dict[Said, tuple[datetime, bool]] = field(default_factory=dict)

    def add(self, key: Said, at: datetime, granted: bool) -> None:
        """Note one more word."""
        self.said[key, at] = granted
        if key not in self.newest or self.newest[key][0] <= at:
            self.newest[key] = (at, granted)


def check_consents(rows: Iterable[ConsentRow]) -> None:
    """Refuse a consent from the future, and one that the same row gives twice."""
    said = set()
    for place, row in enumerate(rows):
        key = (row.channel, row.purpose, row.at)
        if key in said:
            raise Refused(
                "repeated",
                _("consents[%(place)d]: the same is given twice.") % {"place": place},
            )
        said.add(key)
        if row.at is UNSET:
            continue
        check_time(row.at, f"consents[{place}].at")
        if row.at > timezone.now() + CLOCK_SKEW:
            raise Refused(
                "clock_skew",
                _("consents[%(place)d].at: lies in the future.") % {"place": place},
            )


def consent_history(customers: Iterable[int]) -> ConsentHistory:
    """Read what these customers said; one statement."""
    history = ConsentHistory()
    rows = Consent.objects.filter(customer__in=customers).order_by("at", "pk")
    for row in rows:
        history.add((row.customer_id, row.channel, row.purpose), row.at, row.is_granted)
    return history


def write_consents(
    *, wanted: Mapping[int, Iterable[ConsentRow]], history: ConsentHistory, source: str
) -> set[int]:
    """Append what is new and return the customers who said it.

    A consent with a time is new where none has that time; one without is new where the newest
    word differs. Raises nothing: `contradiction` finds beforehand what cannot be kept.
    """
    now = timezone.now()
    new = []
    for customer_id, rows in wanted.items():
        for row in rows:
            key = (customer_id, row.channel, row.purpose)
            if _is_known(row, key, history):
                continue
            at = now if row.at is UNSET else row.at
            history.add(key, at, row.granted)
            new.append(
                Consent(
                    customer_id=customer_id,
                    channel=row.channel,
                    purpose=row.purpose,
                    is_granted=row.granted,
                    at=at,
                    source=source,
                    proof={} if row.proof is UNSET else to_builtins(row.proof),
                )
            )
    insert_rows(new, conflict=["customer", "channel", "purpose", "at"])
    return {consent.customer_id for consent in new}


def check_contradictions(
    customer_id: int, rows: Iterable[ConsentRow], history: ConsentHistory
) -> None:
    """Refuse a consent that says at one time the opposite of what is stored for that time."""
    for place, row in enumerate(rows):
        if row.at is UNSET:
            continue
        key = (customer_id, row.channel, row.purpose)
        if history.said.get((key, row.at), row.granted) != row.granted:
            raise Refused(
                "conflict",
                _("consents[%(place)d]: the opposite is stored for that very time.")
                % {"place": place},
            )


def _is_known(row: ConsentRow, key: Said, history: ConsentHistory) -> bool:
    if row.at is UNSET:
        return key in history.newest and history.newest[key][1] == row.granted
    return (key, row.at) in history.said
