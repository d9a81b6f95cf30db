"""Trains RecTools' SASRec on a file of sequences and prints its learning curve, a line an epoch.

Runs in a virtual environment of its own, since RecTools wants an older numpy; `pace.py` starts it
there.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

from models_ml.data.sequence_file import read_sequences
from models_ml.recommender.next_item.leave_one_out import Split, figures, split

NEGATIVES = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    for size in ("dim", "layers", "heads", "length"):
        parser.add_argument(f"--{size}", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    seed_everything(options.seed)
    parted = split(read_sequences(options.sequences, None, options.seed))
    dataset = _dataset(parted)
    # What is not named is RecTools' own default, but for the loss: over the whole catalogue an
    # epoch on two cores takes over eight minutes, so it gets negatives as its eSASRec does.
    model = SASRecModel(
        n_factors=options.dim,
        n_blocks=options.layers,
        n_heads=options.heads,
        session_max_len=options.length,
        loss="sampled_softmax",
        n_negatives=NEGATIVES,
        get_trainer_func=_quiet_trainer,
        recommend_torch_device="cpu",
    )
    seconds, epoch = 0.0, 0
    while seconds < options.minutes * 60:
        began = time.monotonic()
        model.fit_partial(dataset, min_epochs=1, max_epochs=1)
        seconds += time.monotonic() - began
        epoch += 1
        ndcg = _measure(model, dataset, parted)
        line = {"epoch": epoch, "seconds": seconds, "validation_ndcg": ndcg}
        print(json.dumps(line), flush=True)


def _quiet_trainer() -> Trainer:
    return Trainer(
        max_epochs=1,
        min_epochs=1,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _dataset(parted: Split) -> Dataset:
    """What may be learned from, its order kept as days."""
    lengths = [len(one) for one in parted.train]
    steps = np.concatenate([np.arange(length) for length in lengths])
    rows = {
        Columns.User: np.repeat(np.arange(len(lengths)), lengths),
        Columns.Item: np.concatenate(parted.train),
        Columns.Weight: 1.0,
        Columns.Datetime: pd.Timestamp("2026-01-01") + pd.to_timedelta(steps, unit="D"),
    }
    return Dataset.construct(pd.DataFrame(rows))


def _measure(model: SASRecModel, dataset: Dataset, parted: Split) -> float:
    """Validation NDCG@10 over the same customers and candidates as ours."""
    asked = parted.asked
    shown = model.recommend(users=asked, dataset=dataset, k=10, filter_viewed=True)
    targets = pd.Series(parted.validation.targets, index=asked)
    found = shown[shown[Columns.Item].to_numpy() == targets[shown[Columns.User]].to_numpy()]
    ranks = pd.Series(len(parted.validation), index=asked)
    ranks[found[Columns.User]] = found[Columns.Rank].to_numpy() - 1
    return figures(ranks.to_numpy())["ndcg@10"]


if __name__ == "__main__":
    main()
