"""Where a training starts: from nothing, or from the weights of the version before, which learn on.

Only weights that saw nothing of the validation and test windows may be compared on them. What a
version serves has seen up to its last purchase, so every training also keeps its network as it was
fitted up to its own validation window, which a later training's window follows.
"""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from models_ml.data.content import Vocabulary
from models_ml.recommender import stages
from models_ml.recommender.artefacts import (
    MANIFEST,
    ArtefactError,
    file_digest,
    read_array,
    read_json,
    read_manifest,
    write_manifest,
)
from models_ml.recommender.config import BOTH, SCRATCH, WARM
from models_ml.recommender.fit import Plan
from models_ml.recommender.model import SequenceModel
from models_ml.recommender.run import Run
from models_ml.recommender.stages import Window

# The folder, inside a trained one, of the network that the next training may start from.
START = "start"
_ITEMS, _FEATURES = "items.npy", "features.npy"
_SHAPE, _WEIGHTS = "config.json", "model.safetensors"
_IMAGE_MODEL = "image_model"
_PER_ITEM = ("item_embedding.weight", "item_bias")
_PER_FEATURE = "content_projection"
_WARM_EPOCHS, _WARM_RATE, _WARM_PATIENCE = 2, 0.5, 1


@dataclass(frozen=True, slots=True)
class Start:
    """One start measured on the validation window; `seconds` are those of fitting."""

    validation_ndcg: float
    epochs: int
    seconds: float


# Why there was no warm start, where nothing is wrong with the files.
NO_EARLIER, HAS_SEEN = "no_earlier_training", "has_seen_what_measures"


@dataclass(frozen=True)
class Started:
    """The network that goes on, its epochs, and what was measured: `measured` by "scratch" or
    "warm", `note` says why no warm start was tried where one was wanted.
    """

    model: SequenceModel
    epochs: list[dict[str, float]]
    used: str
    measured: dict[str, Start] = field(default_factory=dict)
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "used": self.used,
            "measured": {name: asdict(one) for name, one in self.measured.items()},
            "note": self.note,
        }


def fit_start(
    run: Run,
    window: Window,
    validation_cut: pd.Timestamp,
    previous: Path | None,
    vocabulary: Vocabulary | None = None,
) -> Started:
    """Fit from scratch, from `previous` (the folder of an earlier training) or both ways, as
    `config.start` says; of both the better on the validation window goes on.

    A warm start that cannot be is left out, and the network is fitted from scratch.
    """
    wanted = run.config.start
    warm, note = None, ""
    if wanted != SCRATCH and previous is not None:
        try:
            warm = _load(previous, run, window, validation_cut, vocabulary)
        except ArtefactError as problem:
            note = str(problem)
    elif wanted != SCRATCH:
        note = NO_EARLIER
    fitted: dict[str, tuple[SequenceModel, list[dict[str, float]]]] = {}
    measured: dict[str, Start] = {}
    if warm is not None:
        plan = Plan(
            WARM,
            _WARM_EPOCHS,
            run.config.learning_rate * _WARM_RATE,
            _WARM_PATIENCE,
            run.config.epochs + 3.0 if wanted == BOTH else 3.0,
            False,
        )
        began = time.monotonic()
        with run.phase(WARM):
            fitted[WARM] = warm, stages.fit_further(run, plan, warm, window)
        measured[WARM] = _measured(run, WARM, fitted[WARM][1], time.monotonic() - began)
    if warm is None or wanted == BOTH:
        began = time.monotonic()
        with run.phase("fit"):
            fitted[SCRATCH] = stages.fit_network(run, window)
        measured[SCRATCH] = _measured(run, SCRATCH, fitted[SCRATCH][1], time.monotonic() - began)
    used = max(measured, key=lambda name: measured[name].validation_ndcg)
    return Started(*fitted[used], used, measured, note)


