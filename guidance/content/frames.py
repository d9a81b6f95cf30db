"""What a writer learns from: the texts that people decided, with nothing of who decided them."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from guidance.content.models import Draft, Kind
from models_ml.writer.facts import Fact
from models_ml.writer.preference.data import Decided
from models_ml.writer.preference.measure import LEAST_PRODUCTS

# A training of so many takes some four minutes on one core; older decisions speak of older styles.
MOST_TEXTS = 5_000
# Why a draft is rejected although nothing is wrong with its wording; as the desk stores it.
NOT_FOR_ITS_WORDING = ("A fact is wrong", "No copy wanted for this product")


@dataclass(frozen=True)
class DecidedTexts:
    """A version of the data set: its rows, oldest first, and what tells it from any other."""

    rows: tuple[Decided, ...]
    newest: datetime | None
    digest: str

    @property
    def version(self) -> str:
        """The count, the newest decision in UTC and a hash of all there is, as one name."""
        when = self.newest.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") if self.newest else "-"
        return f"{len(self.rows)}-{when}-{self.digest[:12]}"


def decided_texts() -> DecidedTexts:
    """Return the newest MOST_TEXTS texts that people decided for their wording; one statement."""
    drafts = list(
        _decided()
        .select_related("product")
        .only(
            *("kind", "language", "text", "facts", "sentences", "status", "decided_at"),
            *("product__sku", "product__title", "product__titles"),
        )
        .order_by("-decided_at", "-id")[:MOST_TEXTS]
    )[::-1]
    rows = tuple(_row(draft) for draft in drafts)
    return DecidedTexts(
        rows=rows,
        newest=max((draft.decided_at for draft in drafts if draft.decided_at), default=None),
        digest=_digest(rows),
    )


def count_decided() -> int:
    """Return how many texts there are to learn from; one statement."""
    return _decided().count()


def count_decided_products() -> int:
    """Return of how many products texts were decided; one statement."""
    return _decided().values("product_id").distinct().count()


def has_enough() -> bool:
    """Tell whether enough products are decided for a taste to pass the gate."""
    return count_decided_products() >= LEAST_PRODUCTS


def _decided() -> QuerySet[Draft]:
    """Decided texts that were ordered as usual.

    How a message, a text for some readers or one that had to differ is worded hangs on its order,
    which no row here has.
    """
    usual = Draft.objects.decided().exclude(kind=Kind.PUSH)
    usual = usual.filter(market="", segment="", stress="", variant="")
    return usual.exclude(status=Draft.Status.REJECTED, reason__in=NOT_FOR_ITS_WORDING)


def _is_approved(draft: Draft) -> bool:
    return draft.status == Draft.Status.APPROVED


def _row(draft: Draft) -> Decided:
    return Decided(
        product=draft.product.sku,
        kind=draft.kind,
        language=draft.language,
        title=draft.product.title_in(draft.language),
        facts=tuple(_fact(one) for one in draft.facts),
        written=draft.as_written(),
        published=draft.text if _is_approved(draft) else None,
    )


def _fact(stored: dict[str, Any]) -> Fact:
    return Fact(stored["key"], stored["value"], stored["unit"], stored["language"])


def _digest(rows: tuple[Decided, ...]) -> str:
    said = json.dumps([asdict(row) for row in rows], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
