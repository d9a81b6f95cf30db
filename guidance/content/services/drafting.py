"""Drafting: asking for copy, and writing it in a job that a kill does not make write twice."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.briefs import USUAL, Brief
from guidance.content.models import PLACE, Draft, Kind, MissingFacts
from guidance.content.selectors.likeness import ShopTexts
from guidance.content.selectors.shop import (
    languages_with_facts,
    products_to_draft,
    takings_of,
)
from guidance.content.services.differing import TooAlike, write_variants
from guidance.content.services.examination import examine
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.providers import BUILTIN, chosen_writer
from guidance.content.services.writing import (
    Assignment,
    House,
    Unwritten,
    batch_size,
    read_house,
    write_drafts,
)
from guidance.core.jobs import JobContext
from guidance.core.models import Job, User
from guidance.core.services import record_batch_audit
from guidance.core.services.jobs import request_job
from models_ml.writer.facts import Fact
from models_ml.writer.kinds import TooShort
from models_ml.writer.providers import Provider
from models_ml.writer.realiser import NotEnoughFacts

JOB_KIND = "draft_copy"
# A job keeps these in English; its page translates them.
PHASE = gettext_noop("writing drafts")
DRAFTED, THIN = gettext_noop("drafted"), gettext_noop("too thin")
CRAMPED = gettext_noop("too little room for the name")
SAME = gettext_noop("no clearly different wording")
FALLEN = gettext_noop("by the builtin writer instead")


@dataclass(frozen=True)
class Drafted:
    """What writing came to; `fallbacks` of the drafts stand in for a language model's.

    `cramped` products have names too long for the channel or the length that was asked for; of
    `alike` ones the facts allow no variant that clearly differs.
    """

    drafted: int
    missing: int
    fallbacks: int = 0
    cramped: int = 0
    alike: int = 0

    def __add__(self, other: "Drafted") -> "Drafted":
        return Drafted(
            self.drafted + other.drafted,
            self.missing + other.missing,
            self.fallbacks + other.fallbacks,
            self.cramped + other.cramped,
            self.alike + other.alike,
        )

    def as_detail(self) -> dict[str, int]:
        """Return the figures that a job's page shows; the rare ones only where there are any."""
        rare = {CRAMPED: self.cramped, SAME: self.alike, FALLEN: self.fallbacks}
        return {DRAFTED: self.drafted, THIN: self.missing} | {n: c for n, c in rare.items() if c}


def request_drafts(
    *,
    requested_by: User | None = None,
    kind: Kind | str = Kind.DESCRIPTION,
    languages: Sequence[str] = (),
    product_ids: Sequence[int] | None = None,
    brief: Brief = USUAL,
    start: bool = True,
) -> Job:
    """Ask for drafts of `product_ids`, or of every product that lacks this kind of copy.

    Without `languages` it is every language that has facts. Who asks can approve none of them;
    `requested_by` None stands for a schedule. With `start` False the caller runs the job itself.
    """
    params = {
        "kind": str(kind),
        "languages": list(languages) or languages_with_facts(),
        "product_ids": None if product_ids is None else list(product_ids),
        "brief": brief.as_fields(),
    }
    return request_job(kind=JOB_KIND, params=params, requested_by=requested_by, start=start)


def run_draft_copy(context: JobContext) -> dict[str, Any]:
    """Run the job: batches in their own transactions; a later attempt finds only what is left."""
    with closing(chosen_writer()) as writer:
        return _draft_all(context, writer)


def _draft_all(context: JobContext, writer: Provider) -> dict[str, Any]:
    job = Job.objects.select_related("requested_by").get(pk=context.job_id)
    kind, asked_for = context.params["kind"], context.params["product_ids"]
    brief = Brief.of(context.params.get("brief", {}))
    plan = {
        language: asked_for or products_to_draft(kind=kind, language=language, brief=brief)
        for language in context.params["languages"]
    }
    all_of_it, done = Drafted(0, 0), 0
    total = max(sum(map(len, plan.values())), 1)
    for language, batch in _batches(plan, batch_size(writer)):
        context.progress(PHASE, done / total, detail=all_of_it.as_detail())
        all_of_it += draft_products(
            product_ids=batch,
            kind=kind,
            language=language,
            brief=brief,
            requested_by=job.requested_by,
            unless_drafted_since=job.created_at,
            provider=writer,
        )
        done += len(batch)
    return {
        "drafted": all_of_it.drafted,
        "facts_missing": all_of_it.missing,
        "fallbacks": all_of_it.fallbacks,
        "cramped": all_of_it.cramped,
        "alike": all_of_it.alike,
    }


