"""Workers and the database killed while messages leave: everybody gets exactly one."""

import json
import logging
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests import postgres
from tests.content.https_server import Received, receiving
from tests.soak.conftest import ROOT, House

LOG = logging.getLogger(__name__)
pytestmark = pytest.mark.soak
MESSAGES = int(os.environ.get("SOAK_MESSAGES", "100000"))
KILLS = int(os.environ.get("SOAK_KILLS", "50"))
# So many more messages come between two kills, at least and at most: all kills fall before the end.
SHARE = MESSAGES // (KILLS + 1)
WHOLE_SECONDS = 3 * 3600


class Once(list[Received]):
    """A receiver that honours the key: it keeps how often each message came, and checks it."""

    def __init__(self) -> None:
        super().__init__()
        self.secret, self.came, self.lock = "", Counter[str](), threading.Lock()
        self.shoppers: set[str] = set()

    def append(self, call: Received) -> None:
        told: Any = Webhook(self.secret).verify(call.body, call.headers)
        with self.lock:
            self.came[call.headers["webhook-id"]] += 1
            self.shoppers.add(told["data"]["customer"])


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    binaries = postgres.find_binaries()
    assert binaries is not None, "PostgreSQL is not installed"
    server = postgres.Server.make(binaries)
    server.start()
    yield server
    server.stop()


def test_everybody_gets_one_message_however_often_workers_and_the_database_are_killed(
    server: postgres.Server, tmp_path: Path
) -> None:
    chance = random.Random(20261127)
    with receiving(tmp_path, "127.0.0.1") as receiver:
        once = receiver.calls = Once()
        house = House(tmp_path)
        house.environment |= {
            "DATABASE_URL": server.url,
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_CA_FILE": receiver.ca_file,
        }
        house.manage("migrate", "-v0")
        once.secret = _filled(house, receiver.url)
        house.start_worker()
        try:
            for _kill in range(KILLS):
                goal = len(once.came) + chance.randint(SHARE // 3, SHARE)
                house.wait_for(f"message {goal}", _reached(once, goal), seconds=900)
                killed, came = _killed(house, server, chance), len(once.came)
                house.start_worker()
                seconds = house.wait_for("another", _reached(once, came + 1), seconds=900)
                LOG.info("after %d killed %s, went on in %.1f s", came, killed, seconds)
            house.wait_for("the last message", lambda: _open(house) == 0, seconds=WHOLE_SECONDS)
        finally:
            house.stop_all()
        assert _states(house) == {"sent": MESSAGES}
        assert len(once.came) == len(once.shoppers) == MESSAGES
        again = sum(once.came.values()) - MESSAGES
        LOG.info("%d messages, %d kills, %d came again under their keys", MESSAGES, KILLS, again)


def _killed(house: House, server: postgres.Server, chance: random.Random) -> str:
    """Kill the worker, or the database and then the worker, and say which."""
    is_database = chance.random() < 0.5
    if is_database:
        server.kill()
        house.wait_for("the database", lambda: _starts(server), seconds=60)
    house.kill("worker")
    return "the database and the worker" if is_database else "the worker"


def _reached(once: Once, goal: int) -> Callable[[], bool]:
    return lambda: len(once.came) >= goal


def _filled(house: House, url: str) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "tests.soak.pushes", str(MESSAGES), url],
        cwd=ROOT,
        env=house.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.split()[-1]


def _starts(server: postgres.Server) -> bool:
    """Start the server again; what the dead one held of the machine may take a moment to go."""
    try:
        server.start()
    except subprocess.CalledProcessError:
        return False
    return True


def _states(house: House) -> dict[str, int]:
    counted = (
        "dict(__import__('guidance.campaigns.models').campaigns.models.Delivery.objects.order_by()"
        ".values_list('state').annotate(n=__import__('django.db.models').db.models.Count('pk')))"
    )
    states: dict[str, int] = house.ask(counted)
    return json.loads(json.dumps(states))


def _open(house: House) -> int:
    states = _states(house)
    return states.get("waiting", 0) + states.get("sending", 0)
