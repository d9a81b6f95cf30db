"""What the decision log says of a version of the recommender before anybody is shown it."""

from guidance.recommendations.offpolicy.estimate import assumptions, estimate

__all__ = ["assumptions", "estimate"]