def keep_start(
    model: SequenceModel,
    skus: np.ndarray,
    vocabulary: Vocabulary | None,
    until: pd.Timestamp,
    folder: Path,
) -> None:
    """Leave the network for a later training: it saw nothing from `until` on."""
    directory = folder / START
    directory.mkdir(exist_ok=True)
    model.save_pretrained(directory)
    (directory / _WEIGHTS).chmod(0o644)
    np.save(directory / _ITEMS, skus)
    np.save(directory / _FEATURES, vocabulary.hashes if vocabulary else np.zeros(0, np.uint32))
    names = [_ITEMS, _FEATURES, _SHAPE, _WEIGHTS]
    eye = vocabulary.image_model if vocabulary else ""
    write_manifest(directory, names, {"fitted_until": until.isoformat(), _IMAGE_MODEL: eye})


def digest_of(previous: Path | None) -> str:
    """What tells one start from another; '' for none."""
    manifest = previous / START / MANIFEST if previous else None
    return file_digest(manifest) if manifest and manifest.is_file() else ""


def _load(
    previous: Path,
    run: Run,
    window: Window,
    validation_cut: pd.Timestamp,
    vocabulary: Vocabulary | None,
) -> SequenceModel:
    """A network of today's shape and catalogue with the earlier weights; raises `ArtefactError`
    where they cannot be used.
    """
    directory = previous / START
    manifest = read_manifest(directory)
    if pd.Timestamp(manifest["fitted_until"]) > validation_cut:
        raise ArtefactError(HAS_SEEN)
    model = stages.new_network(run.config, window.past)
    shape = read_json(directory / _SHAPE)
    for name in ("dim", "layers", "heads", "window"):
        if shape.get(name) != getattr(model.config, name):
            raise ArtefactError(
                f"its network has another {name}: {shape.get(name)} instead of "
                f"{getattr(model.config, name)}"
            )
    old = SequenceModel.from_pretrained(directory)
    skus = np.asarray(read_array(directory / _ITEMS))
    state = _carried(old, skus, model, window.past.histories.skus)
    if vocabulary:
        hashes = np.asarray(read_array(directory / _FEATURES))
        # The numbers of another network mean something else.
        same_eye = manifest.get(_IMAGE_MODEL) == vocabulary.image_model
        into = state[_PER_FEATURE]
        _carry_features(old.content_projection, hashes, into, vocabulary, images=same_eye)
    model.load_state_dict(state)
    return model


def _carried(
    old: SequenceModel, old_skus: np.ndarray, new: SequenceModel, new_skus: np.ndarray
) -> dict[str, Tensor]:
    """The earlier weights over another sorted catalogue: items that are gone are left out, those
    that came start at the mean, and what has another shape starts anew.
    """
    learned, state = old.state_dict(), new.state_dict()
    _, before, now = np.intersect1d(old_skus, new_skus, assume_unique=True, return_indices=True)
    for name, value in learned.items():
        if name in _PER_ITEM:
            wide = value.mean(dim=0, keepdim=True).expand(state[name].shape).clone()
            wide[torch.from_numpy(now)] = value[torch.from_numpy(before)]
            state[name] = wide
        elif name != _PER_FEATURE and name in state and state[name].shape == value.shape:
            state[name] = value
    return state


def _carry_features(
    learned: Tensor, hashes: np.ndarray, state: Tensor, vocabulary: Vocabulary, *, images: bool
) -> None:
    """What the features of the products had taught, each moved to its column of today, in place;
    those of images only where wanted and of as many numbers as before.
    """
    _, before, now = np.intersect1d(
        hashes, vocabulary.hashes, assume_unique=True, return_indices=True
    )
    with torch.no_grad():
        state[torch.from_numpy(now)] = learned[torch.from_numpy(before)]
        if images and vocabulary.image and len(learned) - len(hashes) == vocabulary.image:
            state[len(vocabulary.hashes) :] = learned[len(hashes) :]


def _measured(run: Run, name: str, rows: list[dict[str, float]], seconds: float) -> Start:
    """A stage that was finished by an earlier attempt keeps the seconds it took then."""
    best = max(row["validation_ndcg"] for row in rows)
    kept = run.checkpoints.read_json(f"{name}-start")
    if kept is None:
        kept = asdict(Start(best, len(rows), max(seconds, sum(row["seconds"] for row in rows))))
        run.checkpoints.write_json(f"{name}-start", kept)
    return Start(**kept)
