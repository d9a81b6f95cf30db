"""An import killed in the middle goes on: nothing is lost, nothing doubled."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from tests.soak.conftest import House

pytestmark = pytest.mark.soak
LINES = 120_000
STATE = (
    "SELECT count(*), count(DISTINCT id), sum(quantity), sum(customer_id), sum(product_id),"
    " min(occurred_at), max(occurred_at) FROM behaviour_event"
)


@pytest.fixture
def lines(shared_data: Path, tmp_path: Path) -> Path:
    """The first lines of the real shop."""
    path = tmp_path / "lines.parquet"
    pd.read_parquet(shared_data / "online_retail.parquet").head(LINES).to_parquet(path)
    return path


@pytest.fixture
def other(tmp_path: Path) -> House:
    """A second installation, where nobody kills anything."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = House(folder)
    other.manage("migrate", "-v0")
    return other


def _asked(house: House, query: str) -> tuple[object, ...]:
    database = house.folder / "var" / "shopguide.sqlite3"
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)
    try:
        return tuple(connection.execute(query).fetchone())
    finally:
        connection.close()


def _wait_for_events(house: House, beyond: int) -> None:
    house.wait_for(
        f"event {beyond}",
        lambda: int(str(_asked(house, "SELECT count(*) FROM behaviour_event")[0])) > beyond,
        seconds=120,
    )


def test_an_import_killed_at_the_terminal_and_started_again_is_like_one_never_killed(
    house: House, other: House, lines: Path
) -> None:
    for beyond in (0, 50_000):
        house.start("import", "manage.py", "import_shop", str(lines))
        _wait_for_events(house, beyond)
        house.kill("import")
    killed_at = int(str(_asked(house, STATE)[0]))
    printed = house.manage("import_shop", str(lines))
    other.manage("import_shop", str(lines))
    assert 50_000 < killed_at < LINES
    assert _asked(house, STATE) == _asked(other, STATE)
    counts = next(row for row in printed.splitlines() if row.startswith("order lines")).split()
    read, imported, _updated, there, rejected, skipped = (
        int(count.replace(",", "")) for count in counts[2:]
    )
    assert there == killed_at
    assert read == LINES == imported + there + rejected + skipped
    days = "SELECT sum(events) FROM behaviour_dayrollup"
    assert _asked(house, days) == _asked(other, days) == (imported + there,)


def test_a_killed_import_job_is_started_again_by_the_workers(house: House, lines: Path) -> None:
    house.start_worker()
    job_id = house.ask(
        "str(__import__('guidance.core.services.jobs').core.services.jobs.request_job("
        f"kind='import_shop', params={{'path': '{lines}'}}).pk)"
    )
    _wait_for_events(house, 0)
    house.kill_job(job_id)
    killed_at = int(str(_asked(house, STATE)[0]))
    state = "SELECT status, attempts FROM core_job"
    seconds = house.wait_for("attempt 2", lambda: _asked(house, state)[1] == 2, seconds=60)
    assert seconds < 60
    house.wait_for("the end", lambda: _asked(house, state)[0] != "running", seconds=240)
    assert _asked(house, state) == ("succeeded", 2)
    count, distinct = _asked(house, STATE)[:2]
    assert count == distinct
    result = house.ask("Job.objects.get().result['tables']['order_lines']")
    assert killed_at <= result["already_there"] < count
    assert result["imported"] + result["already_there"] == count
