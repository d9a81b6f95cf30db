"""What an OpenAI-compatible server is asked and what it answers, whoever carries the bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models_ml.writer.providers import Message, Schema, Usage

LONGEST_BODY = 4_000_000
"""Bytes; a server that sends more is cut off."""
BYTES_PER_TOKEN = 3
"""For servers that tell no usage: English has about 4, Chinese 2 to 3, and it is better high."""

GARBAGE = (ValueError, TypeError, AttributeError, LookupError)
MISUNDERSTOOD = frozenset({400, 422})
_OPTIONAL = ("response_format", "seed", "n", "stream_options")
_LENGTHS = ("minLength", "maxLength")


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


def request_body(
    config: ServerConfig,
    messages: Sequence[Message],
    schema: Schema | None = None,
    *,
    n: int = 1,
    seed: int | None = None,
    limit: str = "max_tokens",
    is_plain: bool = False,
) -> dict[str, Any]:
    """Return a request for a chat completion; a plain one holds nothing that servers may refuse.

    `limit` is what the server calls the most tokens of an answer.
    """
    body: dict[str, Any] = {
        "model": config.model,
        "messages": [{"role": m.role, "content": m.content} for m in messages],
        "temperature": config.temperature,
        limit: config.max_tokens,
    }
    if is_plain:
        return body
    if schema is not None:
        asked = {"name": "answer", "schema": _without_lengths(schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": asked}
    if seed is not None:
        body["seed"] = seed % 2**31
    if n > 1:
        body["n"] = n
    return body


def plainer(body: Mapping[str, Any], refusal: str) -> dict[str, Any]:
    """Return a request without the options that a server may have refused with these words."""
    plain = {name: value for name, value in body.items() if name not in _OPTIONAL}
    if "max_completion_tokens" in refusal and "max_tokens" in plain:
        plain["max_completion_tokens"] = plain.pop("max_tokens")
    return plain


def read_body(body: Any, messages: Sequence[Message]) -> Answer:
    """Return the answers that a decoded body holds; raises Failed."""
    try:
        choices = [_choice(choice) for choice in body["choices"]]
        told = body.get("usage")
    except GARBAGE as garbage:
        raise Failed("the server's answer holds no choices") from garbage
    if not choices:
        raise Failed("the server's answer holds no choices")
    return Answer(choices, usage_of(told, messages, [c.text for c in choices]))


def _choice(choice: Mapping[str, Any]) -> Choice:
    text = choice["message"].get("content") or ""
    return Choice(str(text), str(choice.get("finish_reason") or ""))


def usage_of(told: object, messages: Sequence[Message], texts: Sequence[str]) -> Usage:
    """What the server tells, or an estimate where it tells nothing sensible."""
    if isinstance(told, Mapping):
        prompt, completion = told.get("prompt_tokens"), told.get("completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int) and min(prompt, completion) >= 0:
            return Usage(prompt, completion)
    return estimate(messages, texts)


def estimate(messages: Sequence[Message], texts: Sequence[str]) -> Usage:
    """The tokens that messages and a text take, rather too many than too few."""
    return Usage(tokens_of([message.content for message in messages]), tokens_of(["".join(texts)]))


def tokens_of(texts: Sequence[str]) -> int:
    return sum(len(text.encode()) // BYTES_PER_TOKEN + 1 for text in texts)


def _without_lengths(schema: Any) -> Any:
    """The schema without what strict servers refuse; answers are checked against the whole one."""
    if isinstance(schema, Mapping):
        kept = {name: value for name, value in schema.items() if name not in _LENGTHS}
        return {name: _without_lengths(value) for name, value in kept.items()}
    return [_without_lengths(v) for v in schema] if isinstance(schema, list) else schema
