"""The builtin provider: the grammar over facts, which needs no weights and never fails."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence

import numpy as np

from models_ml.writer.providers import (
    Capabilities,
    Generation,
    Listener,
    Message,
    NotSupported,
    Schema,
    Usage,
)
from models_ml.writer.providers.prompts import COPY_SCHEMA
from models_ml.writer.providers.validation import read_answer
from models_ml.writer.realiser import VERSION, WRITER, write

DIMENSIONS = 512
"""Of the hashed vectors that `embed` returns."""


class BuiltinProvider:
    """Realises the last task that the messages carry as data; it reads no prose."""

    name = WRITER

    def generate(
        self,
        messages: Sequence[Message],
        schema: Schema | None = None,
        n: int = 1,
        seed: int | None = None,
        stream: Listener | None = None,
    ) -> list[Generation]:
        """Write from the task's facts, with the seeds from `seed` on.

        Raises NotSupported where no message carries a task, NotEnoughFacts for thin facts and
        TooShort where nothing fits.
        """
        task = next((m.task for m in reversed(messages) if m.task is not None), None)
        if task is None:
            raise NotSupported("the builtin writer works from tasks, and no message carries one")
        found = []
        for number in range(n):
            written = write(
                task.kind,
                title=task.title,
                facts=task.facts,
                language=task.language,
                seed=(seed or 0) + number,
                voice=task.manner.stress,
                market=task.manner.market,
                channel=task.manner.channel,
                most=task.manner.most,
            )
            told = [{"text": s.text, "facts": list(s.fact_keys)} for s in written.sentences]
            answer = {"sentences": told}
            text = json.dumps(answer, ensure_ascii=False) if schema else written.text
            parsed = None if schema is None else answer
            if schema is not None and schema is not COPY_SCHEMA:
                parsed = read_answer(text, schema)
            found.append(Generation(text, "stop", Usage(), VERSION, self.name, parsed))
        if stream is not None:
            stream(found[0].text)
        return found

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Hash each text's runs of three characters into DIMENSIONS buckets, signed."""
        return [_hashed(text) for text in texts]

    def capabilities(self) -> Capabilities:
        return Capabilities(schema=True, n=True, stream=False, embed=True, seed=True)

    def close(self) -> None:
        """Nothing to let go of."""


def _hashed(text: str) -> list[float]:
    padded = f"  {' '.join(text.casefold().split())} "
    vector = np.zeros(DIMENSIONS)
    for start in range(len(padded) - 2):
        code = zlib.crc32(padded[start : start + 3].encode())
        vector[code % DIMENSIONS] += 1.0 if code & 0x80000000 else -1.0
    norm = float(np.linalg.norm(vector)) or 1.0
    numbers: list[float] = (vector / norm).tolist()
    return numbers
