"""Trying rules on the shop's copy before they are active: what newly fails, what no longer does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import Draft, PublishedCopy, RulePackVersion
from guidance.content.selectors.rules import active_rules, copy_of_pack, rules_with
from models_ml.writer.checks import BLOCK, Finding, check_wording
from models_ml.writer.facts import LANGUAGES, Fact, has_han
from models_ml.writer.rules.engine import CompiledRules

# What one request may look at: 1,000 texts under two sets of rules take about two seconds.
MOST_TEXTS = 1_000
MOST_SHOWN = 50
MOST_SENTENCES = 200
LIVE, WAITING, PASTED = "live", "waiting", "pasted"


@dataclass(frozen=True)
class Difference:
    """A text that the new rules judge otherwise, with the findings that come or go."""

    where: str
    label: str
    text: str
    appears: list[Finding]
    disappears: list[Finding]

    @property
    def is_blocked(self) -> bool:
        return any(finding.severity == BLOCK for finding in self.appears)


@dataclass
class Trial:
    """What a version would change. `sentences` are those pasted, each with all its findings."""

    texts: int = 0
    is_partial: bool = False
    newly_failing: int = 0
    newly_warning: int = 0
    no_longer: int = 0
    differences: list[Difference] = field(default_factory=list)
    sentences: list[tuple[str, list[Finding]]] = field(default_factory=list)


@dataclass(frozen=True)
class _Text:
    where: str
    text: str
    language: str
    product: Product | None = None


def try_version(*, version: RulePackVersion, sentences: Sequence[str] = ()) -> Trial:
    """Compare a version with what is active, on live copy, waiting drafts and pasted sentences.

    The newest texts of the version's market are looked at, MOST_TEXTS of each kind at most.
    """
    trial = Trial()
    tried = set[str]()
    for language, market in copy_of_pack(version.pack, LANGUAGES):
        today = active_rules(language, market)
        changed = rules_with(version, today.pack.key)
        texts = list(_texts(language, market, trial))
        facts = facts_of([text.product for text in texts if text.product], language)
        for text in texts:
            _compare(text, facts, today, changed, trial)
        is_new, is_chinese = language not in tried, language == "zh-hans"
        tried.add(language)
        pasted = [s for s in sentences[:MOST_SENTENCES] if is_new and has_han(s) == is_chinese]
        for sentence in pasted:
            _compare(_Text(PASTED, sentence, language), {}, today, changed, trial)
            trial.sentences.append((sentence, _findings(sentence, (), "", language, changed)))
    return trial


def _texts(language: str, market: str, trial: Trial) -> Iterator[_Text]:
    same = {"language": language, "market": market}
    live = PublishedCopy.objects.filter(**same, status=PublishedCopy.Status.LIVE)
    for copy in _newest(live.select_related("publication", "product__category"), trial):
        yield _Text(LIVE, copy.publication.text, language, copy.product)
    waiting = Draft.objects.waiting().filter(**same)
    for draft in _newest(waiting.select_related("product__category"), trial):
        yield _Text(WAITING, draft.text, language, draft.product)


def _newest(rows: Any, trial: Trial) -> list[Any]:
    found = list(rows.order_by("-id")[: MOST_TEXTS + 1])
    trial.is_partial = trial.is_partial or len(found) > MOST_TEXTS
    return found[:MOST_TEXTS]


def _compare(
    text: _Text,
    facts: dict[int, list[Fact]],
    today: CompiledRules,
    changed: CompiledRules,
    trial: Trial,
) -> None:
    known = facts.get(text.product.pk, []) if text.product else []
    title = text.product.title_in(text.language) if text.product else ""
    before, after = (
        _findings(text.text, known, title, text.language, rules) for rules in (today, changed)
    )
    appears, disappears = _without(after, before), _without(before, after)
    trial.texts += text.where != PASTED
    if not appears and not disappears:
        return
    label = title or text.where
    difference = Difference(text.where, label, text.text, appears, disappears)
    trial.newly_failing += difference.is_blocked
    trial.newly_warning += bool(appears) and not difference.is_blocked
    trial.no_longer += bool(disappears) and not appears
    if len(trial.differences) < MOST_SHOWN:
        trial.differences.append(difference)


def _findings(
    text: str, facts: Sequence[Fact], title: str, language: str, rules: CompiledRules
) -> list[Finding]:
    return check_wording(text, facts=facts, title=title, language=language, rules=rules)


def _without(found: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    """Return what is found at a place or with a severity that is not known."""
    places = {(finding.start, finding.end, finding.severity) for finding in known}
    return [f for f in found if (f.start, f.end, f.severity) not in places]
