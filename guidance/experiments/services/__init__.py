"""Experiments' writes, and the assignment that every request asks for."""

from guidance.experiments.services.assign import (
    EVERYWHERE,
    HELD_OUT,
    Assignment,
    assign,
    assign_subjects,
    surfaces_tested,
)
from guidance.experiments.services.bandits import Chosen, choose_arm, open_bandit, stop_bandit
from guidance.experiments.services.counting import recount_experiment
from guidance.experiments.services.deciding import (
    confirm_decision,
    decide_experiment,
    undo_ship,
    withdraw_decision,
)
from guidance.experiments.services.defining import save_metric
from guidance.experiments.services.drafting import save_arms, save_experiment
from guidance.experiments.services.holdouts import end_holdout, start_holdout
from guidance.experiments.services.learning import settle_bandit, settle_bandits
from guidance.experiments.services.lifecycle import (
    approve_experiment,
    archive_experiment,
    reopen_experiment,
    start_experiment,
    stop_experiment,
)
from guidance.experiments.services.replaying import ensure_replay_experiment

__all__ = [
    "EVERYWHERE",
    "HELD_OUT",
    "Assignment",
    "Chosen",
    "approve_experiment",
    "archive_experiment",
    "assign",
    "assign_subjects",
    "choose_arm",
    "confirm_decision",
    "decide_experiment",
    "end_holdout",
    "ensure_replay_experiment",
    "open_bandit",
    "recount_experiment",
    "reopen_experiment",
    "save_arms",
    "save_experiment",
    "save_metric",
    "settle_bandit",
    "settle_bandits",
    "start_experiment",
    "start_holdout",
    "stop_bandit",
    "stop_experiment",
    "surfaces_tested",
    "undo_ship",
    "withdraw_decision",
]
