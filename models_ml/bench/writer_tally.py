"""What one set of texts came to: recall, support, wording, form, variety and pace."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models_ml.bench.second_checker import SecondChecker, statements_of
from models_ml.bench.variety import distinct_2, self_bleu
from models_ml.bench.writer_cases import Case
from models_ml.bench.writer_slots import Reader, slots
from models_ml.writer.checks import Finding, check
from models_ml.writer.checks.lengths import measure as measured_length
from models_ml.writer.claims import claims
from models_ml.writer.evidence import Evidence
from models_ml.writer.experience import first_person_experience
from models_ml.writer.openings import opening
from models_ml.writer.quantities import find_quantities
from models_ml.writer.terms import Terms

_EXAMPLES = 12


@dataclass
class Tally:
    """Counts over the texts of one kind and language; a case without text has only its slots."""

    language: str
    texts: list[str] = field(default_factory=list)
    slots: int = 0
    told: int = 0
    unsupported: int = 0
    unsupported_second: int = 0
    numbers: int = 0
    true_numbers: int = 0
    banned: int = 0
    experiences: int = 0
    blocked: int = 0
    warned: int = 0
    lengths: list[int] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    examples: Counter[str] = field(default_factory=Counter)
    examples_second: Counter[str] = field(default_factory=Counter)

    def miss(self, case: Case) -> None:
        """Count a case for which nothing was written: its facts are owed all the same."""
        owed = list(slots(case))
        self.slots += len(owed)
        self.untold.update(fact.key for fact in owed)

    def add(self, case: Case, text: str, findings: Sequence[Finding], brands: Terms) -> None:
        """Count one text with the findings of its checks."""
        self.texts.append(text)
        self._read_slots(case, text)
        self._read_claims(case, text, brands)
        names = [case.title, *(fact.value for fact in case.facts)]
        self.experiences += len(first_person_experience(text, self.language, names))
        self.banned += sum(finding.check == "banned" for finding in findings)
        self.blocked += any(finding.severity == "block" for finding in findings)
        self.warned += any(finding.severity == "warn" for finding in findings)
        self.findings.update({f"{finding.severity} {finding.check}" for finding in findings})
        self.lengths.append(measured_length(text, self.language))

    def _read_slots(self, case: Case, text: str) -> None:
        reader = Reader(text)
        for fact in slots(case):
            self.slots += 1
            if reader.tells(fact):
                self.told += 1
            else:
                self.untold[fact.key] += 1

    def _read_claims(self, case: Case, text: str, brands: Terms) -> None:
        said = claims(text, case.facts, case.title, case.language, brands)
        alone = [claim.text for claim in said if not claim.is_supported]
        pairs = [(fact.key, fact.text) for fact in case.facts]
        second = SecondChecker(statements_of(case.title, pairs)).unsupported(text)
        self.unsupported += len(alone)
        self.unsupported_second += len(second)
        self.examples.update(alone)
        self.examples_second.update(second)
        evidence = Evidence(case.facts, case.title)
        found = find_quantities(text)
        self.numbers += len(found)
        self.true_numbers += sum(evidence.support(one).status == "stated" for one in found)

    def _commonest_opening(self) -> dict[str, float]:
        """The opening that most texts share, and their share."""
        counted = Counter(opening(text) for text in self.texts)
        return {text: share(count, len(self.texts)) for text, count in counted.most_common(1)}

    def figures(self, seed: int) -> dict[str, Any]:
        """The figures as they go into the report; shares are 0 to 1, BLEU 0 to 100."""
        count = max(len(self.texts), 1)
        return {
            "texts": len(self.texts),
            "slots": self.slots,
            "slot_recall": share(self.told, self.slots),
            "unsupported_claims": round(self.unsupported / count, 4),
            "unsupported_claims_second": round(self.unsupported_second / count, 4),
            "numeric_fidelity": share(self.true_numbers, self.numbers) if self.numbers else 1.0,
            "banned_words": round(self.banned / count, 4),
            "first_person_experience": round(self.experiences / count, 4),
            "share_blocked": share(self.blocked, len(self.texts)),
            "share_warned": share(self.warned, len(self.texts)),
            "length": _spread(self.lengths),
            "distinct_2": round(distinct_2(self.texts, self.language), 4),
            "self_bleu": round(self_bleu(self.texts, self.language, seed), 2),
            "commonest_opening": self._commonest_opening(),
            "findings": dict(self.findings.most_common()),
            "untold_keys": dict(self.untold.most_common(_EXAMPLES)),
            "unsupported_examples": dict(self.examples.most_common(_EXAMPLES)),
            "unsupported_examples_second": dict(self.examples_second.most_common(_EXAMPLES)),
        }


def catch_swapped(cases: Sequence[Case], texts: Sequence[str], brands: Terms) -> dict[str, float]:
    """The share of texts in which each checker objects when the facts are another product's.

    A checker that finds nothing in a writer's texts must find much in these.
    """
    first = second = 0
    for index, text in enumerate(texts):
        case = cases[(index + len(cases) // 2) % len(cases)]
        said = claims(text, case.facts, case.title, case.language, brands)
        pairs = [(fact.key, fact.text) for fact in case.facts]
        first += any(not claim.is_supported for claim in said)
        second += bool(SecondChecker(statements_of(case.title, pairs)).unsupported(text))
    return {
        "swapped_facts_caught": share(first, len(texts)),
        "swapped_facts_caught_second": share(second, len(texts)),
    }


def share(part: float, whole: float) -> float:
    """`part` of `whole`, 0 where there is nothing."""
    return round(part / whole, 4) if whole else 0.0


def _spread(lengths: Sequence[int]) -> dict[str, float]:
    """Median and extremes, in words of English or characters of Chinese."""
    if not lengths:
        return {"median": 0, "least": 0, "most": 0}
    return {"median": statistics.median(lengths), "least": min(lengths), "most": max(lengths)}


def score_human(cases: Sequence[Case], brands: Terms, seed: int) -> dict[str, Any]:
    """The same figures for what people wrote, right or wrong."""
    tally = Tally(cases[0].language)
    shares: Counter[str] = Counter()
    for case in cases:
        text = case.prose or case.human
        findings = check(
            text,
            facts=case.facts,
            title=case.title,
            language=case.language,
            kind="description",
            brands=brands,
        )
        shares.update({f"{finding.severity} {finding.check}" for finding in findings})
        tally.add(case, text, findings, brands)
    figures = tally.figures(seed)
    figures["share_with_finding"] = {
        name: share(count, len(cases)) for name, count in shares.most_common()
    }
    return figures
