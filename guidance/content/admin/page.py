"""What the page of one draft shows: facts beside the marked text, findings, what one may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from guidance.content.admin.message import shown_message
from guidance.content.admin.panels import panels
from guidance.content.marking import OUTDATED, Piece, marked, word_changes
from guidance.content.models import Draft, DraftRevision
from guidance.content.presentation import fact_label
from guidance.content.selectors.queue import Place, filtered_queue, place_of
from guidance.content.services.examination import SIGNED, Examination, examine_draft
from guidance.content.services.instructing import writing_of
from guidance.content.services.providers import writes_at_once
from guidance.content.services.refusals import may_not_approve, own_request
from guidance.content.services.sealing import seal_of
from guidance.content.services.wording import candidates
from guidance.core.admin import acting_person
from models_ml.writer.checks import BLOCK
from models_ml.writer.facts import TITLE_KEY, key_info

FILTERS = "_changelist_filters"
QUEUE_PARAMETERS = (
    *("age", "language", "kind", "channel", "market", "segment", "checks", "stale", "task", "q"),
    *("risk", "due", "assignee", "order"),
)


# Stored as they stand here, so that one reason is one in every language; people may write others.
REJECT_REASONS = (
    gettext_noop("Reads badly"),
    gettext_noop("Says too little"),
    gettext_noop("A fact is wrong"),
    gettext_noop("Wrong tone for our shop"),
    gettext_noop("No copy wanted for this product"),
)


@dataclass(frozen=True)
class FactRow:
    """A fact as the page shows it; `was` is what it said when it was published, if it changed."""

    number: int
    key: str
    label: str
    value: str
    is_cited: bool
    was: str | None = None


@dataclass(frozen=True)
class FindingRow:
    number: int
    is_blocking: bool
    message: str
    hint: str
    law: str = ""
    rule: str = ""
    words: str = ""
    is_signed: bool = False
    may_be_signed: bool = False


@dataclass(frozen=True)
class MarkedPiece:
    """A piece of text with the numbers of the fact rows that carry it."""

    piece: Piece
    fact_rows: str
    notes: str


def draft_context(request: HttpRequest, draft: Draft, *, toast: str = "") -> dict[str, Any]:
    """Return the page's context for a draft; a waiting one is examined against today's facts."""
    found = _found(draft)
    facts = _fact_rows(draft, found)
    findings = _finding_rows(found, may_sign=_may_sign(request, draft))
    place = _place(request, draft)
    return {
        "draft": draft,
        "facts": facts,
        "findings": findings,
        "pieces": _marked_pieces(draft, found, facts, findings),
        "place": place,
        "urls": draft_urls(request, draft, place),
        "why_not": _why_not_approve(request, draft, found),
        "seal": seal_of(draft.text, found.facts),
        "message": shown_message(draft),
        "writing": writing_of(draft) if draft.status == Draft.Status.WAITING else None,
        "writes_at_once": writes_at_once(),
        **panels(request, draft),
        "may_review": request.user.has_perm("content.review_draft"),
        "may_edit": request.user.has_perm("content.change_draft"),
        "may_rewrite": request.user.has_perm("content.add_draft"),
        "reasons": [(reason, _(reason)) for reason in REJECT_REASONS],
        "rejected_for": _(draft.reason) if draft.reason else "",
        "toast": toast,
    }


def conflict_context(request: HttpRequest, draft: Draft, seen: DraftRevision) -> dict[str, Any]:
    """Return the context of the page that says what somebody changed in a text meanwhile."""
    return {
        "draft": draft,
        "seen": seen,
        "changes": word_changes(seen.text, draft.text),
        "changed_by": draft.edited_by or seen.replaced_by,
        "yours": request.POST.get("text", ""),
        "urls": {"change": draft_url(request, "change", draft.pk)},
    }


def queue_parameters(request: HttpRequest) -> dict[str, str]:
    """Return the queue's filters that a page carries along from the list."""
    preserved = QueryDict(request.GET.get(FILTERS, ""))
    return {name: preserved[name] for name in QUEUE_PARAMETERS if preserved.get(name)}


def with_filters(request: HttpRequest, url: str) -> str:
    """Return `url` with the list's filters carried along."""
    parameters = queue_parameters(request)
    return f"{url}?{urlencode({FILTERS: urlencode(parameters)})}" if parameters else url


def draft_url(request: HttpRequest, name: str, draft_id: object) -> str:
    """Return the address of one of a draft's pages."""
    return with_filters(request, reverse(f"admin:content_draft_{name}", args=[draft_id]))


def undo_url(request: HttpRequest, decided: object) -> str:
    """Return where the decision of a draft is taken back, '' for none."""
    may = decided is not None and request.user.has_perm("content.review_draft")
    return draft_url(request, "undo", decided) if may else ""


def candidate_rows(draft: Draft) -> list[dict[str, Any]]:
    """Return other texts for a draft, each with its number."""
    return [{"number": one.version, "text": one.text} for one in candidates(draft)]


