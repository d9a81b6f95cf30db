"""Training's pages in the admin: runs, versions, and retraining by itself."""

from guidance.training.admin import retraining, runs, versions

__all__ = ["retraining", "runs", "versions"]
