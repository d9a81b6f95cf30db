"""How much faster a server answers many requests at once than one after another.

The server takes a fixed time for each request, so that only the client's own work can keep 32 at
once from being 32 times as fast.
"""

import argparse
import json
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models_ml.writer.facts import Fact
from models_ml.writer.providers import CopyTask
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger
from models_ml.writer.providers.openai_compatible import OpenAICompatible
from models_ml.writer.providers.openai_wire import ServerConfig
from models_ml.writer.providers.prompts import COPY_SCHEMA, copy_messages

SEQUENTIAL = 8
ROUNDS = 4
SENTENCES = [{"text": "The mug is made of oak.", "facts": ["material"]}] * 4
FACTS = (Fact("material", "oak"), Fact("colour", "black"), Fact("capacity", "350 ml"))


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `providers` bench."""
    parser = benches.add_parser("providers", help=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds for each request")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure both, print the ratio and write the figures."""
    content = measure(latency=options.latency, concurrency=options.concurrency)
    print(
        f"{options.latency:g} s a request: {content['sequential_per_second']:.2f} a second one by "
        f"one, {content['concurrent_per_second']:.2f} with {options.concurrency} at once, ratio "
        f"{content['ratio']:.1f}"
    )
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def measure(*, latency: float, concurrency: int) -> dict[str, Any]:
    """Return requests a second in turn and `concurrency` at once, each answer validated."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, latency))
    server.start()
    try:
        config = ServerConfig(
            f"http://127.0.0.1:{ours.recv()}/v1", "fixed", concurrency=concurrency
        )
        provider = OpenAICompatible(
            config, budget=Budget(MemoryLedger()), breaker=Breaker(MemoryCircuit())
        )
        messages = copy_messages(CopyTask("description", "en", "Voyager Mug", FACTS))

        def ask(seed: int) -> int:
            return len(provider.generate(messages, COPY_SCHEMA, seed=seed))

        ask(0)
        one_by_one = _rate(lambda: [ask(seed) for seed in range(SEQUENTIAL)], SEQUENTIAL)
        many = concurrency * ROUNDS
        with ThreadPoolExecutor(concurrency) as pool:
            at_once = _rate(lambda: list(pool.map(ask, range(many))), many)
        provider.close()
    finally:
        server.kill()
        server.join()
    return {
        "latency_seconds": latency,
        "concurrency": concurrency,
        "sequential_per_second": one_by_one,
        "concurrent_per_second": at_once,
        "ratio": at_once / one_by_one,
    }


def _rate(work: Any, count: int) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def serve(port: Connection, latency: float) -> None:
    """Answer every request after `latency` seconds; send the port to who started this."""
    text = json.dumps({"sentences": SENTENCES})
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 400, "completion_tokens": 80, "total_tokens": 480}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = json.dumps({"id": "1", "choices": [choice], "usage": usage}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(latency)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()
