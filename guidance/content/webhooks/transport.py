"""One call of a webhook: TLS with certificate checks, to the very address that was checked."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from guidance.content.webhooks.addresses import Refused, Target, resolve

# For each step of a call, and for all of it, in seconds.
STEP_SECONDS = 10.0
WHOLE_SECONDS = 20.0
MOST_ADDRESSES = 2
# Of the answer's body, which nobody reads.
MOST_BYTES = 16 * 1024


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
    """Post `body` and return what came of it; never raises for what the other side does.

    Redirects are an answer like any other: nobody follows them. Proxies are not asked.
    """
    try:
        target = resolve(url, allowed_networks)
        with _connected(target, step_seconds, whole_seconds, ca_file) as connection:
            return _exchange(connection, target, body, headers)
    except Refused as refused:
        return Outcome(problem=refused.problem, detail=str(refused))
    except ssl.SSLCertVerificationError as error:
        return Outcome(problem="certificate", detail=error.verify_message)
    except TimeoutError:
        return Outcome(problem="timeout")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(problem="connection", detail=f"{type(error).__name__}: {error}"[:200])


def _exchange(
    connection: http.client.HTTPConnection, target: Target, body: bytes, headers: Mapping[str, str]
) -> Outcome:
    connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": target.authority, **headers}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    after = answer.headers.get("Retry-After", "")
    with suppress(OSError, http.client.HTTPException):
        answer.read(MOST_BYTES)
    return Outcome(status=answer.status, retry_after=int(after) if after.isdecimal() else None)


@contextmanager
def _connected(
    target: Target, step_seconds: float, whole_seconds: float, ca_file: str | None
) -> Iterator[http.client.HTTPConnection]:
    """Connect to the target's address, with the name that its certificate must carry."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    plain = _dial(target, step_seconds)
    # A server that answers a byte at a time outlasts every timeout of a step.
    watched, expired = plain.dup(), threading.Event()
    alarm = threading.Timer(whole_seconds, _cut, (watched, expired))
    alarm.daemon = True
    alarm.start()
    try:
        with plain, context.wrap_socket(plain, server_hostname=target.host) as secure:
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = secure
            yield connection
    except (OSError, http.client.HTTPException):
        if expired.is_set():
            raise TimeoutError from None
        raise
    finally:
        alarm.cancel()
        watched.close()


def _dial(target: Target, seconds: float) -> socket.socket:
    """Connect to the first of the target's addresses that answers."""
    *others, last = target.addresses[:MOST_ADDRESSES]
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, target.port), timeout=seconds)
    return socket.create_connection((last, target.port), timeout=seconds)


def _cut(watched: socket.socket, expired: threading.Event) -> None:
    expired.set()
    with suppress(OSError):
        watched.shutdown(socket.SHUT_RDWR)
