"""Experiments' pages in the admin."""

from guidance.experiments.admin import experiments, holdouts

__all__ = ["experiments", "holdouts"]
