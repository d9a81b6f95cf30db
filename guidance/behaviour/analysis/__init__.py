"""Behaviour analysis: funnels, paths, cohorts, segments and searches, and the shoppers behind."""
