"""A search for settings killed in mid-trial goes on with the very same trials."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from guidance.console.demo.generator import generate
from tests.soak.conftest import House

pytestmark = pytest.mark.soak
TRIALS = 4
RUN = "__import__('guidance.training.models').training.models.TrainingRun.objects.get()"


@pytest.fixture
def shop(house: House, tmp_path: Path) -> House:
    """An installation with a small generated shop imported."""
    folder = tmp_path / "shop"
    generate(folder, end=datetime.now(UTC).date(), customers=300, products=120, days=60)
    house.manage("import_shop", str(folder))
    return house


def _search(house: House) -> None:
    house.manage(
        "shell",
        "-v0",
        "-c",
        "from guidance.training.services import request_training as r;"
        f"r(recipe_key='recommender', requested_by=None, kind='search',"
        f" params={{'trials': {TRIALS}, 'minutes': 30, 'epochs': 2, 'max_minutes': 2}})",
    )


def _finished(house: House) -> list[dict[str, object]]:
    return list(house.ask(f"{RUN}.report.get('trials', [])"))


def _state(house: House) -> tuple[str, int]:
    status, attempts = house.ask(f"[{RUN}.job.status, {RUN}.job.attempts]")
    return str(status), int(attempts)


def test_a_search_killed_in_mid_trial_goes_on_and_doubles_none(shop: House) -> None:
    shop.start_worker()
    _search(shop)
    shop.wait_for("the first trial", lambda: len(_finished(shop)) >= 1, seconds=300)
    job_id = str(shop.ask(f"str({RUN}.job_id)"))
    shop.kill_job(job_id)
    before = _finished(shop)
    shop.wait_for("attempt 2", lambda: _state(shop)[1] == 2, seconds=60)
    shop.wait_for("the end", lambda: _state(shop)[0] == "succeeded", seconds=900)
    trials = _finished(shop)
    assert trials[: len(before)] == before
    assert [one["number"] for one in trials] == list(range(1, TRIALS + 1))
    settings = {str(sorted(dict(one["parameters"]).items())) for one in trials}  # type: ignore[call-overload]
    assert len(settings) == TRIALS
