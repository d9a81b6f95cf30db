"""The recommender on a file of sequences, leave-one-out, as the literature measures it."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from models_ml.data.sequence_file import BadSequences, Sequences, read_sequences
from models_ml.recommender.next_item.blend import blend_scorer, tune_blend, tune_transitions
from models_ml.recommender.next_item.fit import FitSettings
from models_ml.recommender.next_item.leave_one_out import Split, measure, split
from models_ml.recommender.next_item.members import (
    Member,
    Task,
    curve_rows,
    fit_members,
    mean_scorer,
)
from models_ml.recommender.next_item.model import NextItemConfig

# What the networks may take of the time; the rest is for the transitions, the blend and the test.
_FITTING_SHARE = 0.88
FIGURES = ("hr@5", "hr@10", "ndcg@5", "ndcg@10", "coverage", "train_seconds")
PROTOCOL = (
    "leave-one-out: each customer's last item is the test, the one before it the validation, the "
    "rest is learned from; at the test the validation item is part of what came before but is not "
    "learned from; ranked over the full catalogue without the items the customer had before (the "
    "target itself always stands); ties count against us; ids shuffled; network epochs, "
    "transitions and blend chosen on validation only"
)


def run(options: argparse.Namespace) -> None:
    """Train for each seed, print the figures and write the JSON; ends with a plain message where
    the files cannot be read.
    """
    seeds = [options.seed] if options.seeds is None else list(range(1, options.seeds + 1))
    try:
        runs = [_of_seed(options, seed) for seed in seeds]
    except BadSequences as problem:
        sys.exit(str(problem))
    content = summary(runs)
    for name in FIGURES:
        print(f"{name:14}{content[name]:10.4f}  spread {content['spread'][name]:.4f}")
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds, their standard deviations as `spread` (zero for one seed), and each run."""
    values = {name: np.array([one[name] for one in runs]) for name in FIGURES}
    spread = {
        name: float(column.std(ddof=1)) if len(column) > 1 else 0.0
        for name, column in values.items()
    }
    means = {name: float(column.mean()) for name, column in values.items()}
    return {**means, "protocol": PROTOCOL, "spread": spread, "seeds": runs}


def _of_seed(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    started = time.monotonic()
    sequences = read_sequences(options.sequences, options.attributes, seed)
    parted = split(sequences)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.work or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        members = _fit(options, sequences, parted, seed, folder)
    network = mean_scorer(members)
    transitions, settings = tune_transitions(parted, sequences.catalogue, seed)
    blend = tune_blend(network, transitions, settings, parted, seed)
    took = time.monotonic() - started
    _say(f"seed {seed}: validation NDCG@10 {blend.ndcg:.4f}, weight of transitions {blend.weight}")
    return {
        "seed": seed,
        **measure(blend_scorer(network, transitions, blend.weight), parted.test),
        "train_seconds": took,
        "parts": {
            "one network": measure(mean_scorer(members[:1]), parted.test),
            "networks": measure(network, parted.test),
            "transitions": measure(transitions.score, parted.test),
        },
        "blend": blend.as_dict(),
        "curves": [curve_rows(member.curve) for member in members],
    }


def _fit(
    options: argparse.Namespace, sequences: Sequences, parted: Split, seed: int, folder: Path
) -> list[Member]:
    task = Task(
        split=parted,
        attributes=sequences.attributes,
        config=NextItemConfig(),
        settings=FitSettings(),
        seed=seed * 1_000,
        file=folder / f"network-{seed}.pt",
    )
    minutes = options.minutes * _FITTING_SHARE
    return fit_members(task, options.threads, minutes, on_member=_tell)


def _tell(number: int, member: Member) -> None:
    best = max(member.curve, key=lambda one: one.validation_ndcg)
    _say(
        f"network {number + 1}: {len(member.curve)} epochs in {member.curve[-1].seconds:.0f} s, "
        f"best {best.epoch} with validation NDCG@10 {best.validation_ndcg:.4f}"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
