"""The rows of experiments."""

from guidance.experiments.models.experiments import TRANSITIONS, Arm, Experiment
from guidance.experiments.models.holdouts import Holdout

__all__ = ["TRANSITIONS", "Arm", "Experiment", "Holdout"]
