"""All live copy as a file: each text with its label for people and its provenance for machines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from guidance.content.labelling import Channel
from guidance.content.models import PublishedCopy
from guidance.content.selectors import published
from guidance.core.spreadsheets import BYTE_ORDER_MARK, defused

CHUNK = 500
COLUMNS = (
    "sku", "kind", "language", "channel", "market", "segment", "variant", "version",
    "content_id", "published_at", "text",
    "origin", "writer", "taken_over", "label_channel", "label_visible", "label_notice",
    "digital_source_type", "provenance",
)  # fmt: skip
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}


def export_copy(
    *, form: str, language: str = "", channel: Channel = Channel.PAGE, market: str = ""
) -> Iterator[str]:
    """Yield the lines of an export of live copy, by SKU: `form` is "csv" or "jsonl".

    CSV cells that a spreadsheet would take for a formula are quoted with an apostrophe. Raises
    ValueError for another form.
    """
    if form not in FORMATS:
        raise ValueError(f"form {form!r} is none of {', '.join(FORMATS)}")
    live = published.all_live()
    if language:
        live = live.filter(language=language)
    rows = (_row(row, channel, market) for row in live.iterator(chunk_size=CHUNK))
    return _csv_lines(rows) if form == "csv" else _json_lines(rows)


def _row(row: PublishedCopy, channel: Channel, market: str) -> dict[str, Any]:
    copy = published.copy_as_json(row, channel=channel, market=market)
    label = copy["label"]
    values = (
        row.product.sku, row.kind, row.language, row.channel, row.market, row.segment,
        row.variant,
        copy["version"],
        str(row.publication_id),
        copy["published_at"], copy["text"], label["origin"], label["writer"], label["taken_over"],
        label["channel"], label["visible"], label["notice"],
        label["provenance"]["digitalSourceType"], label["provenance"],
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _csv_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + _csv_line(COLUMNS)
    for row in rows:
        told = json.dumps(row["provenance"], ensure_ascii=False)
        yield _csv_line(defused(value) for value in (row | {"provenance": told}).values())


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
