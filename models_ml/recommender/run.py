"""One training under way: its clock, checkpoints, progress and the wish to stop."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from models_ml.recommender.checkpoints import Checkpoints
from models_ml.recommender.config import (
    OnProgress,
    Progress,
    ShouldStop,
    TrainConfig,
    TrainingStopped,
)

# Where each phase begins on the way from 0 to 1; shares of the time on Online Retail, one core.
_STARTS = {
    "prepare": 0.0,
    "baselines": 0.02,
    "warm": 0.15,
    "fit": 0.30,
    "evaluate": 0.85,
    "export": 0.93,
}
_ENDS = dict(zip(_STARTS, [*list(_STARTS.values())[1:], 1.0], strict=True))


@dataclass
class Run:
    """Passed to every step; `seconds` collects what each phase took."""

    config: TrainConfig
    checkpoints: Checkpoints
    on_progress: OnProgress
    should_stop: ShouldStop
    started: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)

    def is_over(self, needed: float = 0.0) -> bool:
        """Whether `needed` more seconds would pass the time limit."""
        return time.monotonic() + needed > self.started + self.config.max_minutes * 60

    def check(self) -> None:
        """Raises `TrainingStopped` when the caller wishes so."""
        if self.should_stop():
            raise TrainingStopped

    def tell(self, phase: str, share: float, row: dict[str, float] | None = None) -> None:
        """Report that `share` of a phase is done; `row` is the epoch's."""
        start, end = _STARTS[phase], _ENDS[phase]
        row = row or {}
        epoch = row.get("epoch")
        self.on_progress(
            Progress(
                phase,
                start + (end - start) * min(share, 1.0),
                epoch=None if epoch is None else int(epoch),
                loss=row.get("loss"),
                validation_ndcg=row.get("validation_ndcg"),
            )
        )

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.check()
        if name not in self.seconds:
            self.tell(name, 0.0)
        started = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started
