"""What stands below a draft: how shoppers see it, earlier texts, the other language, comments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.http import HttpRequest

from guidance.content.languages import Differences, differences
from guidance.content.marking import Change, word_changes
from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.presentation import language_label
from guidance.content.selectors.labels import notice_of
from guidance.content.selectors.people import colleagues
from guidance.content.selectors.reviews import said_of
from guidance.content.selectors.variants import main_beside
from guidance.content.services.undoing import may_undo
from guidance.core.admin import acting_person
from guidance.core.models import User
from guidance.core.selectors import default_market

# Older texts than these are read in the audit trail.
SHOWN_TEXTS = 10


@dataclass(frozen=True)
class EarlierText:
    """A text that a draft had, who replaced it, and what became of its words."""

    version: int
    replaced_by: User | None
    replaced_at: datetime
    changes: list[Change]


@dataclass(frozen=True)
class OtherLanguage:
    """The same copy in another language, and what only one of the two tells."""

    language: str
    label: str
    text: str
    is_live: bool
    draft_id: object
    differences: Differences


def panels(request: HttpRequest, draft: Draft) -> dict[str, Any]:
    """Return what the page shows below a draft; a fixed number of statements."""
    me, live = acting_person(request), _live(draft)
    is_waiting = draft.status == Draft.Status.WAITING
    return {
        "live": live,
        "changes_to_live": word_changes(live.publication.text, draft.text) if live else [],
        "main_text": _main_text(draft),
        "earlier": earlier_texts(draft),
        "others": other_languages(draft),
        "comments": list(draft.comments.select_related("author")),
        "colleagues": list(colleagues(me)) if is_waiting else [],
        "publication": _publication(draft),
        "is_mine": draft.assignee_id == me.pk,
        "may_undo": not is_waiting and may_undo(draft, me),
        "market": default_market(),
        "said": said_of(draft.product, draft.language),
        "title_shown": draft.product.title_in(draft.language),
        "notice": notice_of(draft),
    }


def earlier_texts(draft: Draft) -> list[EarlierText]:
    """Return the texts that a draft had before, the latest first, each against the next."""
    kept = list(draft.revisions.select_related("replaced_by").order_by("-version")[:SHOWN_TEXTS])
    texts = [draft.text, *(one.text for one in kept)]
    return [
        EarlierText(one.version, one.replaced_by, one.replaced_at, word_changes(old, new))
        for one, (new, old) in zip(kept, pairwise(texts), strict=True)
    ]


def other_languages(draft: Draft) -> list[OtherLanguage]:
    """Return what waits of this copy in other languages, else what is published of it."""
    same = draft.place()
    del same["language"]
    waiting = Draft.objects.waiting().filter(**same).exclude(language=draft.language)
    found = {one.language: _other(draft, one, one.text, is_live=False) for one in waiting}
    copies = PublishedCopy.objects.filter(**same, status=PublishedCopy.Status.LIVE)
    for copy in copies.exclude(language=draft.language).select_related("publication__draft"):
        if copy.language not in found:
            publication = copy.publication
            found[copy.language] = _other(draft, publication.draft, publication.text, is_live=True)
    return [found[language] for language in sorted(found)]


def _other(draft: Draft, other: Draft, text: str, *, is_live: bool) -> OtherLanguage:
    return OtherLanguage(
        language=other.language,
        label=language_label(other.language),
        text=text,
        is_live=is_live,
        draft_id=other.pk,
        differences=differences(
            draft.text,
            text,
            facts_here=_told(draft.claims),
            facts_there=_told(other.claims),
        ),
    )


def _told(claims: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for claim in claims for key in claim["fact_keys"]))


def _live(draft: Draft) -> PublishedCopy | None:
    copies = PublishedCopy.objects.select_related("publication").filter(**draft.place())
    copy = copies.first()
    return copy if copy and copy.publication.draft_id != draft.pk and copy.is_served else None


def _main_text(draft: Draft) -> str:
    """Return the text that a variant is to be compared with, '' for a main text."""
    main = main_beside(draft) if draft.variant else None
    return main.publication.text if main else ""


def _publication(draft: Draft) -> Publication | None:
    if draft.status != Draft.Status.APPROVED:
        return None
    return Publication.objects.filter(draft=draft).select_related("planned").first()
