"""How the shop's texts open."""

from django.db.models.functions import Left

from guidance.content.models import Draft
from models_ml.writer.openings import SHOWN, Openings

# Shoppers meet what is new beside what is a month old, not beside all there ever was.
MOST_TEXTS = 1_000


def openings_of(kind: str, language: str) -> Openings:
    """Return how the newest texts that wait or were approved open; one statement."""
    drafts = Draft.objects.filter(kind=kind, language=language)
    drafts = drafts.exclude(status=Draft.Status.REJECTED).order_by("-created_at", "-id")
    return Openings(drafts.values_list(Left("text", SHOWN), flat=True)[:MOST_TEXTS])
