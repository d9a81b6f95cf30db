"""Core's pages in the admin, and the base classes of every other page."""

from guidance.core.admin import house, jobs, keys, people
from guidance.core.admin.base import (
    GuidanceModelAdmin,
    ReadOnlyAdmin,
    acting_person,
    admin_page,
    url_back,
)

__all__ = [
    "GuidanceModelAdmin",
    "ReadOnlyAdmin",
    "acting_person",
    "admin_page",
    "house",
    "jobs",
    "keys",
    "people",
    "url_back",
]
