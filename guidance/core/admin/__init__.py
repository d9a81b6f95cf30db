"""Core's pages in the admin, and the base classes of every other page."""

from guidance.core.admin import house, jobs, people
from guidance.core.admin.base import GuidanceModelAdmin, ReadOnlyAdmin, url_back

__all__ = ["GuidanceModelAdmin", "ReadOnlyAdmin", "house", "jobs", "people", "url_back"]
