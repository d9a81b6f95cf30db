"""A small language model that says how fluent copy reads. It ranks; it never writes.

Runs on onnxruntime and needs the `tokenizers` package, no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models_ml.recommender.artefacts import MANIFEST, ArtefactError, read_manifest

NETWORK = "reranker.onnx"
TOKENIZER = "tokenizer.json"
WINDOW = 192
"""Pieces the model reads of a text; the rest of a longer one is not scored."""
START, PADDING = "<s>", "<pad>"
KIND = "writer language model"
FEATURES_VERSION = 1
"""Raised with every change of how a text becomes what the network reads; a folder has its own."""


class Reranker:
    """The files of one training, loaded once per process; single-threaded."""

    def __init__(self, directory: Path) -> None:
        """Raises `ArtefactError` when a file is missing or changed, or made for other features."""
        manifest = read_manifest(directory)
        if manifest.get("kind") != KIND:
            raise ArtefactError(f"{MANIFEST}: of kind {manifest.get('kind')!r}, not {KIND!r}")
        version = manifest.get("features", 1)
        if version != FEATURES_VERSION:
            raise ArtefactError(
                f"{MANIFEST}: made for features {version}, this program reads {FEATURES_VERSION};"
                " train again"
            )
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
