"""Which shop a demo shows: its files, the day from which its traffic is replayed, the shift."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.core.management.base import CommandError

from guidance.console.demo.generator import generate

REPLAYED_DAYS = 14
# The columns in which a shop's file tells its events' times: the shop's own files, Online Retail.
TIME_COLUMNS = ("time", "InvoiceDate")


@dataclass(frozen=True)
class DemoShop:
    """The shop's files; events before `until` are imported, the rest is replayed.

    Every time is shifted by whole weeks, so that weekdays stay and the data end today.
    """

    path: str
    until: date
    shift_weeks: int

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "until": str(self.until), "shift_weeks": self.shift_weeks}


def shop_from_json(kept: dict[str, Any]) -> DemoShop:
    """Return the shop that an earlier start of this demo settled on."""
    return DemoShop(kept["path"], date.fromisoformat(kept["until"]), kept["shift_weeks"])


def choose_shop(path: Path | None, on_progress: Callable[[str, int, int], None]) -> DemoShop:
    """Return the shop in `path`, or generate one; raises CommandError for a path without one."""
    today = datetime.now(UTC).date()
    if path is None:
        path = settings.VAR_DIR / "shop"
        generate(path, end=today, on_progress=on_progress)
    last = _last_day(path)
    return DemoShop(
        path=str(path.resolve()),
        until=last - timedelta(days=REPLAYED_DAYS - 1),
        shift_weeks=max((today - last).days // 7, 0),
    )


def _last_day(path: Path) -> date:
    events = path / "events.parquet" if path.is_dir() else path
    if not events.is_file():
        raise CommandError(f"{path}: neither a shop's folder with events.parquet nor a file.")
    if events.suffix != ".parquet":
        raise CommandError(f"{events}: the demo reads Parquet; import_shop takes other files.")
    table = pq.ParquetFile(events)
    column = next((name for name in TIME_COLUMNS if name in table.schema_arrow.names), None)
    if column is None:
        raise CommandError(f"{events}: none of the columns {', '.join(TIME_COLUMNS)} is there.")
    latest: datetime = pc.max(table.read([column])[column]).as_py()
    return latest.date()


def load_state() -> dict[str, Any]:
    """Return what earlier starts of this demo finished."""
    path: Path = settings.VAR_DIR / "demo.json"
    state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"done": []}
    return state


def save_state(state: dict[str, Any]) -> None:
    """Keep it; a kill in mid-write leaves the old state."""
    path: Path = settings.VAR_DIR / "demo.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(state, indent=2))
    fresh.replace(path)
