"""Sets the trained model against tuned peers: the same cases, the same time split, both protocols,
everything with a bootstrap interval over customers.

In the JSON, `peers[protocol]` holds the number of `customers` and, by name in `policies`, for the
model and every peer, `ndcg@10` and `hr@10` on the test window; for a peer also its `parameters`,
its `validation_ndcg@10`, the `seconds` it took and, in `model_minus`, the paired differences in
both. Each figure is `{"mean", "low", "high"}` with a 95 % interval. A peer is tuned for each
protocol by itself, the model once for both. A protocol that counts no customer is left out.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models_ml.bench.factorisation import als, bpr
from models_ml.bench.peer import NEW_ONLY, PROTOCOLS, REPEATS_ALLOWED, Baseline, Found, Peer
from models_ml.bench.tifu_knn import tifu_knn
from models_ml.data.cleaning import clean
from models_ml.data.split import split_by_time
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import (
    Evaluation,
    PerCase,
    Score,
    evaluate,
    interval,
    paired_interval,
)
from models_ml.recommender.past import Past
from models_ml.recommender.report import MEASURED, MODEL
from models_ml.recommender.serving import load
from models_ml.recommender.stages import Window, build_window
from models_ml.recommender.tuning import names_for

Tell = Callable[[str], None]
Figures = dict[str, Any]
ByProtocol = dict[str, PerCase]


def compare_with_peers(
    directory: Path, frame: pd.DataFrame, config: TrainConfig, tell: Tell = lambda line: None
) -> dict[str, Figures]:
    """Tune every peer on the validation window of `frame` and measure it on the test window, beside
    the model in its form that was fitted before that.

    `directory` holds what was trained on `frame` with `config`. Returns what the JSON holds.
    """
    rows, _ = clean(frame, config.cleaning)
    until = config.until and pd.Timestamp(config.until)
    split = split_by_time(rows, config.test_days, config.validation_days, until)
    validation = build_window(split.fit, split.validation, split.validation_cut)
    test = build_window(split.before_test, split.test, split.test_cut)
    model = _measure_model(directory, test)
    counts = {protocol: len(cases.ndcgs) for protocol, cases in model.items()}
    result: dict[str, Figures] = {
        protocol: {
            "customers": count,
            "policies": {MODEL: _figures(model[protocol], config.seed)},
        }
        for protocol, count in counts.items()
        if count
    }
    for peer in _peers(validation.past):
        started = time.monotonic()
        found = peer.tune(validation)
        measured = _measure_peer(peer, found, test)
        seconds = time.monotonic() - started
        tell(f"{peer.name}: tuned and measured in {seconds:.0f} s")
        for protocol, part in result.items():
            part["policies"][peer.name] = {
                "parameters": found[protocol].parameters,
                "validation_ndcg@10": found[protocol].validation_ndcg,
                **_figures(measured[protocol], config.seed),
                "model_minus": _differences(model[protocol], measured[protocol], config.seed),
                "seconds": round(seconds, 1),
            }
    return result


def table(peers: dict[str, Figures]) -> str:
    """Both protocols as text, one policy a line."""
    lines = []
    for protocol, part in peers.items():
        lines += [
            f"{protocol.replace('_', ' ')}, {part['customers']} customers, 95 % intervals",
            f"{'':18}{'validation':>11}{'NDCG@10':>24}{'HR@10':>24}"
            f"{'model - it: NDCG@10':>27}{'HR@10':>27}",
        ]
        for name, one in part["policies"].items():
            line = f"{name:18}"
            line += f"{one['validation_ndcg@10']:11.4f}" if "model_minus" in one else f"{'':11}"
            line += f"{_written(one['ndcg@10']):>24}{_written(one['hr@10']):>24}"
            for difference in one.get("model_minus", {}).values():
                line += f"{_written(difference, '+'):>27}"
            lines.append(line)
    return "\n".join(lines)


def _written(figure: Figures, sign: str = "") -> str:
    mean, low, high = (f"{figure[name]:{sign}.4f}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _peers(past: Past) -> list[Peer]:
    return [*(Baseline(name) for name in names_for(past)), tifu_knn(), als(past), bpr(past)]


def _measure_model(directory: Path, test: Window) -> ByProtocol:
    """Through the very code that serves."""
    ranker, now = load(directory / MEASURED, MODEL), test.past.cut
    shares = test.past.buyer_shares()
    return _by_protocol(
        evaluate(lambda place, case: ranker.scores(case.history, now), test.cases, shares)
    )


def _measure_peer(peer: Peer, found: dict[str, Found], test: Window) -> ByProtocol:
    shares = test.past.buyer_shares()
    measured = {}
    for protocol in PROTOCOLS:
        scores = peer.score(test, found[protocol].parameters)
        measured[protocol] = _by_protocol(evaluate(_look_up(scores), test.cases, shares))[protocol]
    return measured


def _look_up(scores: np.ndarray) -> Score:
    return lambda place, case: scores[place]


def _by_protocol(result: Evaluation) -> ByProtocol:
    return {REPEATS_ALLOWED: result.repeats_cases, NEW_ONLY: result.new_cases}


def _figures(cases: PerCase, seed: int) -> Figures:
    return {
        "ndcg@10": _named(interval(cases.ndcgs, seed)),
        "hr@10": _named(interval(cases.hits, seed)),
    }


def _differences(model: PerCase, peer: PerCase, seed: int) -> Figures:
    return {
        "ndcg@10": _named(paired_interval(model.ndcgs, peer.ndcgs, seed)),
        "hr@10": _named(paired_interval(model.hits, peer.hits, seed)),
    }


def _named(figure: tuple[float, float, float]) -> Figures:
    return dict(zip(("mean", "low", "high"), figure, strict=True))
