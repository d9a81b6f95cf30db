"""Measures the recommender against its peers."""

import argparse
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
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    """Dispatch by what is to be measured on."""
    shop.run(options)
