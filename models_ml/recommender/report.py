"""What a training says about itself: measured candidates, data, verdict; JSON beside an .npz of
per-customer values.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

REPORT = "report.json"
NDCGS = "test_ndcg.npz"
MODEL = "model"
TRANSFORMER = "transformer"
# The folder, inside a trained one, of the form that the report measured.
MEASURED = "measured"


@dataclass(frozen=True)
class DataSummary:
    """Counts of the cleaned frame; the cuts are ISO dates in UTC."""

    customers: int
    items: int
    interactions: int
    dropped: dict[str, int]
    validation_cut: str
    test_cut: str
    end: str
    test_customers: int


@dataclass(frozen=True)
class CandidateReport:
    """One policy: tuned parameters, NDCG@10 on validation, and on the test window the metrics of
    both protocols.
    """

    parameters: dict[str, Any]
    validation_ndcg: float
    repeats_allowed: dict[str, float]
    new_only: dict[str, float]


@dataclass(frozen=True)
class TrainReport:
    """`best_baseline` is the baseline with the highest NDCG@10 on the test window, the hardest
    opponent there is; the difference to it is on the same window.

    `start` tells how the network began and what each start came to (`starts.Started`).

    `ndcgs` holds NDCG@10 (repeats allowed) per candidate, aligned with `customers`; it lives in the
    .npz, not in the JSON.
    """

    data: DataSummary
    candidates: dict[str, CandidateReport]
    best_baseline: str
    model_minus_best_baseline: dict[str, float]
    epochs: list[dict[str, float]]
    seconds: dict[str, float]
    seed: int
    start: dict[str, Any]
    customers: np.ndarray = field(repr=False, compare=False)
    ndcgs: dict[str, np.ndarray] = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the per-customer arrays, ready for JSON."""
        return {
            "data": asdict(self.data),
            "candidates": {name: asdict(one) for name, one in self.candidates.items()},
            "best_baseline": self.best_baseline,
            "model_minus_best_baseline": self.model_minus_best_baseline,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "seed": self.seed,
            "start": self.start,
        }

    def save(self, directory: Path) -> None:
        arrays: dict[str, Any] = {"customers": self.customers, **self.ndcgs}
        np.savez(directory / NDCGS, **arrays)
        (directory / REPORT).write_text(json.dumps(self.as_dict(), indent=2) + "\n")

    @classmethod
    def load(cls, directory: Path) -> "TrainReport":
        content = json.loads((directory / REPORT).read_text())
        with np.load(directory / NDCGS, allow_pickle=False) as arrays:
            ndcgs = {name: arrays[name] for name in arrays.files}
        return cls(
            data=DataSummary(**content.pop("data")),
            candidates={
                name: CandidateReport(**one) for name, one in content.pop("candidates").items()
            },
            customers=ndcgs.pop("customers"),
            ndcgs=ndcgs,
            **{"start": {}, **content},
        )
