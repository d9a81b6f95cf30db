"""The reads of content."""

from guidance.content.selectors.published import published_copy

__all__ = ["published_copy"]
