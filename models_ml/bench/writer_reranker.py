"""Trains a re-ranker on the half of a file's human copy that the bench does not judge with."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from models_ml.bench.writer_cases import human_prose, read_cases
from models_ml.writer.reranker_train import STEPS, train_reranker


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `writer-reranker` command."""
    parser = benches.add_parser("writer-reranker", help=__doc__)
    parser.add_argument("--facts", type=Path, required=True, nargs="+", help="as for `writer`")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train and print what came of it."""
    texts = [
        text for path in options.facts for text in human_prose(list(read_cases(path)), "writer")
    ]
    learned = train_reranker(
        texts,
        options.out,
        options.seed,
        options.minutes,
        steps=options.steps,
        on_progress=lambda share: print(f"{share:.0%}"),
    )
    print(json.dumps(learned))
