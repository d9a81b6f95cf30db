"""How soon our next-item network reaches the best that RecTools' SASRec reaches, in one run.

Both get the same file without attributes, width, depth, heads, length and threads, and are measured
on the same validation items after each epoch; only learning is timed.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from models_ml.data.sequence_file import BadSequences, read_sequences
from models_ml.recommender.next_item.fit import Epoch, FitSettings, fit
from models_ml.recommender.next_item.initial import initial_vectors
from models_ml.recommender.next_item.leave_one_out import split
from models_ml.recommender.next_item.model import NextItemConfig, NextItemModel


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `pace` bench."""
    parser = benches.add_parser("pace", help=__doc__)
    parser.add_argument("--sequences", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument(
        "--rectools", type=Path, required=True, help="the Python of RecTools' virtual environment"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long RecTools may learn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Fit both, print the ratio and write both curves; ends with a plain message if it cannot."""
    if not options.rectools.exists():
        sys.exit(f"{options.rectools}: no such file; `make bench` builds RecTools' environment")
    try:
        ours = _ours(options)
    except BadSequences as problem:
        sys.exit(str(problem))
    content = compare(ours, _theirs(options))
    print(
        f"RecTools: best validation NDCG@10 {content['rectools_best']:.4f} after "
        f"{content['rectools_seconds']:.0f} s of {options.minutes:g} min"
    )
    if content["ratio"] is None:
        print(f"ours: not reached; best {content['our_best']:.4f}")
    else:
        print(f"ours: reached after {content['our_seconds']:.0f} s, ratio {content['ratio']:.2f}")
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def compare(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> dict[str, Any]:
    """`ratio` is our seconds to reach the best of RecTools over its own, None if never reached."""
    best = max(theirs, key=lambda row: row["validation_ndcg"])
    reached = [row for row in ours if row["validation_ndcg"] >= best["validation_ndcg"]]
    seconds = reached[0]["seconds"] if reached else None
    return {
        "rectools_best": best["validation_ndcg"],
        "rectools_seconds": best["seconds"],
        "our_best": max(row["validation_ndcg"] for row in ours),
        "our_seconds": seconds,
        "ratio": None if seconds is None else seconds / best["seconds"],
        "ours": ours,
        "rectools": theirs,
    }


def _ours(options: argparse.Namespace) -> list[dict[str, Any]]:
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    sequences = read_sequences(options.sequences, None, options.seed)
    parted, config = split(sequences), NextItemConfig()
    model = NextItemModel(config, sequences.attributes)
    vectors = initial_vectors(parted.train, sequences.catalogue, config.dim, options.seed)
    if vectors is not None:
        model.vectors.start_from(vectors)
    settings = replace(FitSettings(), minutes=options.minutes)
    return [asdict(one) for one in fit(parted, model, settings, options.seed, on_epoch=_tell)]


def _theirs(options: argparse.Namespace) -> list[dict[str, Any]]:
    config = NextItemConfig()
    command = [str(options.rectools), "-m", "models_ml.bench.rectools_sasrec"]
    for name in ("sequences", "minutes", "threads", "seed"):
        command += [f"--{name}", str(getattr(options, name))]
    for name in ("dim", "layers", "heads", "length"):
        command += [f"--{name}", str(getattr(config, name))]
    rows = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rows.append(json.loads(line))
            print(f"RecTools {line.strip()}", file=sys.stderr, flush=True)
    if process.returncode or not rows:
        sys.exit(f"RecTools ended with {process.returncode}")
    return rows


def _tell(epoch: Epoch) -> None:
    print(f"ours {json.dumps(asdict(epoch))}", file=sys.stderr, flush=True)
