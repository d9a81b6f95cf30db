"""Trains on one shop and prints every candidate's figures on the held-out window, then those of
tuned peers.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models_ml.bench import cold_start, effects
from models_ml.bench.peers import compare_with_peers, table
from models_ml.bench.serving_speed import measure_speed
from models_ml.bench.shop_files import read_items, read_shop
from models_ml.bench.trainings import config_of, tell, tell_progress
from models_ml.data.generated_shop import read_oracle
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import TOP, ndcg
from models_ml.recommender.gate import gate
from models_ml.recommender.report import MODEL, TrainReport
from models_ml.recommender.train import train


def run(options: argparse.Namespace) -> None:
    """Train, print the table and write the JSON."""
    frame, config = _read(options)
    with tempfile.TemporaryDirectory() as scratch:
        directory = options.work or Path(scratch)
        items = read_items(options.shop)
        report = train(
            frame, items=items, out_dir=directory, config=config, on_progress=tell_progress
        )
        speed = measure_speed(directory, frame)
        peers = compare_with_peers(directory, frame, config, tell=tell)
        cold = {
            "held out": cold_start.measure_held_out(directory, frame, items, config),
            "new since": cold_start.measure_new(directory, frame, items, config),
        }
    content: dict[str, Any] = {
        **report.as_dict(),
        "gate": gate(report).as_dict(),
        "milliseconds_per_rank": speed,
        "peers": peers,
        "cold_start": cold,
    }
    if options.shop.is_dir():
        content["oracle"] = _against_oracle(report, read_oracle(options.shop))
    print(_table(report))
    print(table(peers))
    print(cold_start.table(cold))
    for name in ("model_minus_best_baseline", "best_baseline", "oracle", "milliseconds_per_rank"):
        if name in content:
            print(f"{name}: {content[name]}")
    print(f"seconds: { ({name: round(value, 1) for name, value in report.seconds.items()}) }")
    _write(options.json, content)


def run_effects(options: argparse.Namespace) -> None:
    """Print what every step of cleaning and every augmentation is worth, and write the JSON."""
    frame, config = _read(options)
    measured = effects.measure_effects(frame, config, options.seeds or 1, tell=tell)
    print(effects.table(measured))
    _write(options.json, {"effects": measured})


def _read(options: argparse.Namespace) -> tuple[pd.DataFrame, TrainConfig]:
    frame, until = read_shop(options.shop)
    return frame, config_of(options, until)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")


def _against_oracle(report: TrainReport, oracle: pd.DataFrame) -> dict[str, float]:
    """NDCG@10 of the best possible ranking over the report's customers, and how much of the way to
    it is closed.

    `way` is (candidate - popularity) / (oracle - popularity), means over the customers that both
    know.
    """
    best = {
        row.customer: ndcg(np.array(row.skus[:TOP]), np.array(row.relevant), len(row.relevant))
        for row in oracle.itertuples()
    }
    known = np.isin(report.customers, list(best))
    ceiling = float(np.mean([best[customer] for customer in report.customers[known]]))
    floor = float(report.ndcgs["popularity"][known].mean())
    figures = {"customers": int(known.sum()), "ndcg@10": ceiling, "popularity": floor}
    for name in (MODEL, report.best_baseline):
        value = float(report.ndcgs[name][known].mean())
        figures[f"way_{name}"] = (value - floor) / (ceiling - floor)
    return figures


def _table(report: TrainReport) -> str:
    columns = ("validation", "NDCG@10", "HR@10", "coverage", "novelty", "new NDCG", "new HR")
    lines = ["".join([f"{'':18}", *(f"{column:>11}" for column in columns)])]
    for name, one in report.candidates.items():
        everything, new = one.repeats_allowed, one.new_only
        values = (
            one.validation_ndcg,
            everything["ndcg@10"],
            everything["hr@10"],
            everything["coverage"],
            everything["novelty"],
            new["ndcg@10"],
            new["hr@10"],
        )
        lines.append("".join([f"{name:18}", *(f"{value:11.4f}" for value in values)]))
    return "\n".join(lines)
