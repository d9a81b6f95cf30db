"""What is killed in the middle goes on within a minute, loses nothing and doubles nothing."""

import http.client
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guidance.console.demo.generator import generate
from guidance.core.ids import new_id
from tests.soak.conftest import House

pytestmark = pytest.mark.soak
RESUMES_WITHIN = 60.0
JOB = "list(Job.objects.filter(kind='{kind}').values('pk','status','fraction','attempts'))"


def _job(house: House, kind: str) -> dict[str, object]:
    code = JOB.format(kind=kind).replace("'pk'", "'id'")
    jobs = house.ask(f"[{{**j, 'id': str(j['id'])}} for j in {code}]")
    assert len(jobs) == 1
    return dict(jobs[0])


def _import_shop(house: House, folder: Path, **size: int) -> None:
    generate(folder, end=datetime.now(UTC).date(), **size)
    house.manage("import_shop", str(folder))


@pytest.fixture
def shop(house: House, tmp_path: Path) -> House:
    """An installation with a small generated shop imported."""
    _import_shop(house, tmp_path / "shop", customers=400, products=150, days=45)
    return house


def _wait_until_running(house: House, kind: str, *, beyond: float, attempts: int) -> float:
    def runs() -> bool:
        job = _job(house, kind)
        assert job["status"] in {"queued", "running"}, job
        return job["attempts"] == attempts and float(str(job["fraction"])) > beyond

    return house.wait_for(f"attempt {attempts} of {kind}", runs, seconds=RESUMES_WITHIN)


def _wait_until_done(house: House, kind: str) -> None:
    house.wait_for(
        f"the end of {kind}", lambda: _job(house, kind)["status"] == "succeeded", seconds=400
    )


def test_training_killed_in_the_middle_goes_on_and_makes_one_version(shop: House) -> None:
    shop.start_worker()
    shop.manage("train", "recommender")
    _wait_until_running(shop, "train", beyond=0.15, attempts=1)
    shop.kill_job(str(_job(shop, "train")["id"]))
    _wait_until_running(shop, "train", beyond=0.15, attempts=2)
    _wait_until_done(shop, "train")
    versions = "__import__('guidance.training.models').training.models.ModelVersion.objects"
    assert shop.ask(f"{versions}.count()") == 1


def test_a_killed_worker_leaves_its_job_running_and_a_new_one_takes_over(shop: House) -> None:
    shop.start_worker()
    shop.manage("train", "recommender")
    _wait_until_running(shop, "train", beyond=0.1, attempts=1)
    shop.kill("worker")
    shop.start_worker()
    _wait_until_done(shop, "train")
    assert _job(shop, "train")["attempts"] == 1


def test_drafting_killed_in_the_middle_doubles_no_draft(house: House, tmp_path: Path) -> None:
    _import_shop(house, tmp_path / "shop", customers=50, products=4000, days=7)
    drafting = "from guidance.content.services.drafting import request_drafts as r; r()"
    house.manage("shell", "-v0", "-c", drafting)
    house.start_worker()
    _wait_until_running(house, "draft_copy", beyond=0.0, attempts=1)
    house.kill_job(str(_job(house, "draft_copy")["id"]))
    _wait_until_done(house, "draft_copy")
    assert _job(house, "draft_copy")["attempts"] == 2
    drafts = "__import__('guidance.content.models').content.models.Draft.objects"
    total = house.ask(f"{drafts}.count()")
    distinct = house.ask(f"{drafts}.values('product', 'kind', 'language').distinct().count()")
    assert total == distinct > 4000


def test_a_web_server_killed_in_mid_batch_loses_and_doubles_no_event(house: House) -> None:
    key = house.ask(
        "__import__('guidance.core.services').core.services"
        ".create_api_key(name='soak', scopes=['events'])[1]"
    )
    now = datetime.now(UTC).isoformat()
    batches = [
        [
            {"id": str(new_id()), "kind": "search", "customer": f"c{n}", "time": now, "text": "tea"}
            for n in range(500)
        ]
        for _ in range(20)
    ]
    house.start_web()
    for number, batch in enumerate(batches):
        if number in (5, 12):
            _send_without_waiting(house, key, batch)
            house.kill("web")
            house.start_web()
        assert _send(house, key, batch) == (500, [])
    event_count = "__import__('guidance.behaviour.models').behaviour.models.Event.objects.count()"
    assert house.ask(event_count) == 20 * 500


def _request(house: House, key: str, batch: list[dict[str, str]]) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/events", json.dumps({"events": batch}), headers)
    return connection


def _send_without_waiting(house: House, key: str, batch: list[dict[str, str]]) -> None:
    _request(house, key, batch).close()


def _send(house: House, key: str, batch: list[dict[str, str]]) -> tuple[int, list[object]]:
    """Send a batch; return how many of its events are in by now, and what was rejected."""
    answer = json.loads(_request(house, key, batch).getresponse().read())
    return answer["accepted"] + answer["duplicates"], answer["rejected"]
