"""Writes the folder that serves: weights in the transformers layout, and the torch-free serving
form beside them.
"""

import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers.utils.logging import disable_progress_bar

from models_ml.recommender.artefacts import MANIFEST, write_manifest
from models_ml.recommender.features import OWN_ITEM_FEATURES
from models_ml.recommender.model import SequenceModel
from models_ml.recommender.past import Past
from models_ml.recommender.renewal_fit import fit_renewal
from models_ml.recommender.serving import ENCODER, PARAMETERS, POLICIES
from models_ml.recommender.tuning import Baselines

WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything fitted on one past, as it is served."""

    past: Past
    model: SequenceModel
    baselines: Baselines
    weights: dict[str, float]


class _Encoder(nn.Module):
    """One question about one sequence, asked at time zero."""

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, vectors: Tensor, kinds: Tensor, times: Tensor, steps: Tensor, features: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        now = torch.zeros_like(times[:, :1])
        contexts = torch.ones_like(steps).sum(dim=1, keepdim=True)
        states, weights = self.model.encode(vectors, kinds, times, steps, now, contexts)
        return states[0, 0], weights[0, 0], self.model.own_item_scores(features)


def export(fitted: Fitted, directory: Path, facts: dict[str, Any]) -> None:
    """Write every file and, last, the manifest with `facts`; a folder without a manifest is not
    finished.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MANIFEST).unlink(missing_ok=True)
    model, past, baselines = fitted.model, fitted.past, fitted.baselines
    disable_progress_bar()
    model.save_pretrained(directory)
    # It is written for its owner alone; what serves may run as somebody else.
    (directory / WEIGHTS).chmod(0o644)
    arrays = {
        "items": past.histories.skus,
        "popularity": baselines.popularity.shares,
        "item_vectors": model.item_embedding.weight.detach().numpy(),
        "item_bias": model.item_bias.detach().numpy(),
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
    parameters = {
        "co_occurrence": baselines.co_occurrence.interest.as_dict(),
        "ease": baselines.ease.interest.as_dict(),
        "repeat_frequency": baselines.repeat_frequency.interest.as_dict(),
        "fusion": fitted.weights,
        "max_length": model.config.window,
    }
    (directory / PARAMETERS).write_text(json.dumps(parameters, indent=2) + "\n")
    export_encoder(model, directory / ENCODER)
    names += [PARAMETERS, ENCODER, "config.json", WEIGHTS]
    write_manifest(directory, names, {"policies": list(POLICIES), **facts})


def export_encoder(model: SequenceModel, path: Path) -> None:
    """Write the encoder as ONNX with free sequence length and number of own items."""
    length = torch.export.Dim("length", min=1, max=model.config.window)
    own = torch.export.Dim("own", min=1)
    example = (
        torch.zeros(1, 5, model.config.dim),
        torch.zeros(1, 5, dtype=torch.long),
        torch.linspace(-4.0, 0.0, 5)[None],
        torch.arange(5)[None],
        torch.zeros(3, OWN_ITEM_FEATURES),
    )
    # It reports every torchvision operator that it cannot register.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated calls and of names it merges.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Encoder(model).eval(),
            example,
            str(path),
            input_names=["vectors", "kinds", "times", "steps", "features"],
            output_names=["state", "trend_weights", "own_scores"],
            dynamic_shapes=({1: length}, {1: length}, {1: length}, {1: length}, {0: own}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
