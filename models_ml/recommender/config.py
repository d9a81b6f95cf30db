"""What a training may be told, and what it tells while it runs."""

from collections.abc import Callable
from dataclasses import dataclass

PHASES = ("prepare", "baselines", "fit", "evaluate", "export")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one training; raises `ValueError` naming the setting that makes no sense."""

    test_days: int = 14
    validation_days: int = 14
    seed: int = 7
    threads: int = 1
    max_minutes: float = 4.0

    def __post_init__(self) -> None:
        for name in ("test_days", "validation_days", "threads", "max_minutes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands: `fraction` runs from 0 to 1 over all phases."""

    phase: str
    fraction: float
    epoch: int | None = None
    loss: float | None = None
    validation_ndcg: float | None = None


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


class TrainingStopped(Exception):
    """The caller asked to stop; what was finished lies in the output folder for the next try."""
