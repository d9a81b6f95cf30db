"""One request to an OpenAI-compatible server, and what came of it; nothing is tried twice here.

The SDK makes requests and reads events; bodies are decoded here, since servers send what they
like. Its own retries are off: they would pass the budget and the circuit by.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx2
import openai

from models_ml.writer.providers import Message, NotSupported, Schema, Usage

LONGEST_BODY = 4_000_000
"""Bytes; a server that sends more is cut off."""
BYTES_PER_TOKEN = 3
"""For servers that tell no usage: English has about 4, Chinese 2 to 3, and it is better high."""

_RETRIED = frozenset({408, 409, 425, 429})
_MISUNDERSTOOD = frozenset({400, 422})
_LACKING = frozenset({404, 405, 501})
_OPTIONAL = ("response_format", "seed", "n", "stream_options")
_GARBAGE = (ValueError, TypeError, AttributeError, LookupError)
_LENGTHS = ("minLength", "maxLength")
_SHOWN = 300
T = TypeVar("T")


@dataclass(frozen=True)
class ServerConfig:
    """A server and how to treat it; times in seconds, `max_tokens` for one answer.

    `attempts` counts the first. Waits between attempts grow from `first_wait` up to `longest_wait`;
    a server that asks to be left alone for longer than `longest_wait` is given up.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    embedding_model: str = ""
    concurrency: int = 8
    attempts: int = 4
    timeout: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 20.0
    max_tokens: int = 1_000
    temperature: float = 0.7


class Failed(Exception):
    """A request without a usable answer, and whether another could fare better.

    `wait` is what the server asks for, in seconds, `status` its HTTP status or 0, `usage` what the
    request cost nevertheless.
    """

    def __init__(
        self, reason: str, *, is_final: bool = False, wait: float = 0.0, status: int = 0
    ) -> None:
        super().__init__(reason)
        self.is_final, self.wait, self.status = is_final, wait, status
        self.usage = Usage()


@dataclass(frozen=True)
class Choice:
    """One answer as the server sent it; `finish_reason` is "" where it sent none."""

    text: str
    finish_reason: str


@dataclass(frozen=True)
class Answer:
    """All answers to one request."""

    choices: list[Choice]
    usage: Usage


