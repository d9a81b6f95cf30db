"""The rows of experiments."""

from guidance.experiments.models.bandits import Bandit
from guidance.experiments.models.experiments import TRANSITIONS, Arm, Experiment
from guidance.experiments.models.holdouts import Holdout
from guidance.experiments.models.metrics import Metric
from guidance.experiments.models.sums import (
    ArmDay,
    LeftOut,
    MetricBucket,
    MetricDay,
    Recount,
    Unit,
    UnitTime,
    UnitValue,
    ZoneDay,
)

__all__ = [
    "TRANSITIONS",
    "Arm",
    "ArmDay",
    "Bandit",
    "Experiment",
    "Holdout",
    "LeftOut",
    "Metric",
    "MetricBucket",
    "MetricDay",
    "Recount",
    "Unit",
    "UnitTime",
    "UnitValue",
    "ZoneDay",
]
