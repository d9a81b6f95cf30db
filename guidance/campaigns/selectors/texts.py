"""The review desk's texts that campaigns may use: published, live, and fitting their channel."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from guidance.campaigns.channels import channels
from guidance.campaigns.models import CampaignMessage
from guidance.content.models import Kind, MessageChannel, Publication, PublishedCopy

_CAMPAIGN = Q(kind=Kind.CAMPAIGN)
SUBJECT = Q(kind=Kind.PUSH, channel=MessageChannel.EMAIL_SUBJECT)
# Whatever may be said over any channel.
BODY = _CAMPAIGN | Q(kind=Kind.PUSH) & ~SUBJECT


def live_texts(*, subjects: bool = False) -> QuerySet[Publication]:
    """Return the publications that stand, newest first: subjects of e-mails, or texts."""
    return (
        Publication.objects.filter(
            SUBJECT if subjects else BODY, current__status=PublishedCopy.Status.LIVE
        )
        .select_related("product")
        .order_by("-published_at", "-id")
    )


def search_texts(term: str, *, subjects: bool = False) -> QuerySet[Publication]:
    """Return those that say a word, or are about a product so called or of that SKU."""
    texts = live_texts(subjects=subjects)
    for word in term.split():
        texts = texts.filter(
            Q(text__icontains=word)
            | Q(product__title__icontains=word)
            | Q(product__sku__iexact=word)
            | Q(language__istartswith=word)
        )
    return texts


def fits(publication: Publication, channel: str) -> bool:
    """Tell whether a text may be said over a channel; one statement.

    A push is written for the length that its own channel shows.
    """
    pushes = Q(kind=Kind.PUSH, channel__in=channels()[channel].push_texts)
    return Publication.objects.filter(_CAMPAIGN | pushes, pk=publication.pk).exists()


def is_live(publication: Publication) -> bool:
    """Tell whether the text still stands; one statement."""
    standing = PublishedCopy.objects.filter(
        publication=publication, status=PublishedCopy.Status.LIVE
    )
    return standing.exists()


def gone_texts(messages: Iterable[CampaignMessage]) -> set[int]:
    """Return the messages whose text or subject may not be told any more; one statement.

    A fact it cites changed, or a person withdrew it. What a newer text replaced stays approved.
    """
    listed = list(messages)
    cited = {one.publication_id for one in listed}
    cited |= {one.subject_id for one in listed if one.subject_id}
    gone = set(
        PublishedCopy.objects.filter(
            publication__in=cited,
            status__in=[PublishedCopy.Status.STALE, PublishedCopy.Status.WITHDRAWN],
        ).values_list("publication", flat=True)
    )
    return {one.pk for one in listed if {one.publication_id, one.subject_id} & gone}
