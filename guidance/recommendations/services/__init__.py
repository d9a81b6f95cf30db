"""Answering what to show."""

from guidance.recommendations.services.recommend import recommend

__all__ = ["recommend"]
