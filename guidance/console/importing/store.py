"""The writes that both layouts share: upserts by the thousand and batches of events."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.utils import timezone

from guidance.behaviour.services.bulk import EventRow, store_event_rows
from guidance.behaviour.services.checks import CLOCK_SKEW
from guidance.console.importing.files import TableFile
from guidance.console.importing.progress import Progress
from guidance.console.importing.rejects import RejectsFile
from guidance.console.importing.report import Report, Tally
from guidance.core.rows import RowVerdict

UPSERT_ROWS = 1_000
T = TypeVar("T")


@dataclass
class Run:
    """One import as every step of it sees it.

    Events at or after `until` (in the file's own time) are left for a replay; the others are
    moved `shift` later.
    """

    until: datetime | None
    shift: timedelta
    report: Report
    rejects: RejectsFile
    progress: Progress

    def reject(
        self, table: TableFile, line: int, code: str, detail: str, row: dict[str, Any], tally: Tally
    ) -> None:
        """Count a bad row and put it into the rejects file."""
        tally.rejected[code] += 1
        self.rejects.add(file=table.path.name, line=line, code=code, detail=detail, row=row)

    def store(self, rows: Sequence[EventRow] | Sequence[tuple], tally: Tally) -> set[UUID]:
        """Write events with ids that differ; return those stored before with another payload.

        Those are not counted: the caller rejects their rows.
        """
        stored = store_event_rows(rows=rows, detect_conflicts=True)
        tally.imported += stored.inserted
        tally.already_there += len(stored.duplicates)
        kinds = (row[1] for row in rows if row[0] not in stored.conflicts)
        self.report.events_by_kind.update(kinds)
        return stored.conflicts

    def shifted(self, times: Iterable[datetime]) -> tuple[list[datetime], list[datetime | None]]:
        """Return when events are to have happened, and their original times where that differs."""
        originals = list(times)
        if not self.shift:
            return originals, [None] * len(originals)
        return [time + self.shift for time in originals], list(originals)

    @property
    def latest(self) -> datetime:
        """The last time of the files that is not in the future once shifted."""
        return timezone.now() + CLOCK_SKEW - self.shift

    def is_held_back(self, time: datetime) -> bool:
        """Tell whether the event belongs to the part that a replay brings."""
        return self.until is not None and time >= self.until


def source_name(table: TableFile) -> str:
    """Return the name under which ids are derived: the file's, in whatever format it is."""
    return table.path.stem.lower()


def in_batches(items: Iterable[T], size: int = UPSERT_ROWS) -> Iterator[list[T]]:
    """Yield lists of at most `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def upsert_all(rows: Iterable[T], upsert: Callable[..., list[RowVerdict]], tally: Tally) -> None:
    """Upsert rows in batches and count the verdicts."""
    for batch in in_batches(rows):
        tally.read += len(batch)
        for verdict in upsert(rows=batch, source="import"):
            tally.count(verdict)
