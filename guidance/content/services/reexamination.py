"""Copy examined anew once other rules are in force."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from guidance.core.services import record_audit
from models_ml.writer.checks import BLOCK, Finding, check_wording
from models_ml.writer.facts import LANGUAGES, Fact
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import fold

# Texts per transaction: 200 take about 0.3 s, for which approvals of their products wait.
CHUNK = 200
FORBIDDEN = gettext_noop("A rule that is in force now forbids this text.")
DOUBTFUL = gettext_noop("A rule that is in force now warns of this text.")


@dataclass
class Reexamined:
    """What new rules came to: how many texts were looked at, withdrawn and returned."""

    live: int = 0
    withdrawn: int = 0
    returned: int = 0
    waiting: int = 0


def examine_by_rules(*, pack: str) -> Reexamined:
    """Examine live copy and waiting drafts of a pack's markets by the rules in force now.

    What newly breaks a blocking rule is withdrawn at once, what is newly warned of stays public
    until `REAPPROVE_WITHIN` is over; both texts return to the desk in one task. Safe to run twice,
    and after a kill.
    """
    done = Reexamined()
    version = RulePackVersion.objects.filter(pack=pack, status="active").first()
    for language, market in copy_of_pack(pack, LANGUAGES):
        rules, same = active_rules(language, market), {"language": language, "market": market}
        for product_ids in _live_products(same):
            _examine_chunk(product_ids, same, rules, version, done)
        waiting = Draft.objects.waiting().filter(**same)
        done.waiting += examine_again(draft_ids=list(waiting.values_list("pk", flat=True)))
    return done


def _live_products(same: dict[str, str]) -> Iterator[list[int]]:
    live = PublishedCopy.objects.filter(**same, status=PublishedCopy.Status.LIVE)
    ids = list(live.order_by("product_id").values_list("product_id", flat=True).distinct())
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


@transaction.atomic
def _examine_chunk(
    product_ids: Sequence[int],
    same: dict[str, str],
    rules: CompiledRules,
    version: RulePackVersion | None,
    done: Reexamined,
) -> None:
    # The lock that approvals take: one under way commits first and is seen below.
    products = Product.objects.select_for_update(no_key=True).order_by("pk")
    list(products.filter(pk__in=product_ids).values_list("pk", flat=True))
    live = PublishedCopy.objects.filter(
        product_id__in=product_ids, **same, status=PublishedCopy.Status.LIVE
    )
    copies = list(live.select_related("publication__draft", "product__category"))
    facts = facts_of([copy.product for copy in copies], same["language"])
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


def _return(
    copies: Sequence[PublishedCopy], version: RulePackVersion | None, forbidden: int
) -> None:
    """Bring the texts back to the desk, in one task for the version, and tell the audit trail."""
    waiting = set(
        Draft.objects.waiting()
        .filter(product__in=[copy.product_id for copy in copies])
        .values_list(*PLACE)
    )
    task, _created = ReviewTask.objects.get_or_create(
        fact_key=f"rules {version}" if version else "rules", closed_at=None
    )
    returned = [
        text_to_desk(copy.publication, task) for copy in copies if copy.place_key() not in waiting
    ]
    Draft.objects.bulk_create(returned)
    ReviewTask.objects.filter(pk=task.pk).update(count=F("count") + len(returned))
    details = {"withdrawn": forbidden, "warned": len(copies) - forbidden, "texts": len(returned)}
    record_audit(actor=None, verb="examine_by_rules", target=version or task, details=details)
