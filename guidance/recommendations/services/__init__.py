"""Answering what to show, and changing the surfaces that ask."""

from guidance.recommendations.services.answer import answer_shopper, answer_surfaces
from guidance.recommendations.services.asked import Asked, SurfaceAnswer
from guidance.recommendations.services.recommend import recommend
from guidance.recommendations.services.similar import Relation, similar_products
from guidance.recommendations.services.surfaces import save_surface

__all__ = [
    "Asked",
    "Relation",
    "SurfaceAnswer",
    "answer_shopper",
    "answer_surfaces",
    "recommend",
    "save_surface",
    "similar_products",
]
