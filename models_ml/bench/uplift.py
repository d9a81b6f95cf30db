"""Who is moved by a message: learns from a campaign with a control group, and measures on customers
held out of the learning (cross-fitted) against scikit-uplift's class transformation.

In the JSON, `qini`, `qini_low`, `qini_high`, `auuc`, `auuc_low` and `auuc_high` are ours; each of
`peers` has the same. `deciles` tell what was predicted and what came of it.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from models_ml.uplift.choosing import FOLDS, choose, cross_fit
from models_ml.uplift.learners import Trees
from models_ml.uplift.measure import Worth, by_decile, worth
from models_ml.uplift.trial import Trial, UpliftProblem, as_features

ARM, TREATED, CONTROL, OUTCOME = "segment", "Womens E-Mail", "No E-Mail", "visit"
OUTCOMES = ("visit", "conversion", "spend")


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `uplift` bench."""
    parser = benches.add_parser("uplift", help=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a CSV in Hillstrom's layout")
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--outcome", default=OUTCOME, help="a column of 0 and 1")
    parser.add_argument("--treated", default=TREATED, help="the arm that got the message")
    parser.add_argument("--control", default=CONTROL, help="the arm that got none")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folds", type=int, default=FOLDS, help="of cross-fitting")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Learn, measure, print and write."""
    try:
        trial = read_trial(options.data, options.treated, options.control, options.outcome)
        content = measure(trial, options.seed, options.folds)
    except (OSError, UpliftProblem) as problem:
        sys.exit(f"{options.data}: {problem}")
    for name, found in {"ours": content, **content["peers"]}.items():
        low, high = found["qini_low"], found["qini_high"]
        print(
            f"{name}: Qini {found['qini']:.4f} ({low:.4f} to {high:.4f}), AUUC {found['auuc']:.4f}"
        )
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def read_trial(path: Path, treated: str, control: str, outcome: str) -> Trial:
    """Return the trial of two arms; every column that is no arm and no outcome is a feature."""
    table = pd.read_csv(path)
    missing = {ARM, outcome} - set(table)
    if missing:
        raise UpliftProblem(f"no column {', '.join(sorted(missing))}")
    table = table[table[ARM].isin([treated, control])].reset_index(drop=True)
    told = [name for name in table if name not in {ARM, outcome, *OUTCOMES}]
    return Trial(
        as_features(table, told),
        (table[ARM] == treated).to_numpy(),
        table[outcome].to_numpy(float),
    )


def measure(trial: Trial, seed: int, folds: int = FOLDS) -> dict[str, Any]:
    """Return the figures of ours and of the peers, asked about the same customers."""
    started = time.perf_counter()
    ours = cross_fit(trial, lambda part: choose(part, folds=folds, seed=seed).model, folds, seed)
    seconds = time.perf_counter() - started
    chosen = choose(trial, folds=folds, seed=seed)
    deciles = by_decile(ours, trial.treated, trial.outcome)
    return {
        "customers": len(trial),
        "arms": trial.arms,
        **_figures(worth(ours, trial.treated, trial.outcome, seed=seed)),
        "learner": chosen.name,
        "candidates": chosen.qini,
        "seconds": round(seconds, 1),
        "deciles": [one._asdict() for one in deciles],
        "peers": {
            name: _figures(
                worth(_peer(trial, make, folds, seed), trial.treated, trial.outcome, seed=seed)
            )
            for name, make in PEERS.items()
        },
    }


PEERS: dict[str, Callable[[], Any]] = {
    "scikit-uplift, class transformation, usual settings": lambda: HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=0
    ),
    "scikit-uplift, class transformation, our trees": lambda: Trees().make(classify=True),
}


def _peer(trial: Trial, make: Callable[[], Any], folds: int, seed: int) -> np.ndarray:
    from sklift.models import ClassTransformation  # only measured against

    def fit(part: Trial) -> Any:
        model = ClassTransformation(make())
        return model.fit(part.features, part.outcome, part.treated.astype(int))

    return cross_fit(trial, fit, folds, seed)


def _figures(found: Worth) -> dict[str, float]:
    return {
        f"{name}{end}": value
        for name, figure in (("qini", found.qini), ("auuc", found.auuc))
        for end, value in zip(("", "_low", "_high"), figure, strict=True)
    }
