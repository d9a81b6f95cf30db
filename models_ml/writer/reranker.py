"""A small language model that says how fluent copy reads. It ranks; it never writes.

Runs on onnxruntime and needs the `tokenizers` package, no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models_ml.recommender.artefacts import read_manifest

NETWORK = "reranker.onnx"
TOKENIZER = "tokenizer.json"
WINDOW = 192
"""Pieces the model reads of a text; the rest of a longer one is not scored."""
START, PADDING = "<s>", "<pad>"


class Reranker:
    """The files of one training, loaded once per process; single-threaded."""

    def __init__(self, directory: Path) -> None:
        """Raises `ArtefactError` when a file is missing or changed."""
        read_manifest(directory)
        self._tokenizer = Tokenizer.from_file(str(directory / TOKENIZER))
        self._tokenizer.enable_truncation(WINDOW)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(directory / NETWORK), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Mean log-probability per piece of each text, shape (texts,); higher reads more like the
        shop's copy.
        """
        if not texts:
            return np.empty(0)
        # One by one: a batch is shared among threads, which costs more than a few texts take.
        lines = [self._tokenizer.encode(START + text).ids for text in texts]
        # The network takes piece 0, PADDING, for no piece.
        pieces = np.zeros((len(lines), max(map(len, lines))), dtype=np.int64)
        for row, line in zip(pieces, lines, strict=True):
            row[: len(line)] = line
        scores: np.ndarray = self._session.run(None, {"pieces": pieces})[0]
        return scores.astype(float)
