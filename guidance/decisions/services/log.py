"""Writing the decision log."""

from guidance.decisions.models import Decision


def record_decisions(decisions: list[Decision]) -> None:
    """Write one answer's decisions in one statement."""
    Decision.objects.bulk_create(decisions)
