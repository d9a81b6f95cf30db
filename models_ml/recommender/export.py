"""Writes the folder that serves: weights in the transformers layout, and the torch-free serving
form beside them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers.utils.logging import disable_progress_bar

from models_ml.data.content import Vocabulary
from models_ml.recommender.added_weights import AddedBlend
from models_ml.recommender.additions import save_content
from models_ml.recommender.artefacts import MANIFEST, PARAMETERS, write_manifest
from models_ml.recommender.blending import Blend
from models_ml.recommender.encoder import ENCODER, OWN_ITEM_TERM, TABLES
from models_ml.recommender.model import SequenceModel, item_vectors
from models_ml.recommender.network_export import tables_of, write_encoder, write_own_item_term
from models_ml.recommender.past import Past
from models_ml.recommender.renewal_fit import fit_renewal
from models_ml.recommender.report import MODEL
from models_ml.recommender.tuning import Baselines

WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything fitted on one past, as it is served."""

    past: Past
    model: SequenceModel
    baselines: Baselines
    blend: Blend
    added_blend: AddedBlend | None = None


def export(
    fitted: Fitted, directory: Path, facts: dict[str, Any], vocabulary: Vocabulary | None
) -> None:
    """Write every file and, last, the manifest with `facts`; a folder without a manifest is not
    finished. With the `vocabulary` of content, it can rank products that come later.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MANIFEST).unlink(missing_ok=True)
    model, past, baselines = fitted.model, fitted.past, fitted.baselines
    disable_progress_bar()
    model.save_pretrained(directory)
    # It is written for its owner alone; what serves may run as somebody else.
    (directory / WEIGHTS).chmod(0o644)
    vectors, bias = item_vectors(model)
    arrays = {
        "items": past.histories.skus,
        "popularity": baselines.popularity.shares,
        "item_vectors": vectors,
        "item_bias": bias,
        "trends": past.trend.at(past.cut),
        "repeat_rates": past.habits.repeat_rates,
        "periods": past.habits.periods,
        "conversions": past.habits.conversions,
    }
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", array)
    names = [f"{name}.npy" for name in arrays]
    names += baselines.co_occurrence.save(directory, "co_occurrence")
    names += baselines.ease.save(directory, "ease")
    names += fit_renewal(past).save(directory)
    parameters: dict[str, Any] = {
        "co_occurrence": baselines.co_occurrence.interest.as_dict(),
        "ease": baselines.ease.interest.as_dict(),
        "repeat_frequency": baselines.repeat_frequency.interest.as_dict(),
        "fusion": {} if fitted.blend.alone else fitted.blend.weights,
        "alone": fitted.blend.alone,
        "max_length": model.config.window,
    }
    if vocabulary and past.content and baselines.content:
        names += baselines.content.save(directory, "content")
        projection = model.content_projection.detach().numpy()
        names += save_content(directory, vocabulary, past.content, projection)
        parameters["content"] = baselines.content.interest.as_dict()
        parameters["sharpness"] = baselines.content.sharpness
        parameters["image_model"] = vocabulary.image_model
        if fitted.added_blend and fitted.added_blend.mix:
            parameters["fusion_of_added"] = fitted.added_blend.mix.as_dict()
        parameters["unknown_bias"] = model.unknown_bias.item()
    (directory / PARAMETERS).write_text(json.dumps(parameters, indent=2) + "\n")
    names += export_networks(model, directory)
    names += [PARAMETERS, "config.json", WEIGHTS]
    write_manifest(directory, names, {"policies": [MODEL, *baselines.by_name()], **facts})


def export_networks(model: SequenceModel, directory: Path) -> list[str]:
    """Write the encoder, its tables and the own-item term; return the names of the files."""
    write_encoder(model, directory / ENCODER)
    write_own_item_term(model, directory / OWN_ITEM_TERM)
    tables = tables_of(model)
    for field, name in TABLES.items():
        np.save(directory / name, getattr(tables, field))
    return [ENCODER, OWN_ITEM_TERM, *TABLES.values()]
