"""The storefront's client against real HTTP: patient with a server that ails, not with a no."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from guidance.behaviour.rows import IncomingEvent
from guidance.console.replay.storefront import Refused, Storefront, Unreachable
from guidance.core.ids import new_id

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
TAKEN = (200, {"accepted": 1, "duplicates": 0, "rejected": []}, {})


@contextmanager
def _server(answers: list[tuple[int, Any, dict[str, str]]]) -> Iterator[tuple[str, list[Any]]]:
    """Serve these answers in turn and note what was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, dict(self.headers), body))
            status, answer, headers = answers.pop(0)
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def _storefront(url: str, check: Callable[[], None] = lambda: None) -> closing[Storefront]:
    return closing(Storefront(base_url=url, key="sg_secret", check=check))


def _events(count: int) -> list[IncomingEvent]:
    return [
        IncomingEvent(id=new_id(), kind="view", customer="c1", time=NOW, sku="tea")
        for _ in range(count)
    ]


def test_a_busy_or_restarting_server_is_asked_again_until_it_takes_the_events() -> None:
    answers = [(503, {}, {}), (429, {}, {"Retry-After": "0"}), TAKEN]
    with _server(answers) as (url, asked), _storefront(url) as storefront:
        [verdict] = storefront.send(_events(1))
    assert verdict["accepted"] == 1
    assert len(asked) == 3
    assert asked[0][3] == asked[2][3]
    assert asked[0][2]["Authorization"] == "Bearer sg_secret"


def test_more_events_than_a_batch_may_hold_go_in_several() -> None:
    with _server([TAKEN, TAKEN]) as (url, asked), _storefront(url) as storefront:
        storefront.send(_events(1001))
    assert [len(json.loads(body)["events"]) for *_rest, body in asked] == [1000, 1]


def test_a_request_that_is_wrong_is_not_repeated() -> None:
    with _server([(403, {"detail": "no scope"}, {})]) as (url, asked), _storefront(url) as store:
        with pytest.raises(Refused, match=r"403 .*no scope"):
            store.send(_events(1))
        assert len(asked) == 1


def test_recommendations_are_asked_as_of_a_time() -> None:
    answer = [{"decision_id": None, "items": []}]
    with _server([(200, answer, {})]) as (url, asked), _storefront(url) as storefront:
        got = storefront.recommendations(surface="home", customer="ä b", at=NOW, original_time=NOW)
    assert got == answer[0]
    assert asked[0][1] == (
        "/api/v1/recommendations?surface=home&customer=%C3%A4+b&at=2026-11-02T09%3A00%3A00%2B00%3A00"
    )


def test_waiting_ends_at_once_when_the_replay_must_stop() -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    with _storefront("http://127.0.0.1:9", stop) as storefront, pytest.raises(Stopped):
        storefront.send(_events(1))


def test_no_server_is_unreachable_and_no_address_is_said() -> None:
    with _storefront("http://127.0.0.1:9") as storefront, pytest.raises(Unreachable):
        storefront.recommendations(surface="home", customer="c1", at=NOW, original_time=NOW)
    with pytest.raises(ValueError, match="localhost is no address"):
        Storefront(base_url="localhost", key="k", check=lambda: None)
