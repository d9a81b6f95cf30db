"""Examining a text against a product's facts: what it claims, what carries it, what is wrong."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.marking import OUTDATED, SENTENCE
from guidance.content.models import Draft, Publication
from guidance.content.selectors.exceptions import Signed, signed_for
from guidance.content.selectors.likeness import ShopTexts
from guidance.content.selectors.rules import active_rules
from guidance.content.selectors.shop import shop_brands
from guidance.content.selectors.voice import forbidden_words
from guidance.content.services.risk import is_high_risk
from models_ml.writer.checks import BLOCK, WARN, Finding, check
from models_ml.writer.checks.finding import gettext_noop
from models_ml.writer.claims import Claim, claims, sentence_spans
from models_ml.writer.contradictions import contradictions
from models_ml.writer.duplicates import Neighbour
from models_ml.writer.facts import TITLE_KEY, Fact
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import Terms, fold

# The severity of a finding that somebody answers for with a signed exception.
SIGNED = "signed"

UNSUPPORTED = gettext_noop("No fact supports this: %(said)s")
UNSUPPORTED_HINT = gettext_noop("Take it out, or add the fact to the product.")
CHANGED = gettext_noop("The fact behind this sentence changed: %(said)s")
CHANGED_HINT = gettext_noop("Write the sentence again from today's facts, or take it out.")
CONTRADICTION = gettext_noop("The facts contradict each other: %(first)s, %(second)s")
CONTRADICTION_HINT = gettext_noop("Correct the facts; until then leave it out.")


@dataclass(frozen=True)
class Examination:
    """What an examination found; the lists are JSON as a draft stores them."""

    facts: list[dict[str, str]]
    claims: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    cited: list[Fact] = field(default_factory=list)

    @property
    def blocking(self) -> int:
        return sum(finding["severity"] == BLOCK for finding in self.findings)

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of a draft that keep this examination."""
        return {
            "facts": self.facts,
            "claims": self.claims,
            "findings": self.findings,
            "blocking_findings": self.blocking,
            "warnings": sum(finding["severity"] == WARN for finding in self.findings),
        }

    def put_on(self, draft: Draft) -> list[str]:
        """Set the draft's fields that keep this examination, unsaved; return their names."""
        for name, value in self.as_fields().items():
            setattr(draft, name, value)
        # A text that was of high risk once stays so: who mends it is not who approves it.
        risky = is_high_risk(kind=draft.kind, findings=self.findings)
        draft.is_high_risk = draft.is_high_risk or risky
        return [*self.as_fields(), "is_high_risk"]


def examine_draft(
    *,
    draft: Draft,
    text: str | None = None,
    facts: Sequence[Fact] | None = None,
    brands: Terms | None = None,
    banned: Collection[str] | None = None,
    rules: CompiledRules | None = None,
    shop: ShopTexts | None = None,
) -> Examination:
    """Examine a draft's text, or `text` in its place, against today's facts and active rules.

    Who examines many reads facts, brands, the shop's forbidden words, rules and its texts for all
    and passes them in.
    """
    if facts is None:
        facts = facts_of([draft.product], draft.language)[draft.product_id]
    text = draft.text if text is None else text
    shop = ShopTexts(draft.language, {draft.product_id: text}) if shop is None else shop
    return examine(
        text=text,
        product=draft.product,
        kind=draft.kind,
        language=draft.language,
        channel=draft.channel,
        longest=draft.longest,
        facts=facts,
        sentences=draft.sentences,
        brands=shop_brands() if brands is None else brands,
        banned=forbidden_words(draft.language) if banned is None else banned,
        rules=active_rules(draft.language, draft.market) if rules is None else rules,
        neighbours=shop.neighbours(draft.product_id),
        signed=signed_for(draft, text),
    )


def examine_publication(publication: Publication) -> Examination:
    """Examine what was published against today's facts."""
    draft = publication.draft
    draft.product = publication.product
    return examine_draft(draft=draft, text=publication.text)


