"""Trains on one shop and prints every candidate's figures on the held-out window."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from models_ml.data.online_retail import read_online_retail
from models_ml.recommender.config import Progress, TrainConfig
from models_ml.recommender.gate import gate
from models_ml.recommender.report import TrainReport
from models_ml.recommender.train import train


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `recommender` bench."""
    parser = benches.add_parser("recommender", help=__doc__)
    parser.add_argument("--shop", type=Path, required=True, help="an Online Retail parquet file")
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--work", type=Path, help="keep the trained files here")
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, print the table and write the JSON."""
    frame = read_online_retail(options.shop)
    with tempfile.TemporaryDirectory() as scratch:
        report = train(
            frame,
            out_dir=options.work or Path(scratch),
            config=TrainConfig(threads=options.threads),
            on_progress=_print_progress,
            should_stop=lambda: False,
        )
    print(_table(report))
    content = {**report.as_dict(), "gate": gate(report).as_dict()}
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def _print_progress(progress: Progress) -> None:
    print(f"{progress.fraction:4.0%} {progress.phase}", file=sys.stderr)


def _table(report: TrainReport) -> str:
    head = f"{'':18}{'NDCG@10':>9}{'HR@10':>9}{'coverage':>10}{'novelty':>9}{'new only':>10}"
    lines = [
        f"{name:18}{one.repeats_allowed['ndcg@10']:9.4f}{one.repeats_allowed['hr@10']:9.4f}"
        f"{one.repeats_allowed['coverage']:10.4f}{one.repeats_allowed['novelty']:9.2f}"
        f"{one.new_only['ndcg@10']:10.4f}"
        for name, one in report.candidates.items()
    ]
    return "\n".join([head, *lines])
