"""A surface's slate from candidates and rules: numpy alone, no database and no clock."""

from guidance.recommendations.slate.builder import build_slate, chances_below
from guidance.recommendations.slate.pool import Pool
from guidance.recommendations.slate.types import Explorer, Place, Slate, SlateRule, Why

__all__ = ["Explorer", "Place", "Pool", "Slate", "SlateRule", "Why", "build_slate", "chances_below"]
