"""The reads of content."""

from guidance.content.selectors.published import copy_about, copy_as_json, published_copy

__all__ = ["copy_about", "copy_as_json", "published_copy"]
