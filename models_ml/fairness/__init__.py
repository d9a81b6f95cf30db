"""Fairness and health of lists that were shown: exposure, relevance, popularity, calibration."""
