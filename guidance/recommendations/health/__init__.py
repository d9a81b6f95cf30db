"""Fairness and health of recommendations: reports of the decision log, thresholds and alerts."""
