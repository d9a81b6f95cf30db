"""Staleness: when a cited fact changes, the approval that rests on it falls with it."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_q.tasks import async_task

from guidance.catalog.hooks import FactChange
from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import (
    PLACE,
    Citation,
    Draft,
    Publication,
    PublishedCopy,
    ReviewTask,
    WebhookEvent,
)
from guidance.content.selectors.likeness import ShopTexts
from guidance.content.selectors.rules import active_rules
from guidance.content.selectors.shop import shop_brands
from guidance.content.selectors.voice import forbidden_words
from guidance.content.services.examination import examine_draft
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.planning import carry_over
from guidance.content.services.publication import place_of
from guidance.content.services.webhook_outbox import note_change
from guidance.core.services import record_audit
from models_ml.writer.facts import TITLE_KEY
from models_ml.writer.terms import Terms

# Products per statement: well under SQLite's 32,766 variables and PostgreSQL's 65,535.
CHUNK = 1_000
# The facts of which copy takes the value in its own language and the shop's own only without one.
TRANSLATED = frozenset({TITLE_KEY, "category"})
CHANGED = gettext_noop("Facts that this text cites have changed.")


@transaction.atomic
def mark_stale(changes: Sequence[FactChange]) -> None:
    """Hear the catalogue: take stale copy out of service and return its texts to the desk.

    Runs in the transaction of the change. A fixed number of statements for each thousand products,
    and one task for each fact key however many products it touches. Facts nobody cites touch
    nothing. Checks are run anew after the commit, since 5,000 of them take six seconds.
    """
    for chunk in _by_product(changes):
        # The lock that approvals take: one under way commits first and is seen below. Who writes a
        # product holds it already, but a renamed category reaches products nobody wrote.
        products = Product.objects.select_for_update(no_key=True).order_by("pk")
        list(products.filter(pk__in=chunk).values_list("pk", flat=True))
        stale = _stale_publications(chunk)
        note_change(publications=stale, event=WebhookEvent.WITHDRAWN, status="stale")
        touched = [*_return_to_desk(stale, chunk), *_waiting_drafts(chunk)]
        if touched:
            transaction.on_commit(partial(_enqueue_examination, [draft.pk for draft in touched]))
        if stale:
            transaction.on_commit(partial(_enqueue_holding, [one.pk for one in stale]))


def examine_again(*, draft_ids: Sequence[uuid.UUID]) -> int:
    """Bring the stored checks of waiting drafts to today's facts and rules; return how many.

    Safe to run twice; a draft that somebody changes or decides meanwhile is left to them.
    """
    brands, done = shop_brands(), 0
    for start in range(0, len(draft_ids), CHUNK):
        waiting = Draft.objects.waiting().filter(pk__in=draft_ids[start : start + CHUNK])
        drafts = list(waiting.select_related("product__category"))
        remember_texts(drafts)
        for language, market in {(draft.language, draft.market) for draft in drafts}:
            chosen = [d for d in drafts if (d.language, d.market) == (language, market)]
            done += _examine_chunk(chosen, language, market, brands)
    return done


def _examine_chunk(drafts: Sequence[Draft], language: str, market: str, brands: Terms) -> int:
    facts = facts_of([draft.product for draft in drafts], language)
    rules, banned = active_rules(language, market), forbidden_words(language)
    shop = ShopTexts(language, {draft.product_id: draft.text for draft in drafts})
    done = 0
    for draft in drafts:
        found = examine_draft(
            draft=draft,
            facts=facts[draft.product_id],
            brands=brands,
            banned=banned,
            rules=rules,
            shop=shop,
        )
        same = Draft.objects.waiting().filter(pk=draft.pk, version=draft.version)
        changed = found.put_on(draft)
        done += same.update(**{name: getattr(draft, name) for name in changed})
    return done


def _by_product(changes: Sequence[FactChange]) -> Iterator[dict[int, list[FactChange]]]:
    """Yield the changes by product, at most CHUNK products at a time, in order of their ids."""
    changed: dict[int, list[FactChange]] = defaultdict(list)
    for change in changes:
        changed[change.product_id].append(change)
    ordered = sorted(changed)
    for start in range(0, len(ordered), CHUNK):
        yield {product: changed[product] for product in ordered[start : start + CHUNK]}


def _stale_publications(chunk: dict[int, list[FactChange]]) -> dict[Publication, list[FactChange]]:
    """Take live copy that cites a changed fact out of service; return it with those changes."""
    cited: dict[int, list[Citation]] = defaultdict(list)
    keys = {change.key for changes in chunk.values() for change in changes}
    live = Citation.objects.filter(
        product_id__in=chunk,
        fact_key__in=keys,
        publication__current__status=PublishedCopy.Status.LIVE,
    )
    for citation in live.select_related("publication"):
        cited[citation.product_id].append(citation)
    reasons: dict[uuid.UUID, list[FactChange]] = defaultdict(list)
    for product_id, citations in cited.items():
        for change in chunk[product_id]:
            for citation in citations:
                if _concerns(change, citation):
                    reasons[citation.publication_id].append(change)
    PublishedCopy.objects.filter(publication__in=reasons).update(
        status=PublishedCopy.Status.STALE,
        reason=CHANGED,
        changed_at=timezone.now(),
    )
    publications = Publication.objects.filter(pk__in=reasons).select_related("draft")
    return {publication: reasons[publication.pk] for publication in publications}


def _concerns(change: FactChange, citation: Citation) -> bool:
    """Tell whether a change touches a cited fact, or puts another in its place.

    Copy cites the shop's own title or category while its language has none; one that is added
    then is what copy in that language must say.
    """
    if (change.key, change.language) == (citation.fact_key, citation.fact_language):
        return True
    cites_the_shops_own = change.key == citation.fact_key and not citation.fact_language
    is_of_the_copy = change.language == citation.publication.language
    return cites_the_shops_own and is_of_the_copy and change.key in TRANSLATED and bool(change.new)


def _return_to_desk(
    stale: dict[Publication, list[FactChange]], chunk: dict[int, list[FactChange]]
) -> list[Draft]:
    """Make a waiting draft of each stale text, in the task of the first fact that changed."""
    waiting = set(Draft.objects.waiting().filter(product_id__in=chunk).values_list(*PLACE))
    returned = []
    tasks: dict[str, ReviewTask] = {}
    for publication, changes in stale.items():
        if publication.place_key() in waiting:
            continue
        key = changes[0].key
        task = tasks.get(key) or tasks.setdefault(key, _open_task(key))
        returned.append(_draft_of(publication, changes, task))
    Draft.objects.bulk_create(returned)
    for key, task in tasks.items():
        count = sum(draft.task_id == task.pk for draft in returned)
        ReviewTask.objects.filter(pk=task.pk).update(count=F("count") + count)
        details = {"fact": key, "texts": count}
        record_audit(actor=None, verb="return_stale_copy", target=task, details=details)
    return returned


def _open_task(key: str) -> ReviewTask:
    task, _created = ReviewTask.objects.get_or_create(fact_key=key, closed_at=None)
    return task


def _draft_of(publication: Publication, changes: Sequence[FactChange], task: ReviewTask) -> Draft:
    draft = text_to_desk(publication, task)
    draft.is_stale, draft.changed_facts = True, [_change_json(change) for change in changes]
    return draft


def text_to_desk(publication: Publication, task: ReviewTask | None = None) -> Draft:
    """Return the publication's text as a draft; who requested it once still may not approve it."""
    draft = Draft(
        **place_of(publication),
        text=publication.text,
        task=task,
    )
    carry_over(publication.draft, draft)
    return draft


def _waiting_drafts(chunk: dict[int, list[FactChange]]) -> list[Draft]:
    """Return the waiting drafts, not stale themselves, that claim something a change touches."""
    waiting = Draft.objects.waiting().filter(product_id__in=chunk, is_stale=False)
    touched = []
    for draft in waiting.only("pk", "product_id", "claims", "findings"):
        claimed = {key for claim in draft.claims for key in claim["fact_keys"]}
        changed = {change.key for change in chunk[draft.product_id]}
        if claimed & changed or draft.findings:
            touched.append(draft)
    return touched


def _enqueue_examination(draft_ids: Sequence[uuid.UUID]) -> None:
    async_task("guidance.content.tasks.examine_again", [str(draft_id) for draft_id in draft_ids])


def _enqueue_holding(publication_ids: Sequence[uuid.UUID]) -> None:
    told = [str(publication_id) for publication_id in publication_ids]
    async_task("guidance.content.tasks.hold_what_is_true", told)


def _change_json(change: FactChange) -> dict[str, str | None]:
    return {
        "key": change.key,
        "language": change.language,
        "old": change.old,
        "new": change.new,
    }
