"""The part of a shop's history that an import left out, for a replay."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent
from guidance.behaviour.services.checks import Rules, check_event
from guidance.console.importing.files import TableFile
from guidance.console.importing.folder_rows import event_row
from guidance.console.importing.retail import line_ids, shopper_refs
from guidance.console.importing.retail_lines import CURRENCY, as_money, judge, read_frames
from guidance.console.importing.runner import moment, recognise, zone_of
from guidance.console.importing.store import source_name
from guidance.core.rows import Refused


def tail(path: Path, since: date | datetime) -> Iterator[IncomingEvent]:
    """Yield the events from `since` on in order of time, as `POST events` takes them.

    They are exactly those that `import_shop(path=path, until=since)` holds back: valid, with the
    ids that an import would give them, `time` as in the files. Bad rows and lines that are no
    shopper's doing are left out: the import has reported them. Raises FileProblem.
    """
    tables = recognise(path)
    start = moment(since, zone_of(tables))
    assert start is not None
    if isinstance(tables, dict):
        yield from _of_folder(tables, start)
    else:
        yield from _of_retail(tables, start)


def _of_folder(tables: dict[str, TableFile], start: datetime) -> Iterator[IncomingEvent]:
    if "events" not in tables:
        return
    table = tables["events"]
    rules = Rules(source=Source.IMPORT, now=timezone.now())
    events = []
    for batch in table.batches():
        for raw in batch:
            if raw.problem:
                continue
            try:
                event = event_row(raw, source_name(table))
                check_event(event, rules)
            except Refused:
                continue
            if event.time >= start:
                events.append(event)
    yield from sorted(events, key=lambda event: (event.time, event.id))


def _of_retail(table: TableFile, start: datetime) -> Iterator[IncomingEvent]:
    parts = []
    for frame in read_frames(table):
        lines = judge(frame, timezone.now())
        parts.append(lines[(lines["verdict"] == "") & (lines["time"] >= start)])
    if not parts:
        return
    late = pd.concat(parts, ignore_index=True).sort_values(["time", "number"])
    rows = zip(
        line_ids(late, source_name(table)),
        late["time"].dt.to_pydatetime(),
        late["kind"].tolist(),
        shopper_refs(late),
        late["sku"].tolist(),
        late["invoice"].tolist(),
        late["quantity"].tolist(),
        late["price"].tolist(),
        strict=True,
    )
    for event_id, time, kind, ref, sku, invoice, quantity, price in rows:
        yield IncomingEvent(
            id=event_id,
            kind=kind,
            customer=ref,
            time=time,
            sku=sku,
            basket=invoice,
            quantity=quantity,
            price=as_money(price),
            currency=CURRENCY,
        )
