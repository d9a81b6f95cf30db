"""Answers whose decision could not be written: counted where the database plays no part.

A file a day under `var/unlogged`, one byte an answer: appending is atomic between processes, and
it works while the database does not. Each machine counts its own.
"""

import logging
from datetime import UTC, date, datetime
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)


def count_unlogged(answers: int = 1) -> None:
    """Count answers that went out with `decision_id: null`."""
    path = _folder() / datetime.now(UTC).date().isoformat()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b"." * answers)
    except OSError:
        logger.exception("An unlogged answer could not even be counted")


def unlogged_by_day() -> dict[date, int]:
    """Return how many answers have no decision, by day (UTC); other days are not there."""
    if not _folder().is_dir():
        return {}
    return {
        date.fromisoformat(path.name): path.stat().st_size for path in sorted(_folder().iterdir())
    }


def unlogged_total() -> int:
    """Return how many answers of all time have no decision."""
    return sum(unlogged_by_day().values())


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "unlogged"
