"""The import of a file in the Online Retail layout: order lines and what they tell."""

from datetime import datetime
from itertools import repeat
from typing import Any
from uuid import UUID

import pandas as pd
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.catalog.models import Product
from guidance.catalog.services import upsert_products
from guidance.console.importing.files import TableFile, open_table
from guidance.console.importing.progress import within
from guidance.console.importing.report import HELD_BACK, Tally
from guidance.console.importing.retail_lines import (
    COLUMNS,
    CURRENCY,
    ZONE,
    as_money,
    describe,
    judge,
    read_frames,
)
from guidance.console.importing.retail_survey import Survey
from guidance.console.importing.store import Run, source_name, upsert_all
from guidance.core.ids import derived_id
from guidance.core.services.markets import ensure_default_market
from guidance.customers.services import ensure_customers, upsert_customers

LINES = "order_lines"


def import_retail(table: TableFile, run: Run) -> None:
    """Import the products and customers that the lines name, then the lines as events."""
    ensure_default_market(
        key="united-kingdom",
        name="United Kingdom",
        language="en",
        currency=CURRENCY,
        time_zone=str(ZONE),
    )
    survey = _survey(table, run)
    run.report.derived["products"] = products = Tally()
    run.report.derived["customers"] = customers = Tally()
    run.progress(_("Products"), 0.1)
    upsert_all(survey.products(), upsert_products, products)
    run.progress(_("Customers"), 0.12)
    upsert_all(survey.customers(), upsert_customers, customers)
    run.report.notes.append(
        _("%(codes)d stock codes in the file, of which %(products)d are products with a sale.")
        % {"codes": survey.codes, "products": products.read}
    )
    _import_lines(table, run)


def shopper_refs(lines: pd.DataFrame) -> list[str]:
    """Return the pseudonym behind each line: the customer's, else the invoice's."""
    return lines["customer"].where(lines["customer"] != "", "invoice-" + lines["invoice"]).tolist()


def line_ids(lines: pd.DataFrame, source: str) -> list[UUID]:
    """Return the ids of lines, from each one's original time, the source and its number."""
    times = lines["time"].dt.to_pydatetime()
    return [
        derived_id(time, source, number)
        for time, number in zip(times, lines["number"].tolist(), strict=True)
    ]


def _survey(table: TableFile, run: Run) -> Survey:
    survey = Survey(run.until)
    report = within(run.progress, 0.0, 0.1)
    for frame in read_frames(table):
        survey.add(judge(frame, run.latest))
        report(_("Reading"), table.fraction)
    return survey


def _import_lines(table: TableFile, run: Run) -> None:
    tally = run.report.table(LINES)
    products = dict(Product.objects.values_list("sku", "pk"))
    fresh = open_table(table.path)
    report = within(run.progress, 0.15, 1.0)
    for frame in read_frames(fresh):
        lines = judge(frame, run.latest)
        tally.read += len(lines)
        _reject_bad(fresh, frame, lines, tally, run)
        _count_skipped(lines, tally)
        events = lines[lines["verdict"] == ""]
        if run.until is not None:
            held_back = events["time"] >= run.until
            tally.skipped[HELD_BACK] += int(held_back.sum())
            events = events[~held_back]
        _store(fresh, frame, events, products, tally, run)
        report(_("Order lines"), fresh.fraction)


def _reject_bad(
    table: TableFile, frame: pd.DataFrame, lines: pd.DataFrame, tally: Tally, run: Run
) -> None:
    bad = lines["verdict"].str.startswith("bad:")
    if not bad.any():
        return
    verdicts = lines.loc[bad, "verdict"].str.removeprefix("bad:")
    for code, row in zip(verdicts, frame[bad].itertuples(), strict=True):
        unreadable = row.problem if code == "unreadable" else None
        reason, detail = unreadable or (code, describe(code, row))
        run.reject(table, int(row.line), reason, detail, _content(row), tally)


def _content(row: Any) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in COLUMNS}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return str(value) if isinstance(value, datetime) else getattr(value, "item", lambda: value)()


def _count_skipped(lines: pd.DataFrame, tally: Tally) -> None:
    skipped = lines[lines["verdict"].str.startswith("skip:")]
    reasons = skipped["verdict"].str.removeprefix("skip:")
    named = reasons.where(reasons != "not_a_product", "not_a_product:" + skipped["sku"].astype(str))
    for reason, count in named.value_counts().items():
        tally.skipped[str(reason)] += int(count)


def _store(
    table: TableFile,
    frame: pd.DataFrame,
    events: pd.DataFrame,
    products: dict[str, int],
    tally: Tally,
    run: Run,
) -> None:
    """Write the events of one frame; a line stored before that reads otherwise now is rejected."""
    if events.empty:
        return
    ids = line_ids(events, source_name(table))
    refs = shopper_refs(events)
    occurred, originals = run.shifted(events["time"].dt.to_pydatetime())
    prices = {price: as_money(price) for price in set(events["price"].tolist())}
    with transaction.atomic():
        customers = ensure_customers(refs=refs)
        rows = list(
            zip(
                ids,
                events["kind"].tolist(),
                [customers[ref] for ref in refs],
                [products[sku] for sku in events["sku"].tolist()],
                occurred,
                repeat(timezone.now()),
                repeat(Source.IMPORT.value),
                repeat(""),
                events["invoice"].tolist(),
                repeat(None),
                repeat(None),
                events["quantity"].tolist(),
                [prices[price] for price in events["price"].tolist()],
                repeat(CURRENCY),
                repeat(None),
                repeat(""),
                repeat(""),
                repeat(None),
                originals,
                strict=False,
            )
        )
        conflicts = run.store(rows, tally)
    if conflicts:
        detail = _("This line was imported before and reads otherwise now.")
        again = [event_id in conflicts for event_id in ids]
        for row in frame.loc[events.index[again]].itertuples():
            run.reject(table, int(row.line), "conflict", detail, _content(row), tally)
