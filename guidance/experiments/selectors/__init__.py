"""Reads about experiments: the report, and what makes it unsound."""

from guidance.experiments.selectors.baseline import History, history_of
from guidance.experiments.selectors.chosen import current_metrics, metrics_of
from guidance.experiments.selectors.comparing import LIFT_PRIOR, Reading, Versus
from guidance.experiments.selectors.problems import Problem, Trouble
from guidance.experiments.selectors.report import (
    LATELY,
    ArmReport,
    Exclusions,
    Report,
    decisions_of,
    report,
)

__all__ = [
    "LATELY",
    "LIFT_PRIOR",
    "ArmReport",
    "Exclusions",
    "History",
    "Problem",
    "Reading",
    "Report",
    "Trouble",
    "Versus",
    "current_metrics",
    "decisions_of",
    "history_of",
    "metrics_of",
    "report",
]
