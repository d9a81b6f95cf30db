"""Reads of what is published."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from guidance.content.labelling import Channel
from guidance.content.models import (
    MAIN,
    PLACE,
    CopyBandit,
    Kind,
    Publication,
    PublishedCopy,
)
from guidance.content.selectors.labels import label_book, label_json, latest_revision
from guidance.core.compiled import AnyOf, CompiledQuery, Parameter, as_object

# What is read for itself; by the alphabet the fullest comes first.
ABOUT_PRODUCTS = (Kind.DESCRIPTION, Kind.GUIDE, Kind.SHORT_DESCRIPTION)
FOR_EVERYONE = {"channel": "", "market": "", "segment": "", "variant": MAIN}
# A product's copy by kind.
Copy = dict[str, Any]
# What `copy_as_json` reads of a publication; every storefront's answer reads some.
COPY_FIELDS = (
    *("id", "text", "number", "published_at", "is_edited", "writer"),
    *("language", "channel", "market", "segment", "variant"),
)


class LiveText(NamedTuple):
    """A row of `LIVE_COPY` or `LIVE_TEXTS`: a live text and what its label depends on."""

    copy_id: int
    product_id: int
    kind: str
    id: UUID
    text: str
    number: int
    published_at: datetime
    is_edited: bool
    writer: str
    language: str
    channel: str
    market: str
    segment: str
    variant: str
    taken_over_at: datetime | None
    revision: Any

    def place_of_all(self) -> tuple[Any, ...]:
        """Return what tells its place from others; a main text and its variants share it."""
        return self.product_id, self.kind, self.channel, self.market, self.segment

    def as_publication(self) -> Publication:
        return as_object(Publication, COPY_FIELDS, self[3:-2])


def published_copy(
    product_ids: Collection[int],
    language: str,
    *,
    channel: Channel = Channel.PAGE,
    market: str = "",
    segment: str = "",
) -> dict[int, Copy]:
    """Return, for each product that has any, its live copy in `language` by kind.

    `{product_id: {"description": {"text", "version", "label"}}}`, labelled for a channel and, where
    one is named, a market; pushes stand under "push" by the channel they go to. Of texts for
    several audiences it is the one written most closely for this market and segment: for both, for
    the market, for the segment, for everyone; variants are left out. One query.
    """
    rows = LIVE_TEXTS.rows(products=product_ids, language=language)
    return copy_by_product(rows, channel=channel, market=market, segment=segment)


def copy_by_product(
    rows: Sequence[Sequence[Any]],
    *,
    channel: Channel = Channel.PAGE,
    market: str = "",
    segment: str = "",
) -> dict[int, Copy]:
    """Return what rows of `LIVE_COPY` or `LIVE_TEXTS` tell, as `published_copy` does."""
    return copy_of_texts(closest_texts(rows, market, segment), channel=channel, market=market)


def closest_texts(
    rows: Sequence[Sequence[Any]], market: str = "", segment: str = ""
) -> list[LiveText]:
    """Return, of each product, kind and channel, the main text closest to an audience."""
    best: dict[tuple[Any, ...], tuple[int, LiveText]] = {}
    for row in map(LiveText._make, rows):
        if row.variant or row.market not in ("", market) or row.segment not in ("", segment):
            continue
        closeness = 2 * bool(row.market) + bool(row.segment)
        place = row.product_id, row.kind, row.channel
        if closeness >= best.get(place, (0, row))[0]:
            best[place] = closeness, row
    return [row for _closeness, row in best.values()]


def copy_of_texts(
    texts: Iterable[LiveText], *, channel: Channel = Channel.PAGE, market: str = ""
) -> dict[int, Copy]:
    """Return texts as storefronts get them, by product, kind and, of pushes, channel."""
    found: dict[int, Copy] = {}
    for text in texts:
        publication = text.as_publication()
        label = label_json(
            publication,
            book=label_book(text.revision),
            taken_over_at=text.taken_over_at,
            channel=channel,
            market=market,
        )
        own, name = found.setdefault(text.product_id, {}), text.kind
        if text.channel:
            own, name = own.setdefault(text.kind, {}), text.channel
        own[name] = _copy_json(publication, label)
    return found


def copy_about(skus: Collection[str], language: str) -> list[PublishedCopy]:
    """Return the live copy in `language` about these products with product and publication.

    Hidden and sold-out products are left out; a product's descriptions come before its short ones.
    One statement, none for no products.
    """
    if not skus:
        return []
    rows = _current().filter(status=PublishedCopy.Status.LIVE)
    rows = rows.filter(product__sku__in=skus, language=language)
    shown = Q(product__stock__isnull=True) | Q(product__stock__gt=0)
    rows = rows.filter(shown, product__is_hidden=False, kind__in=ABOUT_PRODUCTS, **FOR_EVERYONE)
    return list(rows.order_by("kind", "product_id"))


def changed_copy(
    *, since: datetime | None, after: tuple[datetime, int] | None, language: str, limit: int
) -> list[PublishedCopy]:
    """Return what changed since a time (inclusive), oldest first, beyond the row `after` names."""
    rows = _current()
    if since is not None:
        rows = rows.filter(changed_at__gte=since)
    if after is not None:
        time, row_id = after
        rows = rows.filter(Q(changed_at__gt=time) | Q(changed_at=time, id__gt=row_id))
    if language:
        rows = rows.filter(language=language)
    return list(rows.order_by("changed_at", "id")[:limit])


def copy_as_json(
    row: PublishedCopy, *, channel: Channel = Channel.PAGE, market: str = ""
) -> dict[str, Any]:
    """Return copy as storefronts get it, with a label that says who wrote it.

    `row` comes from a query of this module, which reads take-overs and labels along.
    """
    publication: Any = row.publication
    takeover = getattr(publication, "takeover", None)
    label = label_json(
        publication,
        book=label_book(getattr(row, "label_revision", None)),
        taken_over_at=takeover.at if takeover else None,
        channel=channel,
        market=market,
    )
    return _copy_json(publication, label)


def change_as_json(
    row: PublishedCopy, *, channel: Channel = Channel.PAGE, market: str = ""
) -> dict[str, Any]:
    """Return one change; copy that is not live any more comes without its text."""
    is_live = row.status == PublishedCopy.Status.LIVE
    return {
        "sku": row.product.sku,
        "kind": row.kind,
        "language": row.language,
        "channel": row.channel,
        "market": row.market,
        "segment": row.segment,
        "variant": row.variant,
        "status": row.status,
        "changed_at": row.changed_at.isoformat(),
        "copy": copy_as_json(row, channel=channel, market=market) if is_live else None,
    }


def etag(body: dict[str, Any]) -> str:
    """Return a strong entity tag over what an answer says."""
    said = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def all_live() -> QuerySet[PublishedCopy]:
    """Return every live copy with product, publication and label, by product and place."""
    return _current().filter(status=PublishedCopy.Status.LIVE).order_by("product__sku", *PLACE[1:])


def _copy_json(publication: Publication, label: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": publication.text,
        "market": publication.market,
        "segment": publication.segment,
        "variant": publication.variant,
        "version": publication.number,
        "published_at": publication.published_at.isoformat(),
        "label": label,
    }


def _current() -> QuerySet[PublishedCopy]:
    rows = PublishedCopy.objects.select_related("publication__takeover", "product")
    return rows.annotate(label_revision=latest_revision())


def _live_texts(*beside: Subquery) -> QuerySet[PublishedCopy, Any]:
    return (
        PublishedCopy.objects.filter(
            AnyOf(F("product_id"), "products"),
            status=PublishedCopy.Status.LIVE,
            language=Parameter("language"),
        )
        .order_by()
        .values_list(
            *("pk", "product_id", "kind"),
            *(f"publication__{name}" for name in COPY_FIELDS),
            "publication__takeover__at",
            latest_revision(),
            *beside,
        )
    )


def _live_texts_on() -> QuerySet[PublishedCopy, Any]:
    running = CopyBandit.objects.filter(
        main=OuterRef("pk"), surface=Parameter("surface"), status=CopyBandit.Status.RUNNING
    )
    return _live_texts(
        *(Subquery(running.values(name)[:1]) for name in ("key", "state", "features"))
    )


# Everything that is live, and what of it every shopper may read beside a product.
LIVE_TEXTS = CompiledQuery(_live_texts)
LIVE_COPY = CompiledQuery(lambda: _live_texts().filter(**FOR_EVERYONE))
# And with each main text, the bandit that runs on a surface and what it has learned, if any: no
# statement more, where no bandit runs nor where one does.
LIVE_TEXTS_ON = CompiledQuery(_live_texts_on)
