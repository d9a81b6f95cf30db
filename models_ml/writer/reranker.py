"""A small language model that says how fluent copy reads. It ranks; it never writes.

Runs on onnxruntime and needs the `tokenizers` package: it belongs to the process that drafts, never
to one that serves pages.
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
KIND = "reranker"
FEATURES_VERSION = 1
"""Raised with every change of how a text becomes what the network reads; a folder has its own."""


class Reranker:
    """The promoted files of one training, loaded once per process; single-threaded."""

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
        self._tokenizer.enable_padding(pad_id=self._tokenizer.token_to_id(PADDING))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(directory / NETWORK), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, texts: Sequence[str]) -> list[float]:
        """Mean log-probability per piece of each text; higher reads more like the shop's copy."""
        if not texts:
            return []
        encoded = self._tokenizer.encode_batch([START + text for text in texts])
        pieces = np.array([one.ids for one in encoded], dtype=np.int64)
        scores = self._session.run(None, {"pieces": pieces})[0]
        return [float(score) for score in scores]
