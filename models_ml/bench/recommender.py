"""Measures the recommender against its peers."""

import argparse
import json
from pathlib import Path

from models_ml.bench import origins, sequences, shop, warm
from models_ml.recommender.config import TrainConfig


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `recommender` bench."""
    parser = benches.add_parser("recommender", help=__doc__)
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument(
        "--shop",
        type=Path,
        help="an Online Retail parquet file, or the folder of a generated shop",
    )
    data.add_argument(
        "--sequences",
        type=Path,
        help="text, one customer a line: user item item ..., oldest first",
    )
    parser.add_argument(
        "--attributes", type=Path, help="JSON, {item: [attribute, ...]}, for --sequences"
    )
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--work", type=Path, help="keep the trained files here, and go on there")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-minutes", type=float, default=TrainConfig.max_minutes)
    parser.add_argument("--minutes", type=float, default=20.0, help="for each seed of --sequences")
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, default=TrainConfig.seed)
    seeds.add_argument(
        "--seeds",
        type=int,
        help="with --sequences: seeds 1 to this many; with --effects: trainings of each variant",
    )
    parser.add_argument(
        "--settings",
        type=json.loads,
        default={},
        help="settings of the training that differ from the usual, as JSON",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--effects",
        action="store_true",
        help="measure each step of cleaning and each augmentation instead, on validation",
    )
    instead.add_argument(
        "--warm",
        type=int,
        metavar="DAYS",
        help="train as of so many days ago, then today from those weights and from scratch",
    )
    instead.add_argument(
        "--origins", type=int, metavar="N", help="train and measure at so many ends of the data"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    """Dispatch by what is to be measured."""
    if options.sequences:
        sequences.run(options)
    elif options.effects:
        shop.run_effects(options)
    elif options.warm:
        warm.run(options)
    elif options.origins:
        origins.run(options)
    else:
        shop.run(options)
