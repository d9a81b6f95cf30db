"""Experiments' writes, and the assignment that every request asks for."""

from guidance.experiments.services.assign import Assignment, assign, surfaces_tested
from guidance.experiments.services.lifecycle import (
    ensure_replay_experiment,
    save_arms,
    save_experiment,
    start_experiment,
    stop_experiment,
)

__all__ = [
    "Assignment",
    "assign",
    "ensure_replay_experiment",
    "save_arms",
    "save_experiment",
    "start_experiment",
    "stop_experiment",
    "surfaces_tested",
]
