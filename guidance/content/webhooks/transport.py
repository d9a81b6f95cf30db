"""Calls of a webhook: TLS with certificate checks, to the very address that was checked."""

import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from guidance.content.webhooks.addresses import Refused, Target, resolve, split_url

# For each step of a call, and for all of it, in seconds.
STEP_SECONDS = 10.0
WHOLE_SECONDS = 20.0
MOST_ADDRESSES = 2
# Of the answer's body, which nobody reads.
MOST_BYTES = 16 * 1024
# How long a connection is kept; then the name is looked up and its addresses are checked again.
KEPT_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What came of a call: the answer's status, or what went wrong before there was one."""

    status: int | None = None
    problem: str = ""
    detail: str = ""
    retry_after: int | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class _Place:
    """Where a connection leads, and what was held against it when it was dialled."""

    host: str
    port: int
    allowed_networks: tuple[str, ...]
    ca_file: str | None


@dataclass
class _Connection:
    """A connection, and the socket below its TLS, which another thread may shut down."""

    place: _Place
    target: Target
    secure: ssl.SSLSocket
    watched: socket.socket
    exchange: http.client.HTTPConnection = field(init=False)
    since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.exchange = http.client.HTTPConnection(self.target.host, self.target.port)
        self.exchange.sock = self.secure
        # It would dial by itself, in plain text, an address that nobody checked.
        self.exchange.auto_open = 0

    def is_sound(self, place: _Place) -> bool:
        """Tell whether it may carry another call there.

        What can be read before anything was asked is the other side's goodbye.
        """
        if self.place != place or time.monotonic() - self.since > KEPT_SECONDS:
            return False
        return self.exchange.sock is not None and not select.select([self.secure], [], [], 0)[0]

    def close(self) -> None:
        for one in (self.exchange, self.secure, self.watched):
            with suppress(OSError):
                one.close()


class Line:
    """Calls one after another over one connection, while it lasts and leads to the same place.

    For one thread at a time.
    """

    def __init__(
        self, *, step_seconds: float = STEP_SECONDS, whole_seconds: float = WHOLE_SECONDS
    ) -> None:
        self._step_seconds, self._whole_seconds = step_seconds, whole_seconds
        self._kept: _Connection | None = None

    def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        allowed_networks: Sequence[str] = (),
        ca_file: str | None = None,
    ) -> Outcome:
        """Post `body` and return what came of it; never raises for what the other side does.

        Redirects are an answer like any other: nobody follows them. Proxies are not asked. Where a
        kept connection turns out to be closed the call is made once more over a new one, so that
        the receiver may have it twice, as after any answer that was lost.
        """
        try:
            host, port, path = split_url(url)
            place = _Place(host, port, tuple(allowed_networks), ca_file)
            return self._post(url, place, path, body, headers)
        except Refused as refused:
            return Outcome(problem=refused.problem, detail=str(refused))
        except ssl.SSLCertVerificationError as error:
            return Outcome(problem="certificate", detail=error.verify_message)
        except TimeoutError:
            return Outcome(problem="timeout")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Outcome(problem="connection", detail=f"{type(error).__name__}: {error}"[:200])

    def close(self) -> None:
        """Hang up; another call dials again."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _post(
        self, url: str, place: _Place, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Outcome:
        kept = self._kept
        if kept is not None and kept.is_sound(place):
            with suppress(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                return self._exchange(kept, path, body, headers)
        self.close()
        target = resolve(url, place.allowed_networks)
        plain = _dial(target, self._step_seconds)
        watched = plain.dup()
        try:
            with _cut_off(watched, self._whole_seconds):
                secure = _secured(plain, target.host, place.ca_file)
                self._kept = _Connection(place, target, secure, watched)
                return self._exchange(self._kept, path, body, headers)
        finally:
            if self._kept is None:
                plain.close()
                watched.close()

    def _exchange(
        self, connection: _Connection, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Outcome:
        """Make one call; the connection is kept where the answer came whole and says it may be."""
        is_whole = False
        try:
            with _cut_off(connection.watched, self._whole_seconds):
                answer = _asked(connection, path, body, headers)
                after = answer.headers.get("Retry-After", "")
                with suppress(OSError, http.client.HTTPException):
                    answer.read(MOST_BYTES)
                    is_whole = answer.isclosed() and not answer.will_close
        finally:
            if not is_whole:
                self.close()
        return Outcome(status=answer.status, retry_after=int(after) if after.isdecimal() else None)


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    allowed_networks: Sequence[str] = (),
    ca_file: str | None = None,
    step_seconds: float = STEP_SECONDS,
    whole_seconds: float = WHOLE_SECONDS,
) -> Outcome:
    """Make one call over a connection of its own; see `Line.post`."""
    with closing(Line(step_seconds=step_seconds, whole_seconds=whole_seconds)) as line:
        return line.post(
            url,
            body=body,
            headers=headers,
            allowed_networks=allowed_networks,
            ca_file=ca_file,
        )


def _asked(
    connection: _Connection, path: str, body: bytes, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    asked = connection.exchange
    asked.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": connection.target.authority, **headers}.items():
        asked.putheader(name, value)
    asked.putheader("Content-Length", str(len(body)))
    asked.endheaders(body)
    return asked.getresponse()


def _dial(target: Target, seconds: float) -> socket.socket:
    """Connect to the first of the target's addresses that answers."""
    *others, last = target.addresses[:MOST_ADDRESSES]
    for address in others:
        with suppress(OSError):
            return _connected((address, target.port), seconds)
    return _connected((last, target.port), seconds)


def _connected(address: tuple[str, int], seconds: float) -> socket.socket:
    plain = socket.create_connection(address, timeout=seconds)
    # Head and body leave as two pieces; the second would wait for the first to be acknowledged.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


def _secured(plain: socket.socket, host: str, ca_file: str | None) -> ssl.SSLSocket:
    """Begin TLS with the side whose certificate must carry this name."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context.wrap_socket(plain, server_hostname=host)


@contextmanager
def _cut_off(watched: socket.socket, seconds: float) -> Iterator[None]:
    """Shut the socket down after so long, and raise TimeoutError for what that breaks.

    A server that answers a byte at a time outlasts every timeout of a step.
    """
    expired = threading.Event()
    alarm = threading.Timer(seconds, _cut, (watched, expired))
    alarm.daemon = True
    alarm.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if expired.is_set():
            raise TimeoutError from None
        raise
    finally:
        alarm.cancel()


def _cut(watched: socket.socket, expired: threading.Event) -> None:
    expired.set()
    with suppress(OSError):
        watched.shutdown(socket.SHUT_RDWR)
