"""The reads of content."""

from guidance.content.selectors.published import (
    LIVE_COPY,
    Copy,
    copy_about,
    copy_as_json,
    copy_by_product,
    published_copy,
)

__all__ = [
    "LIVE_COPY",
    "Copy",
    "copy_about",
    "copy_as_json",
    "copy_by_product",
    "published_copy",
]