def _batches(plan: dict[str, list[int]], size: int) -> Iterator[tuple[str, list[int]]]:
    for language, product_ids in plan.items():
        for start in range(0, len(product_ids), size):
            yield language, product_ids[start : start + size]


def draft_products(
    *,
    product_ids: Sequence[int],
    kind: Kind | str,
    language: str,
    requested_by: User | None,
    brief: Brief = USUAL,
    unless_drafted_since: datetime | None = None,
    provider: Provider = BUILTIN,
) -> Drafted:
    """Write a draft of each product that has none waiting; where facts are too thin, list them.

    A job's later attempt passes its own beginning as `unless_drafted_since`: what an earlier
    attempt drafted is not drafted again, even where somebody decided it in between. Rows are read
    before and stored after the writing, so that no transaction waits for a language model.
    """
    settled = Q(status=Draft.Status.WAITING)
    if unless_drafted_since is not None:
        settled |= Q(created_at__gte=unless_drafted_since)
    drafted = Draft.objects.filter(settled, kind=kind, language=language, **brief.place())
    products = list(
        Product.objects.filter(pk__in=product_ids)
        .exclude(pk__in=drafted.values("product_id"))
        .select_related("category")
    )
    facts, takings, house = (
        facts_of(products, language),
        takings_of(product_ids),
        read_house(language, brief.market),
    )
    assignments = [
        Assignment(product, str(kind), language, facts[product.pk], house, brief=brief)
        for product in products
    ]
    write = write_variants if brief.variant else write_drafts
    texts = write(assignments, provider)
    drafts = [written for written in texts if isinstance(written, Draft)]
    missing = _missing(assignments, texts)
    for draft in drafts:
        draft.requested_by = requested_by
        draft.takings = takings.get(draft.product_id, Decimal(0))
    _examine_all(drafts, language, facts, house)
    stored = _store(drafts=drafts, missing=missing, requested_by=requested_by, settled=drafted)
    return Drafted(
        drafted=stored,
        missing=len(missing),
        fallbacks=sum(bool(draft.fallback_reason) for draft in drafts),
        cramped=sum(isinstance(nothing, TooShort) for nothing in texts),
        alike=sum(isinstance(nothing, TooAlike) for nothing in texts),
    )


def _missing(
    assignments: Sequence[Assignment], texts: Sequence[Draft | Unwritten | TooAlike]
) -> list[MissingFacts]:
    """Return what is to be listed: the products whose facts are too thin, unsaved."""
    return [
        MissingFacts(
            product=asked.product,
            kind=asked.kind,
            language=asked.language,
            **asked.brief.as_fields(),
            keys=list(nothing.missing),
        )
        for asked, nothing in zip(assignments, texts, strict=True)
        if isinstance(nothing, NotEnoughFacts)
    ]


def _examine_all(
    drafts: Sequence[Draft], language: str, facts: Mapping[int, Sequence[Fact]], house: House
) -> None:
    """Examine a batch; texts of the shop that may be alike are read once for all of it."""
    shop = ShopTexts(language, {draft.product_id: draft.text for draft in drafts})
    for draft in drafts:
        found = examine(
            text=draft.text,
            product=draft.product,
            kind=draft.kind,
            language=language,
            channel=draft.channel,
            longest=draft.longest,
            facts=facts[draft.product_id],
            sentences=draft.sentences,
            brands=house.brands,
            banned=house.voice.banned,
            rules=house.rules,
            neighbours=shop.neighbours(draft.product_id),
        )
        found.put_on(draft)
        shop.add(draft)


@transaction.atomic
def _store(
    *,
    drafts: Sequence[Draft],
    missing: Sequence[MissingFacts],
    requested_by: User | None,
    settled: QuerySet[Draft],
) -> int:
    """Store a batch and return how many drafts; those that others stored meanwhile stand."""
    products = [draft.product_id for draft in drafts]
    taken = set(settled.filter(product__in=products).values_list("product_id", flat=True))
    fresh = [draft for draft in drafts if draft.product_id not in taken]
    Draft.objects.bulk_create(fresh, ignore_conflicts=True)
    MissingFacts.objects.bulk_create(
        missing,
        update_conflicts=True,
        unique_fields=PLACE,
        update_fields=["keys", "longest", "stress"],
    )
    stored = Draft.objects.filter(pk__in=[draft.pk for draft in fresh])
    kept = set(stored.values_list("pk", flat=True)) if fresh else set()
    remember_texts([draft for draft in fresh if draft.pk in kept])
    for draft in fresh[:1]:
        place = draft.place()
        del place["product_id"]
        drafted = stored.values("product_id")
        MissingFacts.objects.filter(**place, product_id__in=drafted).delete()
        record_batch_audit(
            actor=requested_by, verb="draft_copy", model=Draft, count=len(kept), details=place
        )
    return len(kept)
