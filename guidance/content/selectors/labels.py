"""The label of published copy, by what its market was set to."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Subquery

from guidance.content.labelling import (
    STRICTNESS,
    Channel,
    Origin,
    Policy,
    Stage,
    provenance,
    usual_policy,
    visible_label,
)
from guidance.content.models import Draft, LabelPolicy, Publication


@dataclass(frozen=True)
class LabelBook:
    """Every market's policy at one revision; where a language has several, its strictest."""

    revision: int = 0
    by_market: dict[str, Policy] = field(default_factory=dict)
    by_language: dict[str, Policy] = field(default_factory=dict)

    def policy(self, language: str, market: str = "") -> Policy:
        """Return how copy in `language` is labelled for a market, or wherever it is spoken."""
        found = self.by_market.get(market) or self.by_language.get(language)
        return found or usual_policy(language)


def latest_revision() -> Subquery:
    """Return the revision of all policies, for a query that reads copy to read along."""
    return Subquery(LabelPolicy.objects.order_by("-revision").values("revision")[:1])


def label_book(revision: int | None) -> LabelBook:
    """Return the policies as of `revision`; a statement only where this process has another."""
    global _kept
    if not revision:
        return _NOTHING_SET
    if _kept.revision != revision:
        _kept = _read_book(revision)
    return _kept


def label_json(
    publication: Publication,
    *,
    book: LabelBook,
    taken_over_at: datetime | None,
    channel: Channel = Channel.PAGE,
    market: str = "",
) -> dict[str, Any]:
    """Return a publication's label: for shoppers in words, for machines as JSON-LD.

    A push is labelled as one, wherever `channel` says that copy is shown, and copy that is written
    for a market as that market asks.
    """
    channel = _shown_on(publication, channel)
    policy = book.policy(publication.language, publication.market or market)
    origin = Origin(
        publication_id=publication.pk,
        writer=publication.writer,
        language=publication.language,
        version=publication.number,
        is_edited=publication.is_edited,
        published_at=publication.published_at,
        taken_over_at=taken_over_at,
    )
    shown = visible_label(policy, channel, origin.stage, publication.language)
    return {
        "origin": "machine_edited" if publication.is_edited else "machine",
        "writer": publication.writer,
        "reviewed": True,
        "notice": shown.notice,
        "visible": shown.visible,
        "channel": channel.value,
        "taken_over": taken_over_at is not None,
        "provenance": provenance(origin, policy),
    }


def notice_of(draft: Draft) -> str:
    """Return the words that a draft's text would be shown with where it goes, in its language."""
    revision = LabelPolicy.objects.order_by("-revision").values_list("revision", flat=True).first()
    stage = Stage.EDITED if draft.edited_by_id else Stage.MACHINE
    policy = label_book(revision).policy(draft.language, draft.market)
    channel = _shown_on(draft, Channel.PAGE)
    return visible_label(policy, channel, stage, draft.language).notice


def _shown_on(text: Draft | Publication, channel: Channel) -> Channel:
    return Channel.PUSH if text.channel else channel


def _read_book(revision: int) -> LabelBook:
    rows = sorted(
        LabelPolicy.objects.select_related("market"),
        key=lambda row: STRICTNESS.index(row.as_policy().jurisdiction),
        reverse=True,
    )
    return LabelBook(
        revision=revision,
        by_market={row.market.key: row.as_policy() for row in rows},
        by_language={row.market.language: row.as_policy() for row in rows},
    )


_NOTHING_SET = LabelBook()
_kept = _NOTHING_SET
