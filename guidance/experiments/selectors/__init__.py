"""Reads about experiments: the report, and what makes it unsound."""

from guidance.experiments.metrics import METRICS
from guidance.experiments.selectors.problems import Problem, Trouble
from guidance.experiments.selectors.report import (
    ArmReport,
    Exclusions,
    Report,
    Unit,
    Versus,
    decisions_of,
    report,
)

__all__ = [
    "METRICS",
    "ArmReport",
    "Exclusions",
    "Problem",
    "Report",
    "Trouble",
    "Unit",
    "Versus",
    "decisions_of",
    "report",
]
