"""Background tasks of content."""

import uuid
from collections.abc import Sequence

from guidance.content.services import staleness


def examine_again(draft_ids: Sequence[str]) -> int:
    """Run the checks of these waiting drafts against today's facts."""
    return staleness.examine_again(draft_ids=[uuid.UUID(draft_id) for draft_id in draft_ids])
