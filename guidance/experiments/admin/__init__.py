"""Experiments' pages in the admin."""

from guidance.experiments.admin import experiments, holdouts, metrics

__all__ = ["experiments", "holdouts", "metrics"]
