"""What is done at the desk reaches every web process that serves already."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHIN_SECONDS = 5.0
# A process imports Django and opens a model before its first answer, on a machine that is busy.
STARTS_WITHIN_SECONDS = 90.0
LOOKS_EVERY_SECONDS = 0.1

pytestmark = pytest.mark.skipif(
    "postgres" in os.environ.get("DATABASE_URL", ""),
    reason="starts processes on an SQLite of its own, as the run on SQLite does",
)


@dataclass
class Shop:
    """An installation in a folder of its own."""

    folder: Path
    key: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.development",
            "SHOPGUIDE_VAR": str(self.folder),
        }

    def do(self, *arguments: str) -> str:
        """Run one of `tests.shop_process`'s verbs and return what it says."""
        command = "import django; django.setup(); from tests.shop_process import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", command, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()

    def version_behind(self, port: int) -> str | None:
        """Ask the process on `port` for recommendations; return the version its decision names."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/recommendations?surface=home&customer=ann",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        try:
            with urllib.request.urlopen(request) as response:
                decision = json.load(response)[0]["decision_id"]
        except urllib.error.HTTPError as refused:
            return f"refused with {refused.code}"
        except urllib.error.URLError:
            return None
        with sqlite3.connect(self.folder / "shopguide.sqlite3") as database:
            row = database.execute(
                "SELECT policy_version FROM decisions_decision WHERE id = ?",
                [decision.replace("-", "")],
            ).fetchone()
        return str(row[0])


@pytest.fixture
def shop(tmp_path: Path, trained_recommender: Path) -> Shop:
    """A shop with two versions of the trained recommender, the first one promoted."""
    shop = Shop(tmp_path)
    shop.key = shop.do("prepare", str(trained_recommender))
    shop.do("promote", "1")
    return shop


@pytest.fixture
def ports(shop: Shop) -> Iterator[list[int]]:
    """Two web processes."""
    ports = [_free_port() for _ in range(2)]
    web = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "shopguide.wsgi", "--threads", "2"),
                *("--bind", f"127.0.0.1:{port}", "--log-level", "error"),
            ],
            cwd=ROOT,
            env=shop.environment,
        )
        for port in ports
    ]
    yield ports
    for process in web:
        process.terminate()
        process.wait()


def test_promotion_rollback_and_closed_surface_reach_every_web_process_within_five_seconds(
    shop: Shop, ports: list[int]
) -> None:
    _wait_for(shop, ports, "recommender 1", STARTS_WITHIN_SECONDS)
    shop.do("promote", "2")
    _wait_for(shop, ports, "recommender 2", WITHIN_SECONDS)
    shop.do("roll back")
    _wait_for(shop, ports, "recommender 1", WITHIN_SECONDS)
    shop.do("close", "home")
    _wait_for(shop, ports, "refused with 400", WITHIN_SECONDS)


def _wait_for(shop: Shop, ports: list[int], version: str, seconds: float) -> None:
    pause, until = threading.Event(), time.monotonic() + seconds
    served: list[str | None] = []
    while served != [version] * len(ports):
        assert time.monotonic() < until, f"{served} instead of {version} after {seconds} s"
        served = [shop.version_behind(port) for port in ports]
        pause.wait(LOOKS_EVERY_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
