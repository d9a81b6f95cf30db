"""A PostgreSQL of the test run's own: made in a temporary folder, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


def find_binaries() -> Path | None:
    """Return the folder of the newest `initdb` on this machine, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _version(initdb: Path) -> int:
    return int(initdb.parent.parent.name.split(".")[0])


@dataclass
class Server:
    """A server in a folder of its own, on a free port of this machine."""

    binaries: Path
    folder: Path
    port: int

    @classmethod
    def make(cls, binaries: Path) -> "Server":
        folder = Path(tempfile.mkdtemp(prefix="shopguide-pg-"))
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = cls(binaries, folder, free_port())
        words = ["-D", server.data, "-U", "shopguide", "-A", "trust", "-E", "UTF8"]
        _run(binaries / "initdb", *words)
        return server

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgres://shopguide@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c fsync=off -c listen_addresses=127.0.0.1"
        log = self.folder / "log"
        _run(self.binaries / "pg_ctl", "-D", self.data, "-l", log, "-o", options, "-w", "start")

    def kill(self) -> None:
        """Kill -9 the server and everything it started, as a machine that loses its power does."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        listed = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for process in (first, *map(int, listed)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        (self.data / "postmaster.pid").unlink()

    def stop(self) -> None:
        _run(self.binaries / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running(binaries: Path) -> Iterator[str]:
    """Run a server on a free port of this machine; yield its DATABASE_URL."""
    server = Server.make(binaries)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def _run(*command: object) -> None:
    """Run a server tool; PostgreSQL refuses to run as root, so root becomes `postgres`."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
