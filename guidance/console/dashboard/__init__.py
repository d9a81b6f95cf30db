"""The dashboard: the first page of the desk, each card for those who may see what it counts."""

from guidance.console.dashboard.page import add_dashboard

__all__ = ["add_dashboard"]
