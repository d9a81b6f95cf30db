"""One question to an OpenAI-compatible server while somebody waits: no second try, a bounded time.

For web processes: it needs no SDK, which would cost each of them 40 MB and 2 s. What is asked may
hold personal data, so nothing that a server says of a failure is kept; servers repeat the request.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from models_ml.writer.providers import Generation, Message, ProviderUnavailable, Schema
from models_ml.writer.providers.breaker import Breaker
from models_ml.writer.providers.budget import Budget
from models_ml.writer.providers.openai_shapes import (
    LONGEST_BODY,
    MISUNDERSTOOD,
    Answer,
    Failed,
    ServerConfig,
    estimate,
    plainer,
    read_body,
    request_body,
)
from models_ml.writer.providers.validation import read_answer

NAME = "openai"


class TooSlow(ProviderUnavailable):
    """No whole answer came in the time that there was."""

    code = "too_slow"


class _NotYet(Exception):
    """The time is over."""


def ask_server(
    config: ServerConfig,
    messages: Sequence[Message],
    schema: Schema,
    *,
    budget: Budget,
    breaker: Breaker,
) -> Generation:
    """Return one answer that honours `schema`, within `config.timeout` seconds in all.

    Raises CircuitOpen, BudgetSpent, TooSlow, ProviderUnavailable and BadAnswer. Proxies are those
    of the environment; redirects are failures.
    """
    breaker.before()
    budget.check()
    try:
        answer = _answer(config, messages, schema)
    except _NotYet:
        # What the server read and wrote is paid for, whether anybody waited for it or not.
        budget.record(estimate(messages, []), is_failure=True)
        said = f"no whole answer within {config.timeout:g} s"
        breaker.failed(said)
        raise TooSlow(said) from None
    except Failed as failed:
        budget.record(failed.usage, is_failure=True)
        breaker.failed(str(failed))
        raise ProviderUnavailable(str(failed)) from None
    budget.record(answer.usage)
    breaker.succeeded()
    choice = answer.choices[0]
    parsed = read_answer(choice.text, schema)
    reason = "length" if choice.finish_reason == "length" else "stop"
    return Generation(choice.text, reason, answer.usage, config.model, NAME, parsed)


def _answer(config: ServerConfig, messages: Sequence[Message], schema: Schema) -> Answer:
    """Ask with the schema, and without it a server that refuses to be asked so."""
    deadline = time.monotonic() + config.timeout
    asked = request_body(config, messages, schema)
    status, said = _posted(config, asked, deadline)
    if status in MISUNDERSTOOD:
        plain = plainer(asked, said.decode("utf-8", "replace"))
        status, said = _posted(config, plain, deadline)
    if status != http.client.OK:
        raise Failed(f"HTTP {status}", status=status)
    try:
        body = json.loads(said)
    except ValueError:
        raise Failed("the server's answer is no JSON") from None
    return read_body(body, messages)


def _posted(config: ServerConfig, body: Mapping[str, Any], deadline: float) -> tuple[int, bytes]:
    """Return the status and the body; raises Failed, and _NotYet once the deadline is over.

    The call runs in a thread of its own, which is left to itself when the time is over: a server
    that answers a byte at a time outlasts every timeout of a socket.
    """
    answers: queue.SimpleQueue[tuple[int, bytes] | Exception] = queue.SimpleQueue()

    def call() -> None:
        try:
            answers.put(_exchange(config, body, deadline))
        except Exception as problem:
            answers.put(problem)

    threading.Thread(target=call, daemon=True).start()
    try:
        answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
    except queue.Empty:
        raise _NotYet from None
    if isinstance(answer, TimeoutError):
        raise _NotYet from None
    if isinstance(answer, Exception):
        if isinstance(getattr(answer, "reason", None), TimeoutError):
            raise _NotYet from None
        raise answer if isinstance(answer, Failed) else Failed(type(answer).__name__) from None
    return answer


def _exchange(config: ServerConfig, body: Mapping[str, Any], deadline: float) -> tuple[int, bytes]:
    url = f"{config.base_url.rstrip('/')}/chat/completions"
    if urlsplit(url).scheme not in ("http", "https"):
        raise Failed("the address is neither http nor https")
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    headers["Authorization"] = f"Bearer {config.api_key or 'none'}"
    data = json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(url, data, headers, method="POST")  # noqa: S310  checked above
    left = max(deadline - time.monotonic(), 0.001)
    with _opener().open(request, timeout=left) as response:
        said = bytearray()
        while piece := response.read1(65_536):
            said += piece
            if len(said) > LONGEST_BODY:
                raise Failed("the server's answer does not end")
            if time.monotonic() > deadline:
                raise TimeoutError
        if response.length:
            raise Failed("the server stopped in mid-answer")
        return response.status, bytes(said)


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens http and https alone, through the proxies of the environment, and takes
    every status for an answer."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
    ):
        opener.add_handler(handler)
    return opener
