"""What a training, a search or a measurement tells its page while it runs."""

from typing import Any

from guidance.core.jobs import JobContext
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun


class LiveCurve:
    """Keeps a curve point per measured epoch in the run's row; a resumed run goes on with it.

    It shows the network being fitted now: where a second one starts, its curve starts anew.
    """

    def __init__(self, context: JobContext, run: TrainingRun) -> None:
        self._context = context
        self._run = run
        self._phase = ""
        self._points: dict[int, dict[str, Any]] = {
            point["epoch"]: point for point in run.report.get("epochs", [])
        }

    def report(
        self,
        phase: str,
        fraction: float,
        *,
        epoch: int | None = None,
        loss: float | None = None,
        validation_ndcg: float | None = None,
    ) -> None:
        """Show progress; a new phase goes into the log, a measured epoch into the curve as well.

        `phase` is a key of `labels.PHASES`. Raises JobCancelled or LeaseLost where the work must
        not go on.
        """
        figures = {"epoch": epoch, "loss": loss, "NDCG@10": validation_ndcg}
        detail = {name: value for name, value in figures.items() if value is not None}
        point = {"epoch": epoch, "loss": loss, "validation_ndcg": validation_ndcg, "phase": phase}
        is_news = validation_ndcg is not None and self._points.get(epoch or 0) != point
        name = PHASES.get(phase, phase)
        if phase != self._phase:
            self._phase = phase
            self._context.progress(name, fraction, line=name)
        line = _line(point) if is_news else ""
        self._context.progress(name, fraction, detail=detail, line=line)
        if is_news:
            if any(one.get("phase", phase) != phase for one in self._points.values()):
                self._points.clear()
            self._points[epoch or 0] = {**point, "epoch": epoch or 0}
            self._keep()

    def _keep(self) -> None:
        points = [self._points[epoch] for epoch in sorted(self._points)]
        TrainingRun.objects.filter(pk=self._run.pk).update(report={"epochs": points})


class LiveSearch:
    """Keeps the finished trials in the run's row, and shows the one under way."""

    def __init__(self, context: JobContext, run: TrainingRun) -> None:
        self._context = context
        self._run = run
        self._kept = len(run.report.get("trials", []))

    def report(
        self,
        fraction: float,
        report: dict[str, Any],
        *,
        epoch: int | None = None,
        validation_ndcg: float | None = None,
    ) -> None:
        """Show progress; a finished trial goes into the log and the curve as well, the epoch is
        that of the trial under way. `report` is the search's so far.

        Raises JobCancelled or LeaseLost where the work must not go on.
        """
        trials, best = report["trials"], report["best"]
        figures = {
            "trial": len(trials) + (epoch is not None),
            "trials in all": self._run.params["trials"],
            "epoch": epoch,
            "NDCG@10": validation_ndcg,
            "best so far": best["value"] if best else None,
        }
        detail = {name: value for name, value in figures.items() if value is not None}
        news = trials[self._kept :]
        if news:
            self._kept = len(trials)
            self._keep(report)
        lines = "\n".join(_trial_line(trial) for trial in news)
        self._context.progress(PHASES["search"], fraction, detail=detail, line=lines)

    def _keep(self, report: dict[str, Any]) -> None:
        TrainingRun.objects.filter(pk=self._run.pk).update(report=report)


class LiveEffects:
    """Keeps what was measured so far in the run's row, and shows the training under way."""

    def __init__(self, context: JobContext, run: TrainingRun) -> None:
        self._context = context
        self._run = run
        self._kept = 0

    def report(
        self,
        fraction: float,
        report: dict[str, Any],
        *,
        measured: int,
        variants: int,
        epoch: int | None = None,
        validation_ndcg: float | None = None,
    ) -> None:
        """Show progress; what another variant came to goes into the run's report.

        Raises JobCancelled or LeaseLost where the work must not go on.
        """
        figures = {
            "variant": min(measured + 1, variants),
            "variants in all": variants,
            "epoch": epoch,
            "NDCG@10": validation_ndcg,
        }
        detail = {name: value for name, value in figures.items() if value is not None}
        if report and measured > self._kept:
            self._kept = measured
            TrainingRun.objects.filter(pk=self._run.pk).update(report=report)
        self._context.progress(PHASES["effects"], fraction, detail=detail)


def _line(point: dict[str, Any]) -> str:
    line = f"epoch {point['epoch']}: validation NDCG@10 {point['validation_ndcg']:.4f}"
    return line if point["loss"] is None else f"{line}, loss {point['loss']:.4f}"


def _trial_line(trial: dict[str, Any]) -> str:
    return (
        f"trial {trial['number']} ({trial['state']}): validation NDCG@10 {trial['value']:.4f} "
        f"after {trial['epochs']} epochs"
    )
