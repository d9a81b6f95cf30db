"""Small shops in files, and their import."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from guidance.console.importing import import_shop
from guidance.console.importing.report import Report

Importer = Callable[..., Report]
LINE = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": "6",
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.55",
    "CustomerID": "17850",
    "Country": "United Kingdom",
}


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows that all have the first one's columns."""
    listed = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return path


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def rejects_of(report: Report) -> list[tuple[int, str]]:
    """Return line and code of every entry in the rejects file."""
    assert report.rejects_file is not None
    entries = [json.loads(line) for line in report.rejects_file.read_text().splitlines()]
    return [(entry["line"], entry["code"]) for entry in entries]


@pytest.fixture
def importer(db: None, tmp_path: Path, settings: Any) -> Importer:
    """Import files; what it writes goes to a folder of the test."""
    settings.VAR_DIR = tmp_path / "var"

    def run(path: Path, **options: Any) -> Report:
        report = import_shop(path=path, **options)
        assert all(tally.adds_up for tally in (report.tables | report.derived).values())
        return report

    return run


@pytest.fixture
def lines_importer(importer: Importer, tmp_path: Path) -> Importer:
    """Import order lines of the Online Retail layout: each is told by what is special about it."""

    def run(*special: Mapping[str, str], **options: Any) -> Report:
        path = write_csv(tmp_path / "retail.csv", [LINE | dict(line) for line in special])
        return importer(path, **options)

    return run
