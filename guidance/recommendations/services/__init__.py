"""Answering what to show."""

from guidance.recommendations.services.answer import answer_surfaces
from guidance.recommendations.services.asked import Asked, SurfaceAnswer
from guidance.recommendations.services.recommend import recommend
from guidance.recommendations.services.similar import similar_products

__all__ = ["Asked", "SurfaceAnswer", "answer_surfaces", "recommend", "similar_products"]
