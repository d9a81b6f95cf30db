"""Background tasks of content."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict

from guidance.content.services import reexamination, staleness


def examine_again(draft_ids: Sequence[str]) -> int:
    """Run the checks of these waiting drafts against today's facts."""
    return staleness.examine_again(draft_ids=[uuid.UUID(draft_id) for draft_id in draft_ids])


def examine_by_rules(pack: str) -> dict[str, int]:
    """Examine live and waiting copy by the rules of a pack that was just activated."""
    return asdict(reexamination.examine_by_rules(pack=pack))
