"""One request to an OpenAI-compatible server, and what came of it; nothing is tried twice here.

The SDK makes requests and reads events; bodies are decoded here, since servers send what they
like. Its own retries are off: they would pass the budget and the circuit by.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx2
import openai

from models_ml.writer.providers import Message, NotSupported, Schema, Usage
from models_ml.writer.providers.openai_shapes import (
    GARBAGE,
    LONGEST_BODY,
    MISUNDERSTOOD,
    Answer,
    Choice,
    Failed,
    ServerConfig,
    estimate,
    plainer,
    read_body,
    request_body,
    tokens_of,
    usage_of,
)

_RETRIED = frozenset({408, 409, 425, 429})
_LACKING = frozenset({404, 405, 501})
_SHOWN = 300
T = TypeVar("T")


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
        return read_body(body, messages)

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
        yield Answer([choice], usage_of(told, messages, heard))

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
        return vectors, Usage(prompt_tokens=tokens_of(texts))

    def _params(
        self, messages: Sequence[Message], schema: Schema | None, n: int, seed: int | None
    ) -> dict[str, Any]:
        return request_body(
            self._config,
            messages,
            schema,
            n=n,
            seed=seed,
            limit=self._limit,
            is_plain=self._is_plain,
        )

    def _understood(self, params: dict[str, Any], send: Callable[[dict[str, Any]], T]) -> T:
        """Send a request; a server that refuses its options is asked plainly, from then on."""
        try:
            return send(params)
        except openai.APIStatusError as error:
            plain = plainer(params, error.response.text)
            if error.status_code not in MISUNDERSTOOD or plain == params:
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
        except (openai.APIError, httpx2.HTTPError, *GARBAGE) as error:
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


def _of_event(event: Mapping[str, Any]) -> tuple[Choice, object]:
    """The piece of the first choice that an event brings, and the usage, if it brings any."""
    choices = event.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    reason = choices[0].get("finish_reason")
    return Choice(str(delta.get("content") or ""), str(reason or "")), event.get("usage")


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
