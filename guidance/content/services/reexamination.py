"""Copy examined anew once other rules are in force, in a job that a kill does not begin anew."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import (
    PLACE,
    Draft,
    PublishedCopy,
    ReviewTask,
    RulePackVersion,
    WebhookEvent,
)
from guidance.content.selectors.exceptions import signed_for
from guidance.content.selectors.rules import active_rules, copy_of_pack
from guidance.content.services.planning import REAPPROVE_WITHIN
from guidance.content.services.staleness import examine_again, text_to_desk
from guidance.content.services.webhook_outbox import note_change
from guidance.core.jobs import JobContext
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job
from models_ml.writer.checks import BLOCK, Finding, check_wording
from models_ml.writer.facts import LANGUAGES, Fact
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import fold

JOB_KIND = "examine_by_rules"
# A job keeps these in English; its page translates them.
PHASE = gettext_noop("examining copy by the rules in force")
LIVE, WITHDRAWN = gettext_noop("published texts examined"), gettext_noop("withdrawn")
RETURNED, WAITING = gettext_noop("warned of"), gettext_noop("waiting drafts examined")
# Texts per transaction: 200 take about 0.3 s, for which approvals of their products wait.
CHUNK = 200
FORBIDDEN = gettext_noop("A rule that is in force now forbids this text.")
DOUBTFUL = gettext_noop("A rule that is in force now warns of this text.")


@dataclass
class Reexamined:
    """What new rules came to: how many texts were looked at, withdrawn and warned of.

    `reached` holds, by language and market, the last product examined and the last waiting draft.
    """

    live: int = 0
    withdrawn: int = 0
    returned: int = 0
    waiting: int = 0
    reached: dict[str, Any] = field(default_factory=dict)


def request_examination(*, pack: str, requested_by: User | None) -> Job | None:
    """Ask for a job that examines a pack's live copy and waiting drafts; None where there are none.

    Call it in the transaction that puts the rules in force.
    """
    places = copy_of_pack(pack, LANGUAGES)
    if not any(_live(*place).exists() or _waiting(*place).exists() for place in places):
        return None
    return request_job(kind=JOB_KIND, params={"pack": pack}, requested_by=requested_by)


def run_examine_by_rules(context: JobContext) -> dict[str, Any]:
    """Run the job: live copy and waiting drafts that a pack holds for, a chunk to a transaction.

    What newly breaks a blocking rule is withdrawn at once, what is newly warned of stays public
    until `REAPPROVE_WITHIN` is over; both texts return to the desk in one task. A later attempt
    goes on behind the last chunk that was finished; a chunk that is examined twice suffers nothing.
    """
    pack, done = context.params["pack"], Reexamined(**context.recall())
    places = copy_of_pack(pack, LANGUAGES)
    left = sum(_live(*place).count() + _waiting(*place).count() for place in places)
    total = max(left, done.live + done.waiting, 1)
    for language, market in places:
        for examine_next in (_examine_live, _examine_waiting):
            while examine_next(pack, language, market, done):
                context.remember(asdict(done))
                context.progress(PHASE, (done.live + done.waiting) / total, detail=_figures(done))
    return {name: count for name, count in asdict(done).items() if name != "reached"}


def _figures(done: Reexamined) -> dict[str, int]:
    return {
        LIVE: done.live,
        WITHDRAWN: done.withdrawn,
        RETURNED: done.returned,
        WAITING: done.waiting,
    }


def _live(language: str, market: str) -> QuerySet[PublishedCopy]:
    return PublishedCopy.objects.filter(
        language=language, market=market, status=PublishedCopy.Status.LIVE
    )


def _waiting(language: str, market: str) -> QuerySet[Draft]:
    return Draft.objects.waiting().filter(language=language, market=market)


def _examine_live(pack: str, language: str, market: str, done: Reexamined) -> bool:
    """Examine the next chunk of live copy; False where there is none."""
    place = f"live {language} {market}"
    beyond = _live(language, market).filter(product_id__gt=done.reached.get(place, 0))
    ids = beyond.order_by("product_id").values_list("product_id", flat=True).distinct()
    product_ids = list(ids[:CHUNK])
    if not product_ids:
        return False
    _examine_chunk(product_ids, language, market, pack, done)
    done.reached[place] = product_ids[-1]
    return True


def _examine_waiting(pack: str, language: str, market: str, done: Reexamined) -> bool:
    """Examine the next chunk of waiting drafts; False where there is none."""
    place = f"waiting {language} {market}"
    drafts = _waiting(language, market).order_by("pk")
    if place in done.reached:
        drafts = drafts.filter(pk__gt=done.reached[place])
    draft_ids = list(drafts.values_list("pk", flat=True)[:CHUNK])
    if not draft_ids:
        return False
    done.waiting += examine_again(draft_ids=draft_ids)
    done.reached[place] = str(draft_ids[-1])
    return True


@transaction.atomic
def _examine_chunk(
    product_ids: Sequence[int], language: str, market: str, pack: str, done: Reexamined
) -> None:
    # The lock that approvals take: one under way commits first and is seen below.
    products = Product.objects.select_for_update(no_key=True).order_by("pk")
    list(products.filter(pk__in=product_ids).values_list("pk", flat=True))
    # Read for each chunk: another version may be put in force while the job runs.
    version = RulePackVersion.objects.get(pack=pack, status=RulePackVersion.Status.ACTIVE)
    rules = active_rules(language, market)
    live = _live(language, market).filter(product_id__in=product_ids)
    copies = list(live.select_related("publication__draft", "product__category"))
    facts = facts_of([copy.product for copy in copies], language)
    judged = [(copy, _new_findings(copy, facts[copy.product_id], rules)) for copy in copies]
    done.live += len(copies)
    forbidden = [copy for copy, new in judged if any(f.severity == BLOCK for f in new)]
    doubtful = [copy for copy, new in judged if new and copy not in forbidden]
    now = timezone.now()
    _rows(forbidden).update(
        status=PublishedCopy.Status.WITHDRAWN, reason=FORBIDDEN, serve_until=None, changed_at=now
    )
    note_change(
        publications=[copy.publication for copy in forbidden],
        event=WebhookEvent.WITHDRAWN,
        status=PublishedCopy.Status.WITHDRAWN,
    )
    # A deadline that runs already is not put off.
    _rows(doubtful).filter(serve_until=None).update(
        reason=DOUBTFUL, serve_until=now + REAPPROVE_WITHIN, changed_at=now
    )
    done.withdrawn += len(forbidden)
    done.returned += len(doubtful)
    if forbidden or doubtful:
        _return([*forbidden, *doubtful], version, len(forbidden))


def _new_findings(
    copy: PublishedCopy, facts: Sequence[Fact], rules: CompiledRules
) -> list[Finding]:
    """Return what the rules find that neither stood at the approval nor was signed for."""
    draft, text = copy.publication.draft, copy.publication.text
    found = check_wording(
        text,
        facts=facts,
        title=copy.product.title_in(copy.language),
        language=copy.language,
        rules=rules,
    )
    if not found:
        return []
    accepted = {
        (fold(text[known["start"] : known["end"]]), known["severity"]) for known in draft.findings
    }
    signed = signed_for(draft, text)
    return [
        finding
        for finding in found
        if (fold(text[finding.start : finding.end]), finding.severity) not in accepted
        and (finding.rule, fold(text[finding.start : finding.end])) not in signed
    ]


def _rows(copies: Sequence[PublishedCopy]) -> QuerySet[PublishedCopy]:
    return PublishedCopy.objects.filter(pk__in=[copy.pk for copy in copies])


def _return(copies: Sequence[PublishedCopy], version: RulePackVersion, forbidden: int) -> None:
    """Bring the texts back to the desk, in one task for the version, and tell the audit trail."""
    waiting = set(
        Draft.objects.waiting()
        .filter(product__in=[copy.product_id for copy in copies])
        .values_list(*PLACE)
    )
    back = [copy for copy in copies if copy.place_key() not in waiting]
    if back:
        task, _created = ReviewTask.objects.get_or_create(rules=version, closed_at=None)
        Draft.objects.bulk_create(text_to_desk(copy.publication, task) for copy in back)
        ReviewTask.objects.filter(pk=task.pk).update(count=F("count") + len(back))
    details = {"withdrawn": forbidden, "warned": len(copies) - forbidden, "texts": len(back)}
    record_audit(actor=None, verb="examine_by_rules", target=version, details=details)
