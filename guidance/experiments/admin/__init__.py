"""Experiments' pages in the admin."""

from guidance.experiments.admin import bandits, experiments, holdouts, metrics

__all__ = ["bandits", "experiments", "holdouts", "metrics"]
