"""Background tasks of behaviour."""

from guidance.behaviour.services.rollups import advance_rollups


def roll_up() -> int:
    """Recount the days that received events."""
    return advance_rollups()
