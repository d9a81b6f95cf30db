"""The sequence model's network as web processes run it: ONNX, one thread unless told otherwise.

Lookups and biases are numpy's: each is one call there and several operations of a network.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from models_ml.recommender.artefacts import ArtefactError, read_array
from models_ml.recommender.sequence import HIDDEN, ItemVectors, Question, Tables

ENCODER = "encoder.onnx"
OWN_ITEM_TERM = "own_items.onnx"
# The file of each table.
TABLES = {
    "kinds": "kind_vectors.npy",
    "asked": "question_vectors.npy",
    "gaps": "gap_biases.npy",
    "steps": "step_biases.npy",
}

_NOW = np.zeros(1, np.float32)


class OnnxEncoder:
    """Reads questions about items that have these vectors."""

    def __init__(
        self,
        vectors: ItemVectors,
        tables: Tables,
        network: onnxruntime.InferenceSession,
        own_item_term: onnxruntime.InferenceSession,
    ) -> None:
        self._vectors = vectors
        self._tables = tables
        self._network = network
        self._own_item_term = own_item_term

    @classmethod
    def open(cls, directory: Path, vectors: ItemVectors, threads: int) -> "OnnxEncoder":
        """Raises `ArtefactError`."""
        tables = Tables(**{name: read_array(directory / file) for name, file in TABLES.items()})
        network, own_item_term = (
            open_session(directory / name, threads) for name in (ENCODER, OWN_ITEM_TERM)
        )
        return cls(vectors, tables, network, own_item_term)

    def with_vectors(self, vectors: ItemVectors) -> "OnnxEncoder":
        return OnnxEncoder(vectors, self._tables, self._network, self._own_item_term)

    def read(self, question: Question) -> tuple[np.ndarray, np.ndarray]:
        """States (variants, dim) and trend weights (variants, trends)."""
        tables, shared = self._tables, question.shared
        events = tables.events(self._vectors.take(question.items), question.kinds)
        variants, rows = question.steps.shape
        states = np.empty((variants, rows, events.shape[1]), np.float32)
        states[:, :-1] = events[shared:]
        states[:, -1] = tables.questions(question.gaps)
        before = question.times[:shared]
        own = np.concatenate([question.times[shared:], _NOW])
        shared_steps = question.shared_steps[None]
        seen_steps = np.empty((variants, shared + rows), np.int64)
        seen_steps[:, :shared], seen_steps[:, shared:] = shared_steps, question.steps
        bias = tables.bias(own, np.concatenate([before, own]), question.steps, seen_steps)
        bias[:, np.arange(1, variants), :, shared + question.left_out] = HIDDEN
        shared_bias = tables.bias(before, before, shared_steps, shared_steps)
        told = {f"bias_{head}": one for head, one in enumerate(bias)}
        told |= {f"shared_bias_{head}": one for head, one in enumerate(shared_bias)}
        told |= {
            "shared": events[:shared],
            "states": states.reshape(variants * rows, -1),
            "layout": np.array([variants, rows, 3 * events.shape[1]]),
            "last": np.arange(1, variants + 1) * rows - 1,
            "each": np.ones((variants, 1, 1), np.float32),
        }
        found, weights = self._network.run(None, told)
        return found, weights

    def own_scores(self, features: np.ndarray) -> np.ndarray:
        """From features (own, OWN_ITEM_FEATURES) of at least one own item to scores (own,)."""
        return self._own_item_term.run(None, {"features": features})[0][:, 0]


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
