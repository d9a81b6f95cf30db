"""The background task of health."""

from guidance.recommendations.health import jobs


def refresh_health() -> bool:
    """Ask for the watched report where the last one is too old."""
    return jobs.refresh_health()
