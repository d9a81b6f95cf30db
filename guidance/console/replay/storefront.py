"""A storefront's HTTP client: one kept-alive connection, patient with a server that restarts."""

import http.client
import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from django.utils.translation import gettext as _

from guidance.behaviour.rows import IncomingEvent
from guidance.core.batches import MAX_ROWS

TIMEOUT_SECONDS = 30.0
# Together about a minute: a web server that was killed is back long before.
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


class Refused(Exception):
    """The server answered that the request itself is wrong; trying again is no use."""


class Unreachable(Exception):
    """No good answer came: no connection, an error of the server, or a throttle."""

    def __init__(self, said: str, retry_after: float = 0.0) -> None:
        super().__init__(said)
        self.retry_after = retry_after


class Storefront:
    """Calls the API at `base_url` with an API key of the scopes read, events and replay."""

    def __init__(self, *, base_url: str, key: str, check: Callable[[], None]) -> None:
        """`check` is called while waiting and raises where the replay must stop."""
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(
                _("%(url)s is no address such as http://127.0.0.1:8000.") % {"url": base_url}
            )
        make = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = make(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._check = check

    def recommendations(
        self, *, surface: str, customer: str, at: datetime, original_time: datetime
    ) -> dict[str, Any]:
        """Ask once for one surface as of `at`; raises Unreachable, for the caller to look first
        whether the answer was logged before asking again."""
        asked = {"surface": surface, "customer": customer, "at": at.isoformat()}
        if original_time != at:
            asked["original_time"] = original_time.isoformat()
        query = urlencode(asked)
        answer: dict[str, Any] = self._call("GET", f"/api/v1/recommendations?{query}")[0]
        return answer

    def send(self, events: Sequence[IncomingEvent]) -> list[dict[str, Any]]:
        """Post events, until they are taken, and return the server's verdict for each batch."""
        batches = (events[start : start + MAX_ROWS] for start in range(0, len(events), MAX_ROWS))
        return [self.patiently(partial(self._post_batch, batch)) for batch in batches]

    def patiently(self, call: Callable[[], Any]) -> Any:
        """Try until the server answers; raises Unreachable after about a minute without one."""
        for pause in PAUSES_SECONDS:
            try:
                return call()
            except Unreachable as problem:
                self._wait(max(pause, problem.retry_after))
        return call()

    def close(self) -> None:
        self._connection.close()

    def _post_batch(self, events: Sequence[IncomingEvent]) -> dict[str, Any]:
        body = msgspec.json.encode({"events": events})
        verdict: dict[str, Any] = self._call("POST", "/api/v1/events", body)
        return verdict

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            self._connection.request(method, self._prefix + path, body, self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as problem:
            self._connection.close()
            raise Unreachable(f"{method} {path}: {problem or type(problem).__name__}") from problem
        if response.status == 429 or response.status >= 500:
            retry_after = response.headers.get("Retry-After", "")
            raise Unreachable(
                f"{method} {path}: {response.status}",
                float(retry_after) if retry_after.isdecimal() else 0.0,
            )
        if response.status >= 400:
            said = content.decode(errors="replace")[:500]
            raise Refused(f"{method} {path}: {response.status} {said}")
        return json.loads(content)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            time.sleep(min(left, 0.5))