class Wire:
    """Speaks to one server; may be used from several threads at once."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._client = openai.OpenAI(
            base_url=config.base_url,
            api_key=config.api_key or "none",
            max_retries=0,
            timeout=httpx2.Timeout(config.timeout, connect=min(config.timeout, 10.0)),
        )
        self._is_plain = False
        self._limit = "max_tokens"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def models(self) -> list[str]:
        """Name the models that the server offers; raises Failed."""
        return self._try(lambda: [model.id for model in self._client.models.list()])

    def ask(
        self, messages: Sequence[Message], schema: Schema | None, n: int, seed: int | None
    ) -> Answer:
        """Return up to `n` answers at once; raises Failed."""
        params = self._params(messages, schema, n, seed)
        body = self._try(lambda: self._understood(params, self._body))
        try:
            choices = [_choice(choice) for choice in body["choices"]]
        except _GARBAGE as garbage:
            raise Failed("the server's answer holds no choices") from garbage
        if not choices:
            raise Failed("the server's answer holds no choices")
        return Answer(choices, _usage(body.get("usage"), messages, [c.text for c in choices]))

    def pieces(
        self, messages: Sequence[Message], schema: Schema | None, seed: int | None
    ) -> Generator[str | Answer, None, None]:
        """Yield each piece of one answer's text as it arrives, then the whole; raises Failed.

        Closing the iterator closes the connection, and the server stops.
        """
        params = self._params(messages, schema, 1, seed)
        if not self._is_plain:
            params["stream_options"] = {"include_usage": True}
        heard: list[str] = []
        told: Any = None
        finish_reason = ""
        try:
            with self._try(lambda: self._understood(params, self._opened)) as stream:
                for choice, usage in self._events(stream):
                    told = usage or told
                    finish_reason = choice.finish_reason or finish_reason
                    if choice.text:
                        heard.append(choice.text)
                        yield choice.text
            if not finish_reason:
                raise Failed("the server stopped in mid-stream")
        except Failed as failed:
            failed.usage = estimate(messages, heard) if heard else failed.usage
            raise
        choice = Choice("".join(heard), finish_reason)
        yield Answer([choice], _usage(told, messages, heard))

    def vectors(self, texts: Sequence[str]) -> tuple[list[list[float]], Usage]:
        """Return the texts' embeddings; raises NotSupported and Failed."""
        model = self._config.embedding_model or self._config.model
        create = self._client.embeddings.create

        def read() -> list[list[float]]:
            answer = create(model=model, input=list(texts), encoding_format="float")
            return [list(map(float, item.embedding)) for item in answer.data]

        try:
            vectors = self._try(read)
        except Failed as failed:
            if failed.status in _LACKING:
                raise NotSupported("the server offers no embeddings") from failed
            raise
        if len(vectors) != len(texts):
            raise Failed(f"{len(vectors)} embeddings for {len(texts)} texts")
        return vectors, Usage(prompt_tokens=_tokens(texts))

    def _params(
        self, messages: Sequence[Message], schema: Schema | None, n: int, seed: int | None
    ) -> dict[str, Any]:
        params: dict[str, Any] = {
            "model": self._config.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "temperature": self._config.temperature,
            self._limit: self._config.max_tokens,
        }
        if self._is_plain:
            return params
        if schema is not None:
            asked = {"name": "answer", "schema": _without_lengths(schema), "strict": True}
            params["response_format"] = {"type": "json_schema", "json_schema": asked}
        if seed is not None:
            params["seed"] = seed % 2**31
        if n > 1:
            params["n"] = n
        return params

    def _understood(self, params: dict[str, Any], send: Callable[[dict[str, Any]], T]) -> T:
        """Send a request; a server that refuses its options is asked plainly, from then on."""
        try:
            return send(params)
        except openai.APIStatusError as error:
            plain = {name: value for name, value in params.items() if name not in _OPTIONAL}
            if "max_completion_tokens" in error.response.text and self._limit in plain:
                plain["max_completion_tokens"] = plain.pop(self._limit)
            if error.status_code not in _MISUNDERSTOOD or plain == params:
                raise
            answer = send(plain)
            self._is_plain = True
            self._limit = "max_tokens" if "max_tokens" in plain else "max_completion_tokens"
            return answer

    def _body(self, params: dict[str, Any]) -> Any:
        """Read an answer's body as far as LONGEST_BODY and the timeout allow."""
        deadline = time.monotonic() + self._config.timeout
        read = bytearray()
        api = self._client.chat.completions.with_streaming_response
        with api.create(**params) as response:
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > LONGEST_BODY:
                    raise Failed("the server's answer does not end")
                self._check(deadline)
        return json.loads(read)

    def _opened(self, params: dict[str, Any]) -> openai.Stream[Any]:
        stream: openai.Stream[Any] = self._client.chat.completions.create(**params, stream=True)
        return stream

    def _events(self, stream: openai.Stream[Any]) -> Iterator[tuple[Choice, object]]:
        """Yield each event's piece and usage within the timeout, every error as Failed."""
        deadline = time.monotonic() + self._config.timeout
        events = iter(stream)

        def read() -> tuple[Choice, object] | None:
            event = next(events, None)
            return None if event is None else _of_event(event.model_dump())

        while (said := self._try(read)) is not None:
            self._check(deadline)
            yield said

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Failed(f"no whole answer within {self._config.timeout:g} s")

    def _try(self, call: Callable[[], T]) -> T:
        """Return what `call` does, with whatever a server can do to it as Failed."""
        try:
            return call()
        except (openai.APIError, httpx2.HTTPError, *_GARBAGE) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> Failed:
        """Say what went wrong, without the key, which some servers repeat."""
        told = error.response.text if isinstance(error, openai.APIStatusError) else str(error)
        if self._config.api_key:
            told = told.replace(self._config.api_key, "***")
        said = " ".join(told.split())[:_SHOWN]
        if not isinstance(error, openai.APIStatusError):
            return Failed(f"{type(error).__name__}: {said}")
        status = error.status_code
        is_final = status < 500 and status not in _RETRIED
        wait = _asked_wait(error.response.headers.get("retry-after", ""))
        return Failed(f"HTTP {status}: {said}", is_final=is_final, wait=wait, status=status)


def _choice(choice: Mapping[str, Any]) -> Choice:
    text = choice["message"].get("content") or ""
    return Choice(str(text), str(choice.get("finish_reason") or ""))


def _of_event(event: Mapping[str, Any]) -> tuple[Choice, object]:
    """The piece of the first choice that an event brings, and the usage, if it brings any."""
    choices = event.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    reason = choices[0].get("finish_reason")
    return Choice(str(delta.get("content") or ""), str(reason or "")), event.get("usage")


def _usage(told: object, messages: Sequence[Message], texts: Sequence[str]) -> Usage:
    """What the server tells, or an estimate where it tells nothing sensible."""
    if isinstance(told, Mapping):
        prompt, completion = told.get("prompt_tokens"), told.get("completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int) and min(prompt, completion) >= 0:
            return Usage(prompt, completion)
    return estimate(messages, texts)


def estimate(messages: Sequence[Message], texts: Sequence[str]) -> Usage:
    """The tokens that messages and a text take, rather too many than too few."""
    return Usage(_tokens([message.content for message in messages]), _tokens(["".join(texts)]))


def _tokens(texts: Sequence[str]) -> int:
    return sum(len(text.encode()) // BYTES_PER_TOKEN + 1 for text in texts)


def _asked_wait(header: str) -> float:
    """Seconds that a Retry-After header asks for, as a number or as a date."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            asked = parsedate_to_datetime(header)
        except ValueError:
            return 0.0
        seconds = (asked - datetime.now(UTC)).total_seconds() if asked.tzinfo else 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def _without_lengths(schema: Any) -> Any:
    """The schema without what strict servers refuse; answers are checked against the whole one."""
    if isinstance(schema, Mapping):
        kept = {name: value for name, value in schema.items() if name not in _LENGTHS}
        return {name: _without_lengths(value) for name, value in kept.items()}
    return [_without_lengths(v) for v in schema] if isinstance(schema, list) else schema
