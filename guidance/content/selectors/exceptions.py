"""Exceptions that people signed for the very text of a draft."""

import hashlib

from guidance.content.models import Draft, SignedException
from models_ml.writer.terms import fold

# Rule and words (folded) -> who signed, when and why, as a finding keeps it.
Signed = dict[tuple[str, str], dict[str, str]]


def text_hash(text: str) -> str:
    """Return what an exception is bound to: a text that changes needs another signature."""
    return hashlib.sha256(text.encode()).hexdigest()


def signed_for(draft: Draft, text: str) -> Signed:
    """Return the exceptions signed for `text` in the place of the draft, whichever its variant.

    Those that were revoked count no more; the others outlive the draft they were signed at: the
    same text that came back to the desk has them.
    """
    place = {f"draft__{name}": value for name, value in draft.place_of_all().items()}
    rows = SignedException.objects.filter(
        **place, text_sha256=text_hash(text), revoked_at__isnull=True
    )
    return {
        (row.rule, fold(row.span_text)): {
            "by": str(row.signed_by),
            "at": row.signed_at.isoformat(),
            "why": row.justification,
        }
        for row in rows.select_related("signed_by")
    }
