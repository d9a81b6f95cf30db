"""What speaks for training the recommender again: how much there is to learn from, how far what
comes in moved since the last training, and how much of its quality the served version lost.
"""

from guidance.behaviour.selectors import count_interactions
from guidance.recommendations.drift.inputs import input_drift
from guidance.recommendations.drift.quality import quality_loss
from guidance.training.hooks import DriftMeasure


def measure() -> list[DriftMeasure]:
    """Return every comparison that the data allow now; seconds, for a worker."""
    return [*input_drift(), *quality_loss()]


__all__ = ["count_interactions", "input_drift", "measure", "quality_loss"]
