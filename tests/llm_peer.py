"""An OpenAI-compatible server on the loopback that answers as a test tells it to."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["PeerHandler", dict[str, Any]], None]


class Peer(ThreadingHTTPServer):
    """Gives each request the next of its replies, the last one again and again."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), PeerHandler)
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next_reply(self, body: dict[str, Any]) -> Reply:
        with self.lock:
            self.requests.append(body)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class PeerHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Peer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.next_reply({**body, "path": self.path})(self, body)

    def do_GET(self) -> None:
        self.send(200, json.dumps({"object": "list", "data": [{"id": "peer", "object": "model"}]}))

    def send(self, status: int, body: str, **headers: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()

    def end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """Die in the middle: the client sees the connection break."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def saying(*texts: str, usage: tuple[int, int] | None = (100, 20)) -> Reply:
    """Answer with these texts as choices; streamed in three pieces where that is asked for."""

    def reply(handler: PeerHandler, body: dict[str, Any]) -> None:
        told = usage and {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        }
        if body.get("stream"):
            stream(handler, texts[0], told)
            return
        choices = [
            {"index": n, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            for n, text in enumerate(texts)
        ]
        handler.send(200, json.dumps({"id": "1", "choices": choices, "usage": told}))

    return reply


def stream(handler: PeerHandler, text: str, told: object) -> None:
    handler.begin_stream()
    third = len(text) // 3 + 1
    for start in range(0, len(text), third):
        handler.event(chunk(text[start : start + third]))
    handler.event(chunk("", finish_reason="stop"))
    handler.event(json.dumps({"id": "1", "choices": [], "usage": told}))
    handler.event("[DONE]")
    handler.end_stream()


def chunk(text: str, finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return json.dumps({"id": "1", "choices": [choice]})


def copy_answer(*sentences: tuple[str, list[str]]) -> str:
    """The JSON of an answer to a copy prompt."""
    return json.dumps({"sentences": [{"text": text, "facts": keys} for text, keys in sentences]})


def refusing(status: int, message: str = "no", **headers: str) -> Reply:
    return lambda handler, body: handler.send(
        status, json.dumps({"error": {"message": message}}), **headers
    )


def garbage(text: str) -> Reply:
    """Answer 200 with a body that is no JSON."""
    return lambda handler, body: handler.send(200, text)


def dying(text: str = "") -> Reply:
    """Break off: after a piece of text in a stream, else in the middle of a body."""

    def reply(handler: PeerHandler, body: dict[str, Any]) -> None:
        if body.get("stream"):
            handler.begin_stream()
            handler.event(chunk(text))
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"choices": [')
        handler.hang_up()

    return reply


@contextmanager
def peer(*replies: Reply) -> Iterator[Peer]:
    """Run a server that gives these replies in turn."""
    server = Peer(replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
