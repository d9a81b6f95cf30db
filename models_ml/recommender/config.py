"""What a training may be told, and what it tells while it runs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from models_ml.data.augmentation import AUGMENTATIONS
from models_ml.data.cleaning import DEFAULT_STEPS, STEPS

_MAY_BE_ZERO = ("seed", "dropout", "id_dropout")
PHASES = ("prepare", "baselines", "warm", "fit", "evaluate", "export")
SCRATCH, WARM, BOTH = STARTS = ("scratch", "warm", "both")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one training; raises `ValueError` naming the setting that makes no sense.

    `until` ends the data (by default its last purchase does). `start` says whether the network
    begins from scratch, from the version before (warm) or is fitted both ways, the better one used.
    After `max_minutes` no further epoch is begun, and one under way is cut short. `id_dropout` is
    the share of items that a batch knows by their content alone; it counts only where items tell of
    themselves. The sizes of the network and the learning rate were chosen on the validation windows
    of Online Retail and of the generated shop. `cleaning` names the steps of
    `models_ml.data.cleaning` to take, `augmentation` those of `models_ml.data.augmentation`.
    """

    test_days: int = 14
    validation_days: int = 14
    until: datetime | None = None
    seed: int = 7
    threads: int = 1
    max_minutes: float = 4.0
    dim: int = 64
    layers: int = 2
    heads: int = 2
    dropout: float = 0.4
    id_dropout: float = 0.15
    max_length: int = 96
    epochs: int = 4
    patience: int = 2
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    full_softmax_items: int = 20_000
    negatives: int = 4_096
    cleaning: tuple[str, ...] = DEFAULT_STEPS
    augmentation: tuple[str, ...] = ()
    start: str = BOTH

    def __post_init__(self) -> None:
        for name, value in self.as_dict().items():
            if isinstance(value, int | float) and value <= 0 and name not in _MAY_BE_ZERO:
                raise ValueError(f"{name} must be above zero, got {value}")
        for name in ("dropout", "id_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
        if self.start not in STARTS:
            raise ValueError(f"start must be one of {', '.join(STARTS)}, got {self.start!r}")
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        for name, known in (("cleaning", STEPS), ("augmentation", AUGMENTATIONS)):
            # JSON knows no tuples.
            object.__setattr__(self, name, tuple(getattr(self, name)))
            unknown = set(getattr(self, name)) - set(known)
            if unknown:
                raise ValueError(f"{name} holds {sorted(unknown)}; known are {', '.join(known)}")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            **asdict(self),
            "until": self.until and self.until.isoformat(),
            "cleaning": list(self.cleaning),
            "augmentation": list(self.augmentation),
        }


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
