"""Experiments' writes, and the assignment that every request asks for."""

from guidance.experiments.services.assign import Assignment, assign

__all__ = ["Assignment", "assign"]
