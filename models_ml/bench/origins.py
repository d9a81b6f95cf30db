"""Trains at several ends of a shop's data and prints every candidate's mean and spread."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from models_ml.bench.shop_files import read_items, read_shop
from models_ml.bench.trainings import config_of, tell_progress
from models_ml.recommender.origins import cross_validate


def run(options: argparse.Namespace) -> None:
    """Measure each origin, print the table and write the JSON."""
    frame, until = read_shop(options.shop)
    with tempfile.TemporaryDirectory() as scratch:
        found = cross_validate(
            frame,
            items=read_items(options.shop),
            origins=options.origins,
            out_dir=options.work or Path(scratch),
            config=config_of(options, until),
            on_progress=tell_progress,
        )
    print(_table(found))
    options.json.write_text(json.dumps(found, indent=2) + "\n")


def _table(found: dict[str, Any]) -> str:
    ends = "".join(f"{one['end'][:10]:>12}" for one in found["origins"])
    lines = [f"{'NDCG@10, ends':18}{ends}{'mean':>9}{'spread':>9}"]
    for name, spread in found["candidates"].items():
        values = "".join(f"{one['test_ndcg@10'][name]:12.4f}" for one in found["origins"])
        lines.append(f"{name:18}{values}{spread['mean']:9.4f}{spread['deviation']:9.4f}")
    difference = found["difference"]
    lines.append(
        f"model less best baseline: {difference['mean']:+.4f} (spread {difference['deviation']:.4f}"
        f", from {difference['low']:+.4f} to {difference['high']:+.4f})"
    )
    return "\n".join([*lines, *(f"left out {one}" for one in found["left_out"])])
