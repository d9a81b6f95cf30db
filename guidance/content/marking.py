"""A text cut into pieces, each with the facts that carry it and what the checks say of it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from models_ml.writer.checks import BLOCK, WARN

# A claim as wide as its sentence, and the finding that what the sentence tells has changed.
SENTENCE, OUTDATED = "sentence", "outdated"
_WORDS = re.compile(r"\s+|[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")


@dataclass(frozen=True)
class Piece:
    """A run of text. `severity` is '', 'warn' or 'block'; `is_told`: only its sentence has."""

    text: str
    fact_keys: tuple[str, ...] = ()
    is_claim: bool = False
    is_told: bool = False
    severity: str = ""
    findings: tuple[int, ...] = ()


@dataclass(frozen=True)
class Change:
    """A run of words that two texts share, or that only one of them has."""

    kind: str
    text: str


def marked(
    text: str, claims: Sequence[dict[str, Any]], findings: Sequence[dict[str, Any]]
) -> list[Piece]:
    """Cut `text` where a claim or finding begins or ends; findings on all of it mark nothing."""
    spot = [
        (number, finding)
        for number, finding in enumerate(findings)
        if not (finding["start"] == 0 and finding["end"] >= len(text))
    ]
    spans = [*claims, *(finding for _number, finding in spot)]
    edges = {0, len(text)} | {min(span[edge], len(text)) for span in spans for edge in _EDGES}
    return [
        _piece(text[start:end], _over(claims, start, end), _over_numbered(spot, start, end))
        for start, end in pairwise(sorted(edges))
    ]


def word_changes(old: str, new: str) -> list[Change]:
    """Return the difference word by word, and character by character in Chinese."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    changes = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            changes.append(Change("same", "".join(before[i1:i2])))
            continue
        if i1 < i2:
            changes.append(Change("removed", "".join(before[i1:i2])))
        if j1 < j2:
            changes.append(Change("added", "".join(after[j1:j2])))
    return changes


_EDGES = ("start", "end")


def _over(spans: Iterable[dict[str, Any]], start: int, end: int) -> list[dict[str, Any]]:
    return [span for span in spans if span["start"] <= start and end <= span["end"]]


def _over_numbered(
    spans: Iterable[tuple[int, dict[str, Any]]], start: int, end: int
) -> list[tuple[int, dict[str, Any]]]:
    return [(n, span) for n, span in spans if span["start"] <= start and end <= span["end"]]


def _piece(
    text: str, claims: Sequence[dict[str, Any]], findings: Sequence[tuple[int, dict[str, Any]]]
) -> Piece:
    direct = [claim for claim in claims if claim["kind"] != SENTENCE]
    carriers = direct or claims
    is_carried = any(claim["fact_keys"] for claim in direct)
    severities = {
        finding["severity"]
        for _number, finding in findings
        if not (is_carried and finding["check"] == OUTDATED)
    }
    return Piece(
        text=text,
        fact_keys=tuple(dict.fromkeys(key for c in carriers for key in c["fact_keys"])),
        is_claim=bool(direct),
        is_told=bool(claims) and not direct,
        severity=next((known for known in (BLOCK, WARN) if known in severities), ""),
        findings=tuple(number for number, _finding in findings),
    )
