"""The demo's processes: a web server and a worker, started again when they die."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

# A process that dies again within this time is given a pause before the next start.
QUICK_DEATH_SECONDS = 5.0
WATCH_SECONDS = 1.0
STOP_SECONDS = 15.0


@dataclass
class Child:
    """One process to keep alive, and when it was started last."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = field(default=0.0)

    def start(self, log: Path) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=settings.BASE_DIR,
                env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
                start_new_session=True,
            )
        self.started = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def died_quickly(self) -> bool:
        return time.monotonic() - self.started < QUICK_DEATH_SECONDS


class Supervisor:
    """Runs the children until told to stop; use it as a context manager."""

    def __init__(
        self, *, address: str, say: Callable[[str], None], children: list[Child] | None = None
    ) -> None:
        self._address, self._say = address, say
        self.children = children or _web_and_worker(address)

    def __enter__(self) -> "Supervisor":
        for child in self.children:
            child.start(self._log(child))
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children:
            if child.process is not None and child.is_alive():
                child.process.terminate()
        for child in self.children:
            self._await_end(child)

    def wait_until_ready(self, *, seconds: float = 60.0) -> None:
        """Wait for the web server's first good answer; raises RuntimeError when none comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.restart_dead()
            try:
                with urllib.request.urlopen(f"http://{self._address}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"The web server gave no answer; see {self._log(self.children[0])}")

    def watch(self) -> None:
        """Keep the children alive until Ctrl-C or SIGTERM."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while True:
                self.restart_dead()
                time.sleep(WATCH_SECONDS)
        except KeyboardInterrupt:
            self._say("Stopping.")

    def restart_dead(self) -> None:
        """Start again what died."""
        for child in self.children:
            if child.is_alive():
                continue
            if child.died_quickly():
                time.sleep(WATCH_SECONDS)
            self._say(f"The {child.name} died and is started again.")
            child.start(self._log(child))

    def _log(self, child: Child) -> Path:
        folder: Path = settings.VAR_DIR / "log"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{child.name.replace(' ', '-')}.log"

    def _await_end(self, child: Child) -> None:
        if child.process is None:
            return
        try:
            child.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def _web_and_worker(address: str) -> list[Child]:
    gunicorn = [
        *[sys.executable, "-m", "gunicorn", "shopguide.wsgi:application"],
        *["--bind", address, "--workers", "2", "--threads", "2", "--preload"],
        *["--timeout", "60", "--log-level", "warning"],
    ]
    worker = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
    return [Child("web server", gunicorn), Child("worker", worker)]
