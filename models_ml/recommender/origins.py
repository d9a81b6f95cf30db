"""Rolling-origin evaluation: the same recipe at several cuts in time, each measured on the window
after it (Tashman, International Journal of Forecasting, 2000).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models_ml.data.cleaning import NotEnoughData, clean
from models_ml.data.columns import KIND, PURCHASE, TIME
from models_ml.data.content import ItemFacts
from models_ml.recommender.config import SCRATCH, OnProgress, Progress, ShouldStop, TrainConfig
from models_ml.recommender.report import MODEL, REPORT, TrainReport
from models_ml.recommender.train import train

FOLDER = "origins"


@dataclass(frozen=True)
class Spread:
    """One figure over the origins; the deviation is that of a sample, zero for a single origin."""

    mean: float
    deviation: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return cls(float(np.mean(values)), deviation, min(values), max(values))


def cross_validate(
    frame: pd.DataFrame,
    *,
    origins: int,
    out_dir: Path,
    config: TrainConfig,
    items: Sequence[ItemFacts] = (),
    latest: TrainReport | None = None,
    on_progress: OnProgress = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
) -> dict[str, Any]:
    """Train and measure at `origins` ends of the data, one test window apart, the latest last.

    With `latest`, the report of a training up to the end of the data, that end is not measured
    again: it comes last, after `origins` earlier ones.

    Each origin tunes on its own validation window and is measured on its own test window, so that
    no window is used twice for the same thing. JSON: `origins`, one `{end, test_cut, customers,
    test_ndcg@10, difference}` each, and over them `candidates` and `difference` (model less best
    baseline), each with `mean`, `deviation`, `low` and `high`.

    Run again with the same `out_dir`, finished origins are taken as they are. An early origin with
    too little data is left out and named in `left_out`; raises `NotEnoughData` where none is left,
    `TrainingStopped` when stopped.
    """
    rows, _ = clean(frame, config.cleaning)
    end = _end(rows, config)
    last = origins - 1 if latest is None else origins
    done: list[dict[str, Any]] = []
    left_out: list[str] = []
    for place in range(origins):
        until = end - pd.Timedelta(days=(last - place) * config.test_days)
        told = _scaled(on_progress, place, origins)
        try:
            report = _measure(frame, items, until, out_dir, config, told, should_stop)
        except NotEnoughData as problem:
            left_out.append(f"{until:%Y-%m-%d}: {problem}")
            continue
        done.append(_origin(report))
    if latest is not None:
        done.append(_origin(latest))
    if not done:
        raise NotEnoughData(f"no origin can be measured; {left_out[-1]}")
    return {"origins": done, "left_out": left_out, **_over(done)}


def _end(rows: pd.DataFrame, config: TrainConfig) -> pd.Timestamp:
    if config.until:
        return pd.Timestamp(config.until)
    purchases = rows.loc[rows[KIND] == PURCHASE, TIME]
    if purchases.empty:
        raise NotEnoughData("the interactions hold no purchase by a known customer")
    return purchases.max()


def _measure(
    frame: pd.DataFrame,
    items: Sequence[ItemFacts],
    until: pd.Timestamp,
    out_dir: Path,
    config: TrainConfig,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> TrainReport:
    of_origin = replace(config, until=until.to_pydatetime(), start=SCRATCH)
    settings = json.dumps(of_origin.as_dict(), sort_keys=True).encode()
    digest = hashlib.sha256(settings).hexdigest()[:8]
    folder = out_dir / FOLDER / f"{until:%Y-%m-%d}-{digest}"
    if (folder / REPORT).exists():
        return TrainReport.load(folder)
    return train(
        frame[pd.to_datetime(frame[TIME], utc=True) <= until],
        out_dir=folder,
        config=of_origin,
        items=items,
        measure_only=True,
        on_progress=on_progress,
        should_stop=should_stop,
    )


def _scaled(on_progress: OnProgress, place: int, origins: int) -> OnProgress:
    """Tells of the origin's progress as its share of the whole."""

    def tell(progress: Progress) -> None:
        on_progress(replace(progress, fraction=(place + progress.fraction) / origins))

    return tell


def _origin(report: TrainReport) -> dict[str, Any]:
    figures = {name: one.repeats_allowed["ndcg@10"] for name, one in report.candidates.items()}
    return {
        "end": report.data.end,
        "test_cut": report.data.test_cut,
        "customers": report.data.test_customers,
        "test_ndcg@10": figures,
        "best_baseline": report.best_baseline,
        "difference": figures[MODEL] - figures[report.best_baseline],
    }


def _over(done: list[dict[str, Any]]) -> dict[str, Any]:
    """Candidates that every origin has."""
    figures = [one["test_ndcg@10"] for one in done]
    names = [name for name in figures[-1] if all(name in one for one in figures)]
    return {
        "candidates": {name: vars(Spread.of([one[name] for one in figures])) for name in names},
        "difference": vars(Spread.of([one["difference"] for one in done])),
    }
