"""Copy of other products that says nearly the same."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db.models import Q

from guidance.content.models import PLACE, CopyFingerprint, Draft, PublishedCopy
from models_ml.writer.duplicates import DuplicateIndex, Neighbour, band_keys, shingles

# A shop whose variants all share one text needs no more of them to know it.
MOST_COMPARED = 1_000
# Bands per statement: SQLite takes 32,766 variables, PostgreSQL 65,535.
MOST_BANDS = 8_000


class ShopTexts:
    """The shop's copy in one language that may be like some texts: those stored, and those added.

    `texts` are by product: what waits or is live and shares a band with any of them is read at
    once, a statement for each thousand texts.
    """

    def __init__(self, language: str, texts: Mapping[int, str]) -> None:
        self._index = DuplicateIndex()
        self._titles: dict[object, str] = {}
        self._own: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
        bands = list({band for text in texts.values() for band in band_keys(shingles(text))})
        for start in range(0, len(bands), MOST_BANDS):
            for draft in _sharing(bands[start : start + MOST_BANDS], language):
                self.add(draft)

    def add(self, draft: Draft) -> None:
        """Let texts be compared with a draft's, stored or not."""
        key = draft.place_key()
        self._index.add(key, draft.text)
        self._titles[key] = draft.product.title_in(draft.language)
        self._own[draft.product_id].add(key)

    def neighbours(self, product_id: int) -> Callable[[str], Neighbour | None]:
        """Return the look-up of the text of another product that is most like one of this."""
        return partial(self._nearest, product_id)

    def _nearest(self, product_id: int, text: str) -> Neighbour | None:
        found = self._index.nearest(text, besides=self._own[product_id])
        return found and Neighbour(found.key, found.likeness, self._titles[found.key])


def _sharing(bands: list[int], language: str) -> list[Draft]:
    """Return drafts with a fingerprint among `bands` that wait or whose text is live."""
    counts = Q(status=Draft.Status.WAITING) | Q(
        publication__current__status=PublishedCopy.Status.LIVE
    )
    alike = CopyFingerprint.objects.filter(band__in=bands).values("draft_id")
    drafts = Draft.objects.filter(counts, pk__in=alike, language=language)
    fields = (*PLACE, "text", "product__title", "product__titles")
    return list(drafts.select_related("product").only(*fields)[:MOST_COMPARED])
