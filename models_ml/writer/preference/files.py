"""The folder of a trained chooser: weights, a folder per language model, and checksums of all."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from models_ml.recommender.artefacts import (
    MANIFEST,
    ArtefactError,
    read_manifest,
    write_manifest,
)
from models_ml.writer.preference.features import DIMENSIONS
from models_ml.writer.preference.model import Fluency, LanguageModel, PreferenceModel

WEIGHTS = "weights.npz"
KIND = "writer chooser"


def save(model: PreferenceModel, folder: Path, facts: dict[str, Any]) -> None:
    """Write the model into `folder`; `facts` go into the manifest.

    The language models lie there already, each in the folder of its language.
    """
    np.savez_compressed(
        folder / WEIGHTS, weights=model.weights, fluency_weight=np.array(model.fluency_weight)
    )
    spreads = {language: fluency.spread for language, fluency in model.fluencies.items()}
    # A language's own manifest vouches for its files.
    names = [WEIGHTS, *(f"{language}/{MANIFEST}" for language in spreads)]
    write_manifest(folder, names, {"kind": KIND, "spreads": spreads, **facts})


def load(folder: Path) -> PreferenceModel:
    """Read a model; raises ArtefactError for files that are missing, changed or of another kind."""
    manifest = read_manifest(folder)
    if manifest.get("kind") != KIND:
        raise ArtefactError("manifest.json: not of a writer's chooser")
    try:
        with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
            weights, fluency_weight = arrays["weights"], float(arrays["fluency_weight"])
    except (KeyError, ValueError, OSError) as error:
        raise ArtefactError(f"{WEIGHTS}: not readable ({error})") from error
    if weights.shape != (DIMENSIONS,) or not np.isfinite([*weights, fluency_weight]).all():
        raise ArtefactError(f"{WEIGHTS}: not {DIMENSIONS} finite numbers and one for fluency")
    fluencies = {
        language: Fluency(load_language_model(folder / language), spread)
        for language, spread in manifest["spreads"].items()
    }
    return PreferenceModel(weights, fluency_weight, fluencies)


def load_language_model(folder: Path) -> LanguageModel:
    """Return the language model of a folder, from memory where its files are the same as before;
    raises ArtefactError.
    """
    manifest = read_manifest(folder)
    return _from_memory(folder, tuple(sorted(manifest["files"].items())))


@lru_cache(maxsize=4)
def _from_memory(folder: Path, digests: tuple[tuple[str, str], ...]) -> LanguageModel:
    # A process that never chooses a wording needs neither onnxruntime nor tokenizers.
    from models_ml.writer.reranker import Reranker

    return Reranker(folder)
