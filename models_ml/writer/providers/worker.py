"""The process that holds a language model: `python -m models_ml.writer.providers.worker`.

It reads requests as lines of JSON from its input and answers in lines of JSON; requests that wait
together are written together. It ends with its input, so that no parent's death leaves it behind.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, TextIO

import torch

from models_ml.writer.adapters.loading import AdapterRefused
from models_ml.writer.providers.local_model import BadRequest, LocalModel, Request

GATHER_SECONDS = 0.02
"""How long a batch waits for company; a token of a small model takes about as long."""


class Inbox:
    """Requests as they arrive, and which of them nobody wants any more."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        self.cancelled: set[int] = set()
        threading.Thread(target=self._read, daemon=True).start()

    def batch(self, most: int) -> list[dict[str, Any]]:
        """Wait for a request and take those that arrive with it, up to `most`."""
        taken = [self._waiting.get()]
        deadline = time.monotonic() + GATHER_SECONDS
        while len(taken) < most:
            try:
                left = max(deadline - time.monotonic(), 0)
                taken.append(self._waiting.get(timeout=left))
            except queue.Empty:
                break
        return taken

    def _read(self) -> None:
        for line in self._lines:
            asked = json.loads(line)
            if asked["do"] == "cancel":
                self.cancelled.add(asked["id"])
            else:
                self._waiting.put(asked)
        os._exit(0)


class Outbox:
    """Answers, one line each."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines

    def send(self, **answer: Any) -> None:
        self._lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
        self._lines.flush()


def serve(model: LocalModel, inbox: Inbox, outbox: Outbox, most: int) -> None:
    """Answer requests until the input ends."""
    while True:
        asked = inbox.batch(most)
        for one in asked:
            if one["do"] == "embed":
                _answer_embed(model, one, outbox)
        _answer_texts(model, [one for one in asked if one["do"] == "generate"], inbox, outbox)


def _answer_embed(model: LocalModel, asked: dict[str, Any], outbox: Outbox) -> None:
    try:
        vectors, tokens = model.embed(asked["texts"])
    except (BadRequest, RuntimeError, MemoryError) as problem:
        outbox.send(id=asked["id"], error=str(problem))
    else:
        outbox.send(id=asked["id"], vectors=vectors, tokens=tokens)


def _answer_texts(
    model: LocalModel, asked: Sequence[dict[str, Any]], inbox: Inbox, outbox: Outbox
) -> None:
    requests = []
    for one in asked:
        wanted = {name: value for name, value in one.items() if name != "do"}
        try:
            requests.append(model.prepared(Request(**wanted)))
        except BadRequest as bad:
            outbox.send(id=one["id"], error=str(bad))
    if not requests:
        return

    def hear(request_id: int, piece: str) -> None:
        outbox.send(id=request_id, piece=piece)

    try:
        written = model.write(requests, cancelled=inbox.cancelled, hear=hear)
    except (RuntimeError, MemoryError) as problem:
        for request in requests:
            outbox.send(id=request.asked.id, error=f"{type(problem).__name__}: {problem}")
        return
    for request, answer in zip(requests, written, strict=True):
        outbox.send(id=request.asked.id, **answer)
        inbox.cancelled.discard(request.asked.id)


def _load(path: str, adapter: str) -> tuple[LocalModel, str]:
    """Return the model, and why its adapter was refused; the base model serves alone then."""
    if adapter:
        try:
            return LocalModel(path, adapter), ""
        except AdapterRefused as refused:
            return LocalModel(path), str(refused)
    return LocalModel(path), ""


def main(arguments: Sequence[str]) -> None:
    """Load the model that the first argument describes as JSON, say so, and serve."""
    options = json.loads(arguments[0])
    outbox = Outbox(os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8"))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    if options["memory_mib"]:
        most = options["memory_mib"] * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    torch.set_num_threads(options["threads"])
    try:
        model, refused = _load(options["path"], options["adapter"])
    except (OSError, ValueError, RuntimeError, MemoryError, ImportError) as problem:
        outbox.send(failed=f"{type(problem).__name__}: {problem}")
        return
    outbox.send(ready=model.name, refused=refused)
    serve(model, Inbox(sys.stdin), outbox, options["batch"])


if __name__ == "__main__":
    main(sys.argv[1:])
