"""Background tasks of behaviour."""

from guidance.behaviour.services.rollups import advance_rollups
from guidance.behaviour.services.scripts import exclude_scripts


def roll_up() -> int:
    """Recount the days that received events."""
    return advance_rollups()


def leave_out_scripts() -> int:
    """Leave shoppers out of figures who behave as no person does."""
    return exclude_scripts()
