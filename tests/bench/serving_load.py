"""`python -m tests.bench.serving_load`: how long a storefront waits for its recommendations.

A PostgreSQL of its own, two web workers with production's settings, a synthetic shop, and requests
sent at a constant rate whatever the answers take; waiting counts from the moment a request was due.
The same load on an empty view of Django REST framework says how fast the machine is.
"""

import argparse
import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests import postgres

Address = Callable[[int], str]
ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 16
# Both workers open the model and fill their caches before anything is measured.
WARM_UP_SECONDS = 5.0
STARTS_WITHIN_SECONDS = 120.0


@dataclass
class Load:
    """What became of one constant stream of requests; milliseconds."""

    requests: int
    p50: float
    p99: float
    slowest: float
    answers: dict[str, int] = field(default_factory=dict)


def main() -> None:
    """Measure every catalogue size asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[12_000, 100_000])
    parser.add_argument("--rate", type=float, default=60.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each stream")
    parser.add_argument("--json", type=Path, help="where to write the figures as well")
    options = parser.parse_args()
    binaries = postgres.find_binaries()
    if binaries is None:
        sys.exit("serving_load needs PostgreSQL")
    report = {}
    for items in options.items:
        with postgres.running(binaries) as database, tempfile.TemporaryDirectory() as folder:
            shop = Shop(database, Path(folder))
            shop.fill(items)
            with shop.web() as master:
                report[items] = measure(shop, master, options.rate, options.seconds)
        sys.stdout.write(_sentence(items, options.rate, report[items]))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


def measure(shop: "Shop", master: int, rate: float, seconds: float) -> dict[str, Any]:
    """Return the figures of both streams, the machine's load before them and the workers' MiB."""
    shop.stream(rate, WARM_UP_SECONDS, shop.recommendations)
    busy, workers = os.getloadavg()[0], _children(master)
    empty = shop.stream(rate, seconds, lambda number: "/empty")
    before = sum(map(_processor_seconds, workers))
    found = shop.stream(rate, seconds, shop.recommendations)
    spent = sum(map(_processor_seconds, workers)) - before
    return {
        "empty_view": asdict(empty),
        "recommendations": asdict(found),
        "ratio_p50": found.p50 / empty.p50,
        "ratio_p99": found.p99 / empty.p99,
        "processor_ms": 1000 * spent / found.requests,
        "load_before": busy,
        "worker_mib": [_memory(worker) for worker in workers],
    }


@dataclass
class Shop:
    """An installation in a folder of its own."""

    database: str
    folder: Path
    key: str = ""
    shoppers: int = 0
    port: int = field(default_factory=postgres.free_port)

    def __post_init__(self) -> None:
        self._environment = {
            **os.environ,
            "DATABASE_URL": self.database,
            "DJANGO_SETTINGS_MODULE": "tests.load_settings",
            "SHOPGUIDE_VAR": str(self.folder),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "CONTACT_KEYS": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "127.0.0.1",
            "API_RATE": "1000000",
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
        }

    def fill(self, items: int) -> None:
        """Make the shop in a process of its own, which needs torch."""
        code = "import django; django.setup(); from tests.bench.serving_shop import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, str(items)],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        self.key, self.shoppers = told["key"], told["shoppers"]

    @contextmanager
    def web(self) -> Iterator[int]:
        """Run the web server as the demo and production do; yield its master's process id."""
        web = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "shopguide.wsgi:application", "--preload"),
                *("--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "2"),
                *("--log-level", "warning"),
            ],
            cwd=ROOT,
            env=self._environment,
        )
        try:
            self._await(web)
            yield web.pid
        finally:
            web.terminate()
            web.wait()

    def recommendations(self, number: int) -> str:
        """Return the address of the n-th request: another shopper each time, in no order."""
        shopper = number * 7_919 % self.shoppers
        return f"/api/v1/recommendations?surface=home&customer=shopper-{shopper}"

    def stream(self, rate: float, seconds: float, address: Address) -> Load:
        """Send requests at a constant rate and return what became of them."""
        count = int(rate * seconds)
        local, pause, start = threading.local(), threading.Event(), time.perf_counter() + 0.2

        def ask(number: int) -> tuple[float, str]:
            due = start + number / rate
            answer = self._get(local, address(number))
            return 1000 * (time.perf_counter() - due), answer

        asked = []
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for number in range(count):
                pause.wait(max(0.0, start + number / rate - time.perf_counter()))
                asked.append(pool.submit(ask, number))
            done = [one.result() for one in asked]
        took = [milliseconds for milliseconds, _answer in done]
        p50, p99 = np.percentile(took, [50, 99])
        answers = dict(Counter(answer for _milliseconds, answer in done))
        return Load(count, float(p50), float(p99), max(took), answers)

    def _get(self, local: threading.local, path: str) -> str:
        """Return who answered: a policy's name, "ok" for the empty view, else what went wrong."""
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.key}", "X-Forwarded-Proto": "https"}
        try:
            local.connection.request("GET", path, headers=headers)
            response = local.connection.getresponse()
            body = response.read()
        except OSError as problem:
            local.connection.close()
            return type(problem).__name__
        if response.status != 200:
            return str(response.status)
        answers = json.loads(body)
        if not answers:
            return "ok"
        logged = "" if answers[0]["decision_id"] else ", not logged"
        return f"{answers[0]['policy']}{logged}"

    def _await(self, web: "subprocess.Popen[bytes]") -> None:
        pause, until = threading.Event(), time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < until and web.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz").close()
            except OSError:
                pause.wait(0.2)
            else:
                return
        sys.exit("the web server did not start")


def _children(process: int) -> list[int]:
    return [
        int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


def _processor_seconds(process: int) -> float:
    """Return the time that a process has computed; waiting for others on the machine is none."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> dict[str, float]:
    """Return what a process holds, and its share of it where pages are shared, in MiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: float(rest.split()[0]) / 1024 for name, rest in (li.split(":") for li in lines)}
    return {"rss": round(sizes["Rss"], 1), "pss": round(sizes["Pss"], 1)}


def _sentence(items: int, rate: float, found: dict[str, Any]) -> str:
    ours, empty = found["recommendations"], found["empty_view"]
    memory = ", ".join(f"{one['rss']:.0f} ({one['pss']:.0f})" for one in found["worker_mib"])
    return (
        f"{items} items, {rate:g} requests a second, two workers, load {found['load_before']:.1f}: "
        f"p50 {ours['p50']:.1f} ms, p99 {ours['p99']:.1f} ms, slowest {ours['slowest']:.0f} ms "
        f"of {ours['requests']}, answered by {ours['answers']}, "
        f"{found['processor_ms']:.1f} ms of a worker's processor each; an empty view: "
        f"p50 {empty['p50']:.1f} ms, p99 {empty['p99']:.1f} ms; "
        f"ratio {found['ratio_p50']:.1f} and {found['ratio_p99']:.1f}; "
        f"MiB of each worker, and its share of them: {memory}\n"
    )


if __name__ == "__main__":
    main()