def examine(
    *,
    text: str,
    product: Product,
    kind: str,
    language: str,
    facts: Sequence[Fact],
    sentences: Sequence[dict[str, Any]],
    brands: Terms,
    rules: CompiledRules,
    channel: str = "",
    longest: int = 0,
    banned: Collection[str] = (),
    neighbours: Callable[[str], Neighbour | None] | None = None,
    signed: Signed | None = None,
) -> Examination:
    """Run the checks over `text` and find the facts that carry its claims.

    `sentences` are the writer's own (see `told_by`): those that still stand in the text word for
    word keep their facts, so that "it is dishwasher safe" points at `dishwasher_safe: yes`.
    A claim that nothing supports is a blocking finding, whatever the checks say of its words. What
    somebody signed an exception for stays a finding that says so, and neither blocks nor warns.
    """
    title = product.title_in(language)
    found = claims(text, facts, title, language, brands)
    stated = [*facts, _title_fact(product, language)]
    told, outdated = _told_sentences(text, sentences, stated)
    findings = [
        _finding_json(finding)
        for finding in check(
            text,
            facts=facts,
            title=title,
            language=language,
            kind=kind,
            channel=channel,
            longest=longest,
            banned=banned,
            brands=brands,
            rules=rules,
            neighbours=neighbours,
        )
    ]
    _sign(text, findings, signed or {})
    for claim in found:
        if not claim.is_supported:
            _block(findings, claim)
    findings += [finding for finding in outdated if not _is_blocked(finding, findings)]
    findings += _contradictions([*map(_claim_json, found), *told], facts, language)
    return Examination(
        facts=facts_as_json(facts),
        claims=[_claim_json(claim) for claim in found] + told,
        findings=sorted(findings, key=lambda finding: finding["start"]),
        cited=_cited([*map(_claim_json, found), *told], stated, language),
    )


def told_by(
    sentences: Iterable[Any], product: Product, facts: Sequence[Fact], language: str
) -> list[dict[str, Any]]:
    """Return the writer's sentences as a draft stores them: each with the facts it tells."""
    stated = [*facts, _title_fact(product, language)]
    return [
        {
            "text": sentence.text,
            "told": [
                {"key": fact.key, "language": fact.language, "hash": fact.hash}
                for key in sentence.fact_keys
                for fact in _facts_of_key(key, stated, language)
            ],
        }
        for sentence in sentences
    ]


