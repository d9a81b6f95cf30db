"""The folder of a trained preference: weights and a manifest with checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from models_ml.recommender.artefacts import (
    ArtefactError,
    read_manifest,
    write_manifest,
)
from models_ml.writer.preference.features import DIMENSIONS
from models_ml.writer.preference.model import PreferenceModel

WEIGHTS = "weights.npz"
KIND = "writer preference"


def save(model: PreferenceModel, folder: Path, facts: dict[str, Any]) -> None:
    """Write the model into `folder`; `facts` go into the manifest."""
    np.savez_compressed(folder / WEIGHTS, weights=model.weights)
    write_manifest(folder, [WEIGHTS], {"kind": KIND, **facts})


def load(folder: Path) -> PreferenceModel:
    """Read a model; raises ArtefactError for files that are missing, changed or of another kind."""
    if read_manifest(folder).get("kind") != KIND:
        raise ArtefactError("manifest.json: not of a writer's preference")
    try:
        with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
            weights = arrays["weights"]
    except (KeyError, ValueError, OSError) as error:
        raise ArtefactError(f"{WEIGHTS}: not readable ({error})") from error
    if weights.shape != (DIMENSIONS,) or not np.isfinite(weights).all():
        raise ArtefactError(f"{WEIGHTS}: not {DIMENSIONS} finite numbers")
    return PreferenceModel(weights)
