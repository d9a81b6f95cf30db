"""Keeping the fingerprints by which copy that is nearly the same is found."""

from collections.abc import Sequence

from guidance.content.models import CopyFingerprint, Draft
from models_ml.writer.duplicates import band_keys, shingles


def remember_texts(drafts: Sequence[Draft]) -> None:
    """Store the fingerprints of the drafts' texts in place of earlier ones; two statements."""
    CopyFingerprint.objects.filter(draft__in=[draft.pk for draft in drafts]).delete()
    CopyFingerprint.objects.bulk_create(
        CopyFingerprint(draft=draft, band=band)
        for draft in drafts
        for band in band_keys(shingles(draft.text))
    )
