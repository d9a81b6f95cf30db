"""Trains on a shop as it was some days ago, then today from those weights and from scratch, and
prints both on the same windows.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from models_ml.bench.shop_files import read_items, read_shop
from models_ml.bench.trainings import config_of, tell_progress
from models_ml.data.columns import TIME
from models_ml.recommender.config import BOTH, SCRATCH
from models_ml.recommender.report import TrainReport
from models_ml.recommender.train import train


def run(options: argparse.Namespace) -> None:
    """Train twice, print the comparison and write the JSON."""
    frame, until = read_shop(options.shop)
    items = read_items(options.shop)
    end = until or frame[TIME].max()
    before = end - pd.Timedelta(days=options.warm)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.work or Path(scratch)
        earlier = train(
            frame[frame[TIME] <= before],
            items=items,
            out_dir=folder / "earlier",
            config=config_of(options, before, start=SCRATCH),
            on_progress=tell_progress,
        )
        later = train(
            frame,
            items=items,
            out_dir=folder / "later",
            config=config_of(options, end, start=BOTH),
            previous=folder / "earlier",
            measure_only=True,
            on_progress=tell_progress,
        )
    content = {"days": options.warm, "earlier": _figures(earlier), "later": _figures(later)}
    for name, one in later.start["measured"].items():
        print(
            f"{name:8} validation NDCG@10 {one['validation_ndcg']:.4f} after {one['epochs']} "
            f"epochs in {one['seconds']:.0f} s"
        )
    print(f"used: {later.start['used']} {later.start['note']}")
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def _figures(report: TrainReport) -> dict[str, Any]:
    test = {name: one.repeats_allowed["ndcg@10"] for name, one in report.candidates.items()}
    return {"start": report.start, "test_ndcg@10": test, "seconds": report.seconds}
