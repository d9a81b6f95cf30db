"""Measures the recommender against its peers."""

import argparse
import json
from pathlib import Path

from models_ml.bench import shop
from models_ml.recommender.config import TrainConfig


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `recommender` bench."""
    parser = benches.add_parser("recommender", help=__doc__)
    parser.add_argument(
        "--shop",
        type=Path,
        required=True,
        help="an Online Retail parquet file, or the folder of a generated shop",
    )
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--work", type=Path, help="keep the trained files here, and go on there")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--max-minutes", type=float, default=TrainConfig.max_minutes)
    parser.add_argument("--seed", type=int, default=TrainConfig.seed)
    parser.add_argument(
        "--settings",
        type=json.loads,
        default={},
        help="settings of the training that differ from the usual, as JSON",
    )
    parser.add_argument(
        "--effects",
        action="store_true",
        help="measure each step of cleaning and each augmentation instead, on validation",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, help="with --effects: train every variant that often"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    """Dispatch by what is to be measured."""
    if options.effects:
        shop.run_effects(options)
    else:
        shop.run(options)
