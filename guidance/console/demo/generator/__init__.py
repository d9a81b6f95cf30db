"""A seeded shop with latent tastes, as import files, and the best possible ranking for it."""

from .shop import Summary, generate

__all__ = ["Summary", "generate"]
