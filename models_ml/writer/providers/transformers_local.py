"""A causal language model in a process of its own, which can be killed and comes back."""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_ml.writer.providers import (
    BadAnswer,
    Capabilities,
    Generation,
    Listener,
    Message,
    ProviderUnavailable,
    Schema,
    Usage,
)
from models_ml.writer.providers.breaker import Breaker
from models_ml.writer.providers.budget import Budget
from models_ml.writer.providers.validation import read_answer

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]
STOP_SECONDS = 5.0
_QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}


@dataclass(frozen=True)
class LocalConfig:
    """A model and how to run it: a folder or a hub name; times in seconds.

    `batch` texts are written together. `memory_mib` bounds the process's own memory beside the
    weights it maps, 0 does not. A call that takes longer than `timeout` ends with the process.
    `adapter` is the folder of a trained adapter, and `adapter_name` what drafts call it.
    """

    path: str
    batch: int = 8
    max_tokens: int = 1_000
    temperature: float = 0.7
    timeout: float = 600.0
    start_timeout: float = 600.0
    memory_mib: int = 0
    threads: int = 1
    adapter: str = ""
    adapter_name: str = ""


class WorkerDied(Exception):
    """The process ended; `is_final` where another would too: it was too slow, or cannot load."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class WorkerProcess:
    """One run of the worker: a process, and who waits for which answer of it."""

    def __init__(self, config: LocalConfig) -> None:
        path = Path(config.path).expanduser()
        options = {
            "path": str(path.resolve()) if path.exists() else config.path,
            "batch": config.batch,
            "memory_mib": config.memory_mib,
            "threads": config.threads,
            "adapter": config.adapter,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "models_ml.writer.providers.worker", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_QUIET, "PYTHONPATH": str(ROOT)},
            text=True,
            encoding="utf-8",
        )
        self._lock = threading.Lock()
        self._number = 0
        self._waiting: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._began: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.refused = self._await_start(config.start_timeout)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, **request: Any) -> tuple[int, queue.Queue[dict[str, Any]]]:
        """Send a request; its answers come into the queue, `{"died": …}` where none will."""
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = answers
        self._send(id=number, **request)
        return number, answers

    def forget(self, number: int, *, cancel: bool = False) -> None:
        """Wait for this request's answers no longer; with `cancel` it is not written on either."""
        self._waiting.pop(number, None)
        if cancel and self.is_alive():
            with suppress(WorkerDied):
                self._send(do="cancel", id=number)

    def stop(self) -> None:
        """End the process: politely, then by force."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(timeout=STOP_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def _send(self, **request: Any) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            with self._lock:
                stdin.write(json.dumps(request, ensure_ascii=False) + "\n")
                stdin.flush()
        except (OSError, ValueError) as closed:
            raise WorkerDied("the model's process ended") from closed

    def _read(self) -> None:
        """Hand each answer to who waits for it, and tell all when the process has ended."""
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            answer = json.loads(line)
            waiting = self._waiting.get(answer["id"]) if "id" in answer else self._began
            if waiting is not None:
                waiting.put(answer)
        code = self._process.wait()
        with self._lock:
            waiting_still = [self._began, *self._waiting.values()]
        for answers in waiting_still:
            answers.put({"died": f"the model's process ended with {code}"})

    def _await_start(self, seconds: float) -> str:
        """Wait until the model is loaded; return why its adapter was refused, '' for no reason."""
        try:
            began = self._began.get(timeout=seconds)
        except queue.Empty:
            began = {"failed": f"not loaded within {seconds:g} s"}
        if "ready" not in began:
            self.kill()
            raise WorkerDied(str(began.get("failed") or began.get("died")), is_final=True)
        return str(began["refused"])


class TransformersLocal:
    """Serves all threads of a process from one worker; their calls share its batches."""

    name = "transformers"
    attempts = 2

    def __init__(self, config: LocalConfig, *, budget: Budget, breaker: Breaker) -> None:
        self.config = config
        self._budget, self._breaker = budget, breaker
        self._worker: WorkerProcess | None = None
        self._starting = threading.Lock()

    def generate(
        self,
        messages: Sequence[Message],
        schema: Schema | None = None,
        n: int = 1,
        seed: int | None = None,
        stream: Listener | None = None,
    ) -> list[Generation]:
        """Answer `n` times in one batch; the schema is held to token by token.

        Raises BadAnswer where none honours it, such as one cut off by the model's context;
        ProviderUnavailable, CircuitOpen, BudgetSpent. What `stream` raises stops the writing.
        """
        answer = self._call(
            listener=stream,
            do="generate",
            messages=[{"role": m.role, "content": m.content} for m in messages],
            schema=None if schema is None else dict(schema),
            n=n,
            seed=seed,
            max_tokens=self.config.max_tokens,
            temperature=self.config.temperature,
            stream=stream is not None,
        )
        found: list[Generation] = []
        bad: BadAnswer | None = None
        for place, written in enumerate(answer["texts"]):
            usage = Usage(*answer["tokens"]) if place == 0 else Usage()
            try:
                parsed = None if schema is None else read_answer(written["text"], schema)
            except BadAnswer as broken:
                bad = broken
                continue
            made = (written["text"], written["finish_reason"], usage, self.config.path, self.name)
            found.append(Generation(*made, parsed, self._signature()))
        if bad is not None and not found:
            raise bad
        return found

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the mean of the last layer over each text, of length 1; raises as `generate`."""
        vectors: list[list[float]] = self._call(do="embed", texts=list(texts))["vectors"]
        return vectors

    def capabilities(self) -> Capabilities:
        return Capabilities(
            schema=True,
            n=True,
            stream=True,
            embed=True,
            seed=True,
            concurrency=self.config.batch,
        )

    @property
    def refused(self) -> str:
        """Why the running process left the adapter out; '' where it did not, or none runs."""
        return self._worker.refused if self._worker is not None else ""

    def _signature(self) -> str:
        if not self.config.adapter:
            return ""
        return f"{' without ' if self.refused else '+'}{self.config.adapter_name}"

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        worker = self._worker
        return worker.pid if worker is not None and worker.is_alive() else None

    def close(self) -> None:
        """End the process; the next call starts another."""
        with self._starting:
            if self._worker is not None:
                self._worker.stop()
            self._worker = None

    def _call(self, *, listener: Listener | None = None, **request: Any) -> dict[str, Any]:
        """Ask the worker, once more where it died; raises ProviderUnavailable."""
        self._budget.check()
        self._breaker.before()
        heard: list[str] = []
        last = ""
        for _attempt in range(self.attempts):
            try:
                answer = self._ask(listener, heard, request)
            except WorkerDied as died:
                last = str(died)
                self._budget.record(Usage(), is_failure=True)
                if heard or died.is_final:
                    break
                continue
            self._breaker.succeeded()
            if "error" in answer:
                self._budget.record(Usage(), is_failure=True)
                raise ProviderUnavailable(answer["error"])
            tokens = answer["tokens"]
            self._budget.record(Usage(*tokens) if isinstance(tokens, list) else Usage(tokens))
            return answer
        self._breaker.failed(last)
        raise ProviderUnavailable(last)

    def _ask(
        self, listener: Listener | None, heard: list[str], request: dict[str, Any]
    ) -> dict[str, Any]:
        worker = self._running()
        number, answers = worker.ask(**request)
        deadline = time.monotonic() + self.config.timeout
        is_done = False
        try:
            while True:
                try:
                    answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
                except queue.Empty as late:
                    worker.kill()
                    said = f"no answer within {self.config.timeout:g} s"
                    raise WorkerDied(said, is_final=True) from late
                if "died" in answer:
                    raise WorkerDied(answer["died"])
                if "piece" not in answer:
                    is_done = True
                    return answer
                if listener is not None:
                    heard.append(answer["piece"])
                    listener(answer["piece"])
        finally:
            worker.forget(number, cancel=not is_done)

    def _running(self) -> WorkerProcess:
        with self._starting:
            if self._worker is None or not self._worker.is_alive():
                self._worker = WorkerProcess(self.config)
                if self._worker.refused:
                    said = (self.config.adapter_name, self._worker.refused)
                    logger.error("%s is left out: %s", *said)
            return self._worker
