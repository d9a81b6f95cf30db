"""The import of a folder with the shop's own files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

import msgspec
from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent
from guidance.behaviour.services.ingest import record_events
from guidance.campaigns.rows import CampaignRow
from guidance.campaigns.services.editing import upsert_campaigns
from guidance.catalog.services import upsert_products
from guidance.console.importing.columns import TABLES
from guidance.console.importing.files import BATCH_ROWS, FileProblem, RawRow, TableFile
from guidance.console.importing.folder_rows import (
    campaign_row,
    customer_row,
    event_row,
    product_row,
)
from guidance.console.importing.progress import within
from guidance.console.importing.report import HELD_BACK, Tally, label
from guidance.console.importing.store import UPSERT_ROWS, Run, source_name
from guidance.core.rows import Refused, RowVerdict
from guidance.core.selectors import default_market
from guidance.customers.services import upsert_customers

Row = TypeVar("Row", bound=msgspec.Struct)
# Where each table's part of the import ends; events are nearly all of it.
SHARES = {"products": 0.06, "customers": 0.12, "campaigns": 0.13, "events": 1.0}


def import_folder(tables: dict[str, TableFile], run: Run) -> None:
    """Import the tables in the order in which they refer to each other."""
    begin = 0.0
    for name in TABLES:
        if name in tables:
            part = replace(run, progress=within(run.progress, begin, SHARES[name]))
            _IMPORTERS[name](tables[name], part)
        begin = SHARES[name]


def check_header(name: str, table: TableFile) -> None:
    """Refuse a file that lacks a column every row must have; raises FileProblem."""
    if table.columns is None:
        return
    missing = [c.name for c in TABLES[name] if c.is_required and c.name not in table.columns]
    if missing:
        raise FileProblem(
            _("%(file)s lacks the columns %(columns)s.")
            % {"file": table.path.name, "columns": ", ".join(missing)}
        )


def _import_products(table: TableFile, run: Run) -> None:
    convert = partial(product_row, language=default_market().language)
    _upsert(table, "products", run, convert, upsert_products, key="sku")


def _import_customers(table: TableFile, run: Run) -> None:
    _upsert(table, "customers", run, customer_row, upsert_customers, key="ref")


def _import_campaigns(table: TableFile, run: Run) -> None:
    language = default_market().language

    def convert(raw: RawRow) -> CampaignRow:
        row = campaign_row(raw, language)
        row.starts_at += run.shift
        row.ends_at += run.shift
        return row

    _upsert(table, "campaigns", run, convert, upsert_campaigns, key="key")


def _upsert(
    table: TableFile,
    name: str,
    run: Run,
    convert: Callable[[RawRow], Row],
    upsert: Callable[..., list[RowVerdict]],
    *,
    key: str,
) -> None:
    """Import a table whose rows carry a key; a key's second row in one file is rejected."""
    tally = run.report.table(name)
    seen: dict[str, int] = {}
    for batch in _read(table, name, UPSERT_ROWS, tally, run):
        pairs = []
        for raw, row in _converted(batch, convert, table, tally, run):
            first = seen.setdefault(getattr(row, key), raw.line)
            if first == raw.line:
                pairs.append((raw, row))
                continue
            detail = _("Line %(line)d names it already.") % {"line": first}
            run.reject(table, raw.line, "repeated", detail, raw.fields, tally)
        verdicts = upsert(rows=[row for _raw, row in pairs], source="import")
        for (raw, _row), verdict in zip(pairs, verdicts, strict=True):
            if verdict.code:
                run.reject(table, raw.line, verdict.code, verdict.detail, raw.fields, tally)
            else:
                tally.count(verdict)


def _import_events(table: TableFile, run: Run) -> None:
    tally = run.report.table("events")
    convert = partial(event_row, source=source_name(table))
    for batch in _read(table, "events", BATCH_ROWS, tally, run):
        raws: dict[int, RawRow] = {}
        events: dict[int, IncomingEvent] = {}
        for raw, event in _converted(batch, convert, table, tally, run):
            if run.is_held_back(event.time):
                tally.skipped[HELD_BACK] += 1
                continue
            raws[raw.number], events[raw.number] = raw, shifted(event, run.shift)
        taken = record_events(events=events, source=Source.IMPORT)
        tally.imported += taken.accepted
        tally.already_there += taken.duplicates
        for verdict in taken.rejected:
            raw = raws[verdict.index]
            run.reject(table, raw.line, verdict.code, verdict.detail, raw.fields, tally)
            del events[verdict.index]
        run.report.events_by_kind.update(event.kind for event in events.values())


def shifted(event: IncomingEvent, shift: timedelta) -> IncomingEvent:
    """Return the event moved by `shift`, its own time kept where that moves it."""
    if shift:
        event.original_time = event.time
        event.time += shift
    return event


def _read(table: TableFile, name: str, size: int, tally: Tally, run: Run) -> Iterator[list[RawRow]]:
    """Yield the rows that could be read, in batches; count all, and note unknown columns."""
    known = {column.name for column in TABLES[name]}
    unknown: set[str] = set()
    for batch in table.batches(size):
        tally.read += len(batch)
        good = []
        for raw in batch:
            if raw.problem:
                run.reject(table, raw.line, *raw.problem, raw.fields, tally)
                continue
            unknown |= raw.fields.keys() - known
            good.append(raw)
        yield good
        run.progress(label(name), table.fraction)
    if unknown:
        run.report.notes.append(
            _("%(file)s: columns not known here were left out: %(columns)s.")
            % {"file": table.path.name, "columns": ", ".join(sorted(unknown))}
        )


def _converted(
    batch: list[RawRow], convert: Callable[[RawRow], Row], table: TableFile, tally: Tally, run: Run
) -> Iterator[tuple[RawRow, Row]]:
    """Yield each row with what the services take; reject those that are wrong."""
    for raw in batch:
        try:
            yield raw, convert(raw)
        except Refused as refused:
            run.reject(table, raw.line, refused.code, refused.detail, raw.fields, tally)


_IMPORTERS: dict[str, Callable[[TableFile, Run], None]] = {
    "products": _import_products,
    "customers": _import_customers,
    "campaigns": _import_campaigns,
    "events": _import_events,
}
