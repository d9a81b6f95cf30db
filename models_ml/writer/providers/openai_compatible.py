"""Any OpenAI-compatible server: vLLM, Ollama, llama.cpp, `transformers serve`, hosted ones.

Calls are bounded, retried with jitter, paid from a budget and stopped by a circuit breaker. A
server may ignore the schema, `n` or the seed and offer no embeddings: what comes back is checked,
and missing answers are asked for one by one.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TypeVar

from models_ml.writer.providers import (
    BadAnswer,
    Capabilities,
    Generation,
    Listener,
    Message,
    NotSupported,
    ProviderUnavailable,
    Schema,
    Usage,
)
from models_ml.writer.providers.breaker import Breaker
from models_ml.writer.providers.budget import Budget
from models_ml.writer.providers.openai_wire import Answer, Failed, ServerConfig, Wire, estimate
from models_ml.writer.providers.validation import read_answer

logger = logging.getLogger(__name__)
T = TypeVar("T")


class OpenAICompatible:
    """Speaks to one server; one object serves all threads of a process."""

    name = "openai"

    def __init__(self, config: ServerConfig, *, budget: Budget, breaker: Breaker) -> None:
        self.config = config
        self._budget, self._breaker = budget, breaker
        self._slots = threading.BoundedSemaphore(config.concurrency)
        self._wire = Wire(config)

    def generate(
        self,
        messages: Sequence[Message],
        schema: Schema | None = None,
        n: int = 1,
        seed: int | None = None,
        stream: Listener | None = None,
    ) -> list[Generation]:
        """Answer up to `n` times; answers that break the schema are left out.

        Raises BadAnswer where none is left, ProviderUnavailable after the last attempt, CircuitOpen
        and BudgetSpent. A stream that somebody heard is never begun anew, for they would hear it
        twice.
        """
        found: list[Generation] = []
        bad: BadAnswer | None = None
        asked = 0
        while asked < n:
            shifted = None if seed is None else seed + asked
            if stream is not None and asked == 0:
                answer = self._streamed(messages, schema, shifted, stream)
            else:
                answer = self._asked(messages, schema, n - asked, shifted)
            for place, choice in enumerate(answer.choices[: n - asked]):
                usage = answer.usage if place == 0 else Usage()
                try:
                    parsed = None if schema is None else read_answer(choice.text, schema)
                except BadAnswer as broken:
                    bad = broken
                    continue
                reason = "length" if choice.finish_reason == "length" else "stop"
                made = (choice.text, reason, usage, self.config.model, self.name, parsed)
                found.append(Generation(*made))
            asked += len(answer.choices)
        if bad is not None and not found:
            raise bad
        return found

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Ask the server; raises NotSupported where it has no such route, and as `generate`."""
        vectors, _usage = self._attempts(lambda: self._wire.vectors(texts), lambda told: told[1])
        return vectors

    def capabilities(self) -> Capabilities:
        """What the protocol offers; what this very server honours shows in its answers."""
        return Capabilities(
            schema=True,
            n=True,
            stream=True,
            embed=True,
            seed=True,
            concurrency=self.config.concurrency,
        )

    def models(self) -> list[str]:
        """Name the models that the server offers, asked once; raises ProviderUnavailable."""
        try:
            return self._wire.models()
        except Failed as failed:
            raise ProviderUnavailable(str(failed)) from failed

    def close(self) -> None:
        self._wire.close()
        self._wire = Wire(self.config)

    def _asked(
        self, messages: Sequence[Message], schema: Schema | None, n: int, seed: int | None
    ) -> Answer:
        return self._attempts(
            lambda: self._wire.ask(messages, schema, n, seed), lambda answer: answer.usage
        )

    def _streamed(
        self, messages: Sequence[Message], schema: Schema | None, seed: int | None, stream: Listener
    ) -> Answer:
        heard: list[str] = []

        def listen() -> Answer:
            with closing(self._wire.pieces(messages, schema, seed)) as pieces:
                try:
                    for piece in pieces:
                        if isinstance(piece, Answer):
                            return piece
                        heard.append(piece)
                        stream(piece)
                except Failed as failed:
                    failed.is_final |= bool(heard)
                    raise
                except Exception:  # the listener stops it; what was written is paid for
                    self._budget.record(estimate(messages, heard))
                    raise
            raise Failed("the stream ended without an answer")

        return self._attempts(listen, lambda answer: answer.usage)

    def _attempts(self, send: Callable[[], T], usage_of: Callable[[T], Usage]) -> T:
        """Send until an answer comes, within slots, budget, circuit and attempts."""
        with self._slots:
            self._breaker.before()
            for attempt in range(self.config.attempts):
                self._budget.check()
                try:
                    answer = send()
                except Failed as failed:
                    self._budget.record(failed.usage, is_failure=True)
                    last = failed
                    if not self._waits(failed, attempt):
                        break
                except NotSupported:
                    self._budget.record(Usage(), is_failure=True)
                    raise
                else:
                    self._budget.record(usage_of(answer))
                    self._breaker.succeeded()
                    return answer
            self._breaker.failed(str(last))
            raise ProviderUnavailable(str(last)) from last

    def _waits(self, failed: Failed, attempt: int) -> bool:
        """Wait before another attempt, with full jitter; False where there is to be none."""
        config = self.config
        is_last = attempt + 1 >= config.attempts
        if failed.is_final or is_last or failed.wait > config.longest_wait:
            return False
        most = min(config.longest_wait, config.first_wait * 2**attempt)
        wait = failed.wait + random.uniform(0, most)
        logger.info("%s; again in %.1f s", failed, wait)
        time.sleep(wait)
        return True