def _told_sentences(
    text: str, sentences: Sequence[dict[str, Any]], facts: Sequence[Fact]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return sentence-wide claims of surviving sentences, and findings for those now outdated."""
    today = {(fact.key, fact.language): fact.hash for fact in facts}
    told_in = {sentence["text"]: sentence["told"] for sentence in sentences}
    found, outdated = [], []
    for start, end in sentence_spans(text):
        told = told_in.get(text[start:end], [])
        kept = [fact for fact in told if today.get((fact["key"], fact["language"])) == fact["hash"]]
        lost = [fact["key"] for fact in told if fact not in kept]
        if kept:
            keys = list(dict.fromkeys(fact["key"] for fact in kept))
            found.append(_span_json(start, end, text, keys, SENTENCE))
        if lost:
            said = ", ".join(dict.fromkeys(lost))
            finding = Finding("outdated", BLOCK, start, end, OUTDATED, CHANGED_HINT, {"said": said})
            outdated.append(_finding_json(finding))
    return found, outdated


def _cited(claimed: Sequence[dict[str, Any]], facts: Sequence[Fact], language: str) -> list[Fact]:
    """Return the facts whose change makes an approval of this text stale."""
    keys = dict.fromkeys(key for claim in claimed for key in claim["fact_keys"])
    return [fact for key in keys for fact in _facts_of_key(key, facts, language)]


def _title_fact(product: Product, language: str) -> Fact:
    """Return the title as the fact that the catalogue tells of when it changes."""
    own = language if product.titles.get(language) else ""
    return Fact(TITLE_KEY, product.title_in(language), language=own)


def _facts_of_key(key: str, facts: Sequence[Fact], language: str) -> list[Fact]:
    """Return the facts under `key` that speak for copy in `language`, or else any others."""
    same = [fact for fact in facts if fact.key == key]
    own = [fact for fact in same if fact.language in ("", language)]
    return own or same


def _sign(text: str, findings: Sequence[dict[str, Any]], signed: Mapping[Any, Any]) -> None:
    """Mark the findings that somebody signed an exception for."""
    for finding in findings:
        said = fold(text[finding["start"] : finding["end"]])
        if finding["signable"] and (finding["rule"], said) in signed:
            finding["severity"] = SIGNED
            finding["signed"] = signed[finding["rule"], said]


def _block(findings: list[dict[str, Any]], claim: Claim) -> None:
    """Make sure that an unsupported claim blocks: raise a warning over it, or add a finding."""
    over = [f for f in findings if f["start"] < claim.end and claim.start < f["end"]]
    over = [f for f in over if f["severity"] != SIGNED]
    over = [f for f in over if f["end"] - f["start"] <= 2 * (claim.end - claim.start)]
    if any(finding["severity"] == BLOCK for finding in over):
        return
    if over:
        over[0]["severity"] = BLOCK
        return
    said = {"said": claim.text}
    new = Finding("unsupported", BLOCK, claim.start, claim.end, UNSUPPORTED, UNSUPPORTED_HINT, said)
    findings.append(_finding_json(new))


def _contradictions(
    claimed: Sequence[dict[str, Any]], facts: Sequence[Fact], language: str
) -> list[dict[str, Any]]:
    """Return findings for what the text tells of facts that contradict each other."""
    found = []
    for pair in contradictions(facts, language):
        telling = [claim for claim in claimed if pair.keys & set(claim["fact_keys"])]
        for claim in telling[:1]:
            severity = BLOCK if pair.is_certain else WARN
            said = {
                "first": f"{pair.first.key} {pair.first.text}",
                "second": f"{pair.second.key} {pair.second.text}",
            }
            place = (claim["start"], claim["end"])
            found.append(
                Finding("contradiction", severity, *place, CONTRADICTION, CONTRADICTION_HINT, said)
            )
    return [_finding_json(finding) for finding in found]


def _is_blocked(sentence: dict[str, Any], findings: Sequence[dict[str, Any]]) -> bool:
    """Tell whether a finding inside the sentence blocks it already, and more precisely."""
    return any(
        finding["severity"] == BLOCK and sentence["start"] <= finding["start"] < sentence["end"]
        for finding in findings
    )


def facts_as_json(facts: Sequence[Fact]) -> list[dict[str, str]]:
    """Return facts as a draft stores them."""
    return [_fact_json(fact) for fact in facts]


def _fact_json(fact: Fact) -> dict[str, str]:
    return {
        "key": fact.key,
        "value": fact.value,
        "unit": fact.unit,
        "language": fact.language,
        "source": fact.source,
    }


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "start": claim.start,
        "end": claim.end,
        "text": claim.text,
        "fact_keys": list(claim.fact_keys),
        "kind": claim.kind,
    }


def _span_json(start: int, end: int, text: str, keys: list[str], kind: str) -> dict[str, Any]:
    return {
        "start": start,
        "end": end,
        "text": text[start:end],
        "fact_keys": keys,
        "kind": kind,
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "start": finding.start,
        "end": finding.end,
        "message": finding.message,
        "hint": finding.hint,
        "params": dict(finding.params),
        "rule": finding.rule,
        "category": finding.category,
        "law": finding.law,
        "exception": finding.exception,
        "signable": finding.signable,
        "hints": dict(finding.hints),
    }