def draft_urls(request: HttpRequest, draft: Draft, place: Place | None = None) -> Mapping[str, str]:
    """Return every address that the page's links and forms lead to."""
    urls = {
        name: draft_url(request, name, draft.pk)
        for name in (
            *("change", "approve", "reject", "edit", "rewrite", "check", "assign", "comment"),
            *("candidates", "choose", "instruct", "undo"),
        )
    }
    urls["sign"] = with_filters(request, reverse("admin:content_signedexception_sign"))
    previous, following = (place.previous, place.next) if place else (None, None)
    urls["previous"] = draft_url(request, "change", previous) if previous else ""
    urls["next"] = draft_url(request, "change", following) if following else ""
    urls["queue"] = _queue_url(request)
    urls["product"] = reverse("admin:catalog_product_change", args=[draft.product_id])
    return urls


def _queue_url(request: HttpRequest) -> str:
    queue = reverse("admin:content_draft_changelist")
    parameters = queue_parameters(request)
    return f"{queue}?{urlencode(parameters)}" if parameters else queue


def rendered_findings(found: Examination) -> list[FindingRow]:
    """Return findings in the reader's language."""
    return _finding_rows(found)


def _found(draft: Draft) -> Examination:
    if draft.status == Draft.Status.WAITING:
        return examine_draft(draft=draft)
    return Examination(facts=draft.facts, claims=draft.claims, findings=draft.findings)


def _fact_rows(draft: Draft, found: Examination) -> list[FactRow]:
    cited = {key for claim in found.claims for key in claim["fact_keys"]}
    cited |= {fact.key for fact in found.cited}
    changed = {change["key"]: change["old"] for change in draft.changed_facts}
    return [
        FactRow(
            number=number,
            key=fact["key"],
            label=fact_label(fact["key"]),
            value=f"{fact['value']} {fact['unit']}".strip(),
            is_cited=fact["key"] in cited,
            was=changed.get(fact["key"]),
        )
        for number, fact in enumerate(_facts_in_order(draft, found))
    ]


def _facts_in_order(draft: Draft, found: Examination) -> list[dict[str, str]]:
    """Return the title first and what the writer never states last."""
    title = {"key": TITLE_KEY, "value": draft.product.title_in(draft.language), "unit": ""}
    others = [fact for fact in found.facts if fact["key"] != TITLE_KEY]
    return [title, *sorted(others, key=lambda fact: _is_silent(fact["key"]))]


def _is_silent(key: str) -> bool:
    """Tell whether the writer never states this fact; such rows stand last."""
    return key_info(key).group == "silent"


def _finding_rows(found: Examination, *, may_sign: bool = False) -> list[FindingRow]:
    return [
        FindingRow(
            number=number,
            is_blocking=finding["severity"] == BLOCK,
            message=_(finding["message"]) % _said(finding),
            hint=finding_hint(finding),
            law=finding.get("law", ""),
            rule=finding.get("rule", ""),
            words=str(finding["params"].get("said", "")),
            is_signed=finding["severity"] == SIGNED,
            may_be_signed=may_sign
            and finding.get("signable", False)
            and finding["severity"] != SIGNED,
        )
        for number, finding in enumerate(found.findings)
    ]


def _may_sign(request: HttpRequest, draft: Draft) -> bool:
    """Tell whether this person may sign an exception for this draft."""
    is_open = draft.status == Draft.Status.WAITING
    own = request.user.pk in draft.requesters()
    return is_open and not own and request.user.has_perm("content.sign_exception")


def finding_hint(finding: Mapping[str, Any]) -> str:
    """Return what to do about a finding: who signed for it, or the rule's own hint, or ours."""
    if signed := finding.get("signed"):
        return _("Signed by %(by)s: %(why)s") % signed
    hints = finding.get("hints") or {}
    own = hints.get(str(get_language())) or hints.get("en")
    return str(own) if own else _(finding["hint"]) % _said(finding)


def _said(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a finding's words are filled with; facts go by the names people know."""
    params: dict[str, Any] = finding["params"]
    if finding["check"] != OUTDATED:
        return params
    return {**params, "said": ", ".join(map(fact_label, params["said"].split(", ")))}


def _marked_pieces(
    draft: Draft, found: Examination, facts: list[FactRow], findings: list[FindingRow]
) -> list[MarkedPiece]:
    return [
        MarkedPiece(
            piece=piece,
            fact_rows=" ".join(str(f.number) for f in facts if f.key in piece.fact_keys),
            notes="; ".join(findings[number].message for number in piece.findings)
            or ", ".join(f"{f.label}: {f.value}" for f in facts if f.key in piece.fact_keys),
        )
        for piece in marked(draft.text, found.claims, found.findings)
    ]


def _place(request: HttpRequest, draft: Draft) -> Place:
    return place_of(draft, filtered_queue(queue_parameters(request)))


def _why_not_approve(request: HttpRequest, draft: Draft, found: Examination) -> str:
    """Return why this person cannot approve this draft now, or ''."""
    if not request.user.has_perm("content.review_draft"):
        return _("Your role reads drafts; it does not decide them.")
    me = acting_person(request)
    if reason := own_request(draft, me):
        return reason
    return _failing(found.blocking) if found.blocking else may_not_approve(draft, me)


def _failing(count: int) -> str:
    return ngettext(
        "One check fails. Edit the text, or mend the fact.",
        "%(count)d checks fail. Edit the text, or mend the facts.",
        count,
    ) % {"count": count}
