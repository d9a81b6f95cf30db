"""A real HTTPS server that receives webhooks and answers as it is told."""

import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

Answer = Callable[["Handler"], None]


@dataclass
class Received:
    """One call as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """The server: `answers` are used up one a call, 204 after them."""

    port: int = 0
    ca_file: str = ""
    connections: int = 0
    calls: list[Received] = field(default_factory=list)
    answers: "deque[Answer]" = field(default_factory=deque)
    arrived: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hooks"


class Handler(BaseHTTPRequestHandler):
    """Keeps each call and lets the receiver's next answer be given."""

    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        self.receiver.connections += 1
        super().handle()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.calls.append(Received(self.path, headers, body))
        answer = self.receiver.answers.popleft() if self.receiver.answers else status(204)
        self.receiver.arrived.set()
        with suppress(OSError):
            answer(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def status(code: int, **headers: str) -> Answer:
    """Answer with a status and nothing else."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hang_up(handler: Handler) -> None:
    """Take the call and close the connection without an answer."""
    handler.close_connection = True


def silence(handler: Handler) -> None:
    """Answer nothing until the server closes."""
    handler.receiver.closing.wait()


def dribble(handler: Handler) -> None:
    """Begin an answer that takes ten seconds to come to nothing, a byte at a time."""
    for _byte in range(500):
        if handler.receiver.closing.wait(0.02):
            return
        handler.wfile.write(b"H")
    handler.wfile.write(b"\r\n\r\n")


def flood(handler: Handler) -> None:
    """Answer 200 with a body without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while not handler.receiver.closing.is_set():
        handler.wfile.write(b"x" * 65_536)


@contextmanager
def receiving(folder: Path, *names: str) -> Iterator[Receiver]:
    """Run a server whose certificate is for `names`; its authority's file is `ca_file`."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    receiver = Receiver(ca_file=str(folder / f"{'-'.join(names)}.pem"))
    authority.cert_pem.write_to_path(receiver.ca_file)
    handler = type("BoundHandler", (Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # callers hang up
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
