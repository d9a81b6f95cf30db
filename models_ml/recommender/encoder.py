"""The sequence model's network as web processes run it: ONNX, one thread unless told otherwise."""

from pathlib import Path

import numpy as np
import onnxruntime

from models_ml.recommender.artefacts import ArtefactError
from models_ml.recommender.sequence import ItemVectors, Question

ENCODER = "encoder.onnx"
OWN_ITEM_TERM = "own_items.onnx"


class OnnxEncoder:
    """Reads questions about items that have these vectors."""

    def __init__(
        self,
        vectors: ItemVectors,
        network: onnxruntime.InferenceSession,
        own_item_term: onnxruntime.InferenceSession,
    ) -> None:
        self._vectors = vectors
        self._network = network
        self._own_item_term = own_item_term

    @classmethod
    def open(cls, directory: Path, vectors: ItemVectors, threads: int) -> "OnnxEncoder":
        """Raises `ArtefactError`."""
        network, own_item_term = (
            open_session(directory / name, threads) for name in (ENCODER, OWN_ITEM_TERM)
        )
        return cls(vectors, network, own_item_term)

    def with_vectors(self, vectors: ItemVectors) -> "OnnxEncoder":
        return OnnxEncoder(vectors, self._network, self._own_item_term)

    def read(self, question: Question) -> tuple[np.ndarray, np.ndarray]:
        """States (variants, dim) and trend weights (variants, trends)."""
        shared, rest = slice(question.shared), slice(question.shared, None)
        states, weights = self._network.run(
            None,
            {
                "shared_vectors": self._vectors.take(question.items[shared]),
                "shared_kinds": question.kinds[shared],
                "shared_times": question.times[shared],
                "shared_steps": question.shared_steps,
                "vectors": self._vectors.take(question.items[rest]),
                "kinds": question.kinds[rest],
                "times": question.times[rest],
                "steps": question.steps,
                "kept": question.kept,
                "gaps": question.gaps,
            },
        )
        return states, weights

    def own_scores(self, features: np.ndarray) -> np.ndarray:
        """From features (own, OWN_ITEM_FEATURES) of at least one own item to scores (own,)."""
        return self._own_item_term.run(None, {"features": features})[0]


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Raises `ArtefactError`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtefactError(f"{path.name}: not readable as ONNX ({error})") from error
