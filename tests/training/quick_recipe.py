"""A recipe that takes no time: two epochs, a file, a verdict that its parameters name."""

from pathlib import Path
from typing import Any

from guidance.core.jobs import JobContext
from guidance.core.services.jobs import cancel_job
from guidance.training.hooks import DriftMeasure, Trained
from guidance.training.models import TrainingRun
from guidance.training.progress import LiveCurve, LiveEffects
from guidance.training.services.runs import folder_of
from tests import factories

# What the shop holds and how it moved, for tests to set.
SHOP: dict[str, Any] = {"events": 1_000, "measures": []}


def count() -> int:
    return int(SHOP["events"])


def measure() -> list[DriftMeasure]:
    return list(SHOP["measures"])


def run(context: JobContext, training_run: TrainingRun) -> Trained:
    """Train as the run's `params` say: `passed`, `fail`, `die_at`, `cancel_at`,
    `warm_epochs`."""
    curve, params = LiveCurve(context, training_run), training_run.params
    curve.report("prepare", 0.0)
    folder = folder_of(training_run)
    for epoch in range(1, params.get("warm_epochs", 0) + 1):
        curve.report("warm", 0.0, epoch=epoch, loss=3.0, validation_ndcg=0.05)
    for epoch in (1, 2):
        if params.get("die_at") == epoch and context.attempts == 1:
            raise SystemExit(f"killed in epoch {epoch}")
        if params.get("cancel_at") == epoch:
            cancel_job(job=training_run.job, actor=None)
        if params.get("fail") == epoch:
            raise ValueError("the data hold no purchase")
        done = folder / f"epoch-{epoch}"
        if not done.exists():
            done.write_text(str(context.attempts))
        context.beat()
        curve.report("fit", epoch / 2, epoch=epoch, loss=1.0 / epoch, validation_ndcg=0.1 * epoch)
    (folder / "weights").write_text("good")
    passed = params.get("passed", True)
    measured = {"ndcg@10": 0.2, "hr@10": 0.4, "coverage": 0.5, "novelty": 3.0, "customers": 9}
    candidate = {
        "parameters": {"half_life": 7},
        "validation_ndcg": 0.2,
        "repeats_allowed": measured,
        "new_only": measured,
    }
    return Trained(
        folder=folder,
        report={
            "candidates": {"model": candidate, "ease": candidate},
            "best_baseline": "ease",
            "data": {
                "customers": 10,
                "items": 20,
                "interactions": 300,
                "dropped": {"no customer": 3},
                "validation_cut": "2026-01-01",
                "test_cut": "2026-01-15",
                "end": "2026-01-29",
                "test_customers": 9,
            },
            "epochs": [
                {"epoch": 1, "loss": 1.0, "validation_ndcg": 0.1},
                {"epoch": 2, "loss": 0.5, "validation_ndcg": 0.2},
            ],
            "seconds": {"fit": 0.1},
        },
        verdict={**factories.PASSED_VERDICT, "against": "ease", "passed": passed},
    )


def check(folder: Path, policy: str) -> None:
    """Raise where the file is not as it was written."""
    if (folder / "weights").read_text() != "good":
        raise ValueError("weights: not as they were written")


def search(context: JobContext, training_run: TrainingRun) -> dict[str, Any]:
    """Try as many settings as the run's `params` say; the last one is the best, of none nothing."""
    trials = [
        {
            "number": number,
            "state": "complete",
            "value": 0.1 + number / 100,
            "parameters": {"dim": 32 * (number + 1)},
            "epochs": 2,
            "seconds": 1.0,
        }
        for number in range(training_run.params["trials"])
    ]
    context.progress("trying settings", 1.0, detail={"trial": len(trials)})
    best, usual = (trials[-1], trials[0]["value"]) if trials else (None, None)
    return {"trials": trials, "best": best, "usual": usual}


def measure_steps(context: JobContext, training_run: TrainingRun) -> dict[str, Any]:
    """Find that one step in use does not help, one that is not does, and leave one unmeasured."""
    live = LiveEffects(context, training_run)
    steps = [
        _step("cleaning", "bots", True, "no_help", [-0.01, -0.02, 0.004], dropped=1_234),
        _step("cleaning", "bursts", False, "unmeasured"),
        _step("augmentation", "crop", False, "helps", [0.02, 0.01, 0.03], dropped=0),
    ]
    report = {
        "customers": 500,
        "seeds": training_run.params["seeds"],
        "ndcg@10": 0.3,
        "usual": {"cleaning": ["bots"], "augmentation": []},
        "in_use": {"cleaning": ["bots"], "augmentation": []},
        "proposed": {"cleaning": [], "augmentation": ["crop"]},
        "steps": steps,
        "together": {"mean": 0.03, "low": 0.01, "high": 0.05},
    }
    live.report(0.5, report, measured=2, variants=4, epoch=1, validation_ndcg=0.2)
    return report


def _step(
    setting: str, name: str, in_use: bool, verdict: str, found: Any = None, **more: Any
) -> dict[str, Any]:
    step = {"setting": setting, "name": name, "in_use": in_use, "verdict": verdict, **more}
    if found:
        step["difference"] = dict(zip(("mean", "low", "high"), found, strict=True))
    return step
