"""Who writes: providers behind one small interface, each usable for every task.

A provider's `generate` blocks and may be called from several threads at once; how many calls at
once make sense, its `capabilities` say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from models_ml.writer.facts import LANGUAGES, Fact
from models_ml.writer.manner import PLAIN, Manner

Schema = Mapping[str, Any]
Listener = Callable[[str], None]
"""Hears each piece of text as it arrives; what it raises stops the generation and comes through."""


class ProviderError(Exception):
    """A provider gave nothing that can be used; `code` says why in one word."""

    code: ClassVar[str] = "unavailable"


class ProviderUnavailable(ProviderError):
    """The model could not be reached, refused, or died, every attempt counted."""


class CircuitOpen(ProviderUnavailable):
    """The model failed so often that it is left alone for a while; nothing was sent."""

    code = "circuit_open"


class BudgetSpent(ProviderError):
    """Today's tokens or money are spent; nothing was sent."""

    code = "budget_spent"


class BadAnswer(ProviderError):
    """The model answered, and the answer is not what the schema asks for; `text` is the answer."""

    code = "bad_answer"

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class NotSupported(ProviderError):
    """This provider cannot do this at all, such as embeddings on a server without them."""

    code = "not_supported"


@dataclass(frozen=True)
class CopyTask:
    """Product copy to write: what the builtin writer realises and a prompt tells in words.

    `voice` is the shop's tone and its words for things, told in words, `manner` what the order says
    beside. With an `instruction`, a person's words, the text is written again: `current` is how it
    stands.
    """

    kind: str
    language: str
    title: str
    facts: tuple[Fact, ...]
    voice: str = ""
    manner: Manner = PLAIN
    instruction: str = ""
    current: str = ""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; `task` is the same request as data, for who reads no prose."""

    role: Literal["system", "user", "assistant"]
    content: str
    task: CopyTask | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens read and written; estimated where a server does not tell."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class Generation:
    """One text; `parsed` is its JSON where a schema was asked for, and then it honours the schema.

    `finish_reason` is "stop", or "length" where the text was cut off. `adapter` ends the writer's
    name where a trained one is promoted: "+writer_adapter 2", or " without writer_adapter 2" where
    the model wrote alone.
    """

    text: str
    finish_reason: str
    usage: Usage
    model: str
    provider: str
    parsed: Any = None
    adapter: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What a provider does by itself; what it does not, it makes up for where it can.

    `schema` says that answers are constrained while they are written. They are validated anyway.
    `concurrency` is how many calls at once are worth while.
    """

    schema: bool
    n: bool
    stream: bool
    embed: bool
    seed: bool
    languages: tuple[str, ...] = LANGUAGES
    concurrency: int = 1


class Provider(Protocol):
    """One writer of texts."""

    name: str

    def generate(
        self,
        messages: Sequence[Message],
        schema: Schema | None = None,
        n: int = 1,
        seed: int | None = None,
        stream: Listener | None = None,
    ) -> list[Generation]:
        """Answer `messages` up to `n` times, at least once; raises ProviderError.

        With a schema every answer returned honours it. `stream` hears the first answer's text.
        The same seed gives the same text where `capabilities().seed`.
        """
        ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector of length 1 for each text; raises NotSupported and ProviderError."""
        ...

    def capabilities(self) -> Capabilities:
        """Say what this provider does by itself."""
        ...

    def close(self) -> None:
        """Let go of connections and processes; the next call opens them anew."""
        ...
