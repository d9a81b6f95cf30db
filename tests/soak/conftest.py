"""A whole installation in a folder of its own: real processes, which the tests kill."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 0.25


class House:
    """One installation on SQLite: its environment, and its processes by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "SHOPGUIDE_VAR": str(folder / "var"),
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.development",
            "OMP_NUM_THREADS": "1",
        }
        self.environment.pop("DATABASE_URL", None)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def manage(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def ask(self, code: str) -> Any:
        """Evaluate Python in the installation and return its JSON answer."""
        imports = "import json; from guidance.core.models import *; "
        printed = self.manage("shell", "-v0", "-c", f"{imports}print(json.dumps({code}))")
        return json.loads(printed.strip().splitlines()[-1])

    def start(self, name: str, *command: str) -> None:
        """Start a process of the installation in a session of its own."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self) -> None:
        self.start("worker", "manage.py", "worker")

    def start_web(self) -> None:
        """Start the web server and wait for its first answer."""
        address = f"127.0.0.1:{self.port}"
        gunicorn = ["-m", "gunicorn", "shopguide.wsgi", "--workers", "2", "--bind", address]
        self.start("web", *gunicorn, "--log-level", "warning")
        self.wait_for("the web server", self._answers, seconds=60)

    def kill(self, name: str) -> None:
        """Kill -9 a process and everything in its session."""
        process = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_job(self, job_id: str) -> None:
        """Kill -9 the job's own process."""
        (process,) = self._job_processes(job_id)
        os.kill(process, signal.SIGKILL)

    def stop_all(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        for process in self._job_processes():
            os.kill(process, signal.SIGKILL)

    def _job_processes(self, job_id: str = "") -> list[int]:
        """Return the processes of this installation, and of no other, that run jobs."""
        mine = f"SHOPGUIDE_VAR={self.environment['SHOPGUIDE_VAR']}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mine in environment and b"run_job" in words and job_id.encode() in [b"", *words]:
                found.append(int(entry.name))
        return found

    def wait_for(self, what: str, ready: Callable[[], bool], *, seconds: float) -> float:
        """Wait until `ready`, return the seconds it took; fails after `seconds`."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            if ready():
                return time.monotonic() - started
            time.sleep(PAUSE)
        logs = "\n".join(p.read_text()[-2000:] for p in self.folder.glob("*.log"))
        pytest.fail(f"{what} did not come within {seconds:.0f} s\n{logs}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An installation with a migrated, empty database."""
    house = House(tmp_path)
    house.manage("migrate", "-v0")
    yield house
    house.stop_all()
