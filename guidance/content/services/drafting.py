"""Drafting: asking for copy, and writing it in a job that a kill does not make write twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import Draft, Kind, MissingFacts
from guidance.content.selectors.shop import languages_with_facts, products_to_draft, shop_brands
from guidance.content.selectors.voice import voice_in
from guidance.content.services.examination import examine, told_by
from guidance.core.jobs import JobContext
from guidance.core.models import Job, User
from guidance.core.services import record_batch_audit
from guidance.core.services.jobs import request_job
from models_ml.writer.facts import Fact
from models_ml.writer.realiser import NotEnoughFacts, write
from models_ml.writer.terms import Terms
from models_ml.writer.voice import Voice

JOB_KIND = "draft_copy"
# A job keeps these in English; its page translates them.
PHASE = gettext_noop("writing drafts")
DRAFTED, THIN = gettext_noop("drafted"), gettext_noop("too thin")
# One transaction each: 100 texts took 0.3 s to write and 0.1 s to store, so a kill loses little.
BATCH = 100
SEEDS_PER_PRODUCT = 1000


@dataclass(frozen=True)
class Drafted:
    """What one batch came to."""

    drafted: int
    missing: int


def request_drafts(
    *,
    requested_by: User | None = None,
    kind: Kind | str = Kind.DESCRIPTION,
    languages: Sequence[str] = (),
    product_ids: Sequence[int] | None = None,
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
    }
    return request_job(kind=JOB_KIND, params=params, requested_by=requested_by, start=start)


def run_draft_copy(context: JobContext) -> dict[str, Any]:
    """Run the job: batches in their own transactions; a later attempt finds only what is left."""
    job = Job.objects.select_related("requested_by").get(pk=context.job_id)
    kind, asked_for = context.params["kind"], context.params["product_ids"]
    plan = {
        language: asked_for or products_to_draft(kind=kind, language=language)
        for language in context.params["languages"]
    }
    drafted = missing = done = 0
    total = max(sum(map(len, plan.values())), 1)
    for language, batch in _batches(plan):
        context.progress(PHASE, done / total, detail={DRAFTED: drafted, THIN: missing})
        result = draft_products(
            product_ids=batch,
            kind=kind,
            language=language,
            requested_by=job.requested_by,
            unless_drafted_since=job.created_at,
        )
        drafted, missing = drafted + result.drafted, missing + result.missing
        done += len(batch)
    return {"drafted": drafted, "facts_missing": missing}


def _batches(plan: dict[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    for language, product_ids in plan.items():
        for start in range(0, len(product_ids), BATCH):
            yield language, product_ids[start : start + BATCH]


def draft_products(
    *,
    product_ids: Sequence[int],
    kind: Kind | str,
    language: str,
    requested_by: User | None,
    unless_drafted_since: datetime | None = None,
) -> Drafted:
    """Write a draft of each product that has none waiting; where facts are too thin, list them.

    A job's later attempt passes its own beginning as `unless_drafted_since`: what an earlier
    attempt drafted is not drafted again, even where somebody decided it in between.
    """
    settled = Q(status=Draft.Status.WAITING)
    if unless_drafted_since is not None:
        settled |= Q(created_at__gte=unless_drafted_since)
    drafted = Draft.objects.filter(settled, kind=kind, language=language)
    products = list(
        Product.objects.filter(pk__in=product_ids)
        .exclude(pk__in=drafted.values("product_id"))
        .select_related("category")
    )
    facts, brands = facts_of(products, language), shop_brands()
    voice = voice_in(language)
    drafts: list[Draft] = []
    missing: list[MissingFacts] = []
    for product in products:
        try:
            draft = new_draft(product, kind, language, facts[product.pk], brands, voice)
        except NotEnoughFacts as thin:
            keys = list(thin.missing)
            missing.append(MissingFacts(product=product, kind=kind, language=language, keys=keys))
        else:
            draft.requested_by = requested_by
            drafts.append(draft)
    _store(drafts=drafts, missing=missing, requested_by=requested_by)
    return Drafted(drafted=len(drafts), missing=len(missing))


def new_draft(
    product: Product,
    kind: str,
    language: str,
    facts: Sequence[Fact],
    brands: Terms,
    voice: Voice,
    version: int = 1,
) -> Draft:
    """Write a draft in the shop's voice and examine it, without storing it; raises NotEnoughFacts.

    The same product and version give the same text, so an attempt repeated after a kill does too.
    """
    title = product.title_in(language)
    written = write(
        kind,
        title=title,
        facts=facts,
        language=language,
        seed=product.pk * SEEDS_PER_PRODUCT + version,
    )
    written = voice.applied(written, kind=kind, title=title, facts=facts)
    sentences = told_by(written.sentences, product, facts, language)
    found = examine(
        text=written.text,
        product=product,
        kind=kind,
        language=language,
        facts=facts,
        sentences=sentences,
        brands=brands,
        banned=voice.banned,
    )
    return Draft(
        product=product,
        kind=kind,
        language=language,
        text=written.text,
        version=version,
        sentences=sentences,
        writer=f"{written.writer} {written.version}",
        **found.as_fields(),
    )


@transaction.atomic
def _store(
    *, drafts: Sequence[Draft], missing: Sequence[MissingFacts], requested_by: User | None
) -> None:
    """Store a batch; where somebody else stored a draft meanwhile, theirs stands."""
    Draft.objects.bulk_create(drafts, ignore_conflicts=True)
    MissingFacts.objects.bulk_create(
        missing,
        update_conflicts=True,
        unique_fields=["product", "kind", "language"],
        update_fields=["keys"],
    )
    stored = Draft.objects.filter(pk__in=[draft.pk for draft in drafts])
    for draft in drafts[:1]:
        place = {"kind": draft.kind, "language": draft.language}
        drafted = stored.values("product_id")
        MissingFacts.objects.filter(**place, product_id__in=drafted).delete()
        record_batch_audit(
            actor=requested_by, verb="draft_copy", model=Draft, count=stored.count(), details=place
        )
