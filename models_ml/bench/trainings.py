"""What benches that train share: settings from the command line, progress on standard error."""

import argparse
import sys
from typing import Any

import pandas as pd

from models_ml.recommender.config import Progress, TrainConfig


def config_of(options: argparse.Namespace, until: pd.Timestamp | None, **given: Any) -> TrainConfig:
    """Return the settings that the command line asks for; `until` ends the data, and what is
    `given` belongs to the bench itself.
    """
    settings = {
        "threads": options.threads,
        "max_minutes": options.max_minutes,
        "seed": options.seed,
        "until": until.to_pydatetime() if until else None,
        **options.settings,
        **given,
    }
    return TrainConfig(**settings)


def tell(line: str) -> None:
    print(line, file=sys.stderr)


def tell_progress(progress: Progress) -> None:
    """Say where a training stands, one line a step."""
    line = f"{progress.fraction:4.0%} {progress.phase}"
    if progress.validation_ndcg is not None:
        line += f" epoch {progress.epoch} loss {progress.loss:.4f}"
        line += f" validation NDCG@10 {progress.validation_ndcg:.4f}"
    tell(line)
