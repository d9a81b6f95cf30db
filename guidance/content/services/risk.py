"""Which drafts take a second pair of eyes even for an edit, and what an edit adds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A campaign promises something that the shop must keep, and no message that was sent comes back.
HIGH_RISK_KINDS = frozenset({"campaign", "push"})
# What the checks found is about prices, or about health.
HIGH_RISK_FINDINGS = frozenset({"price", "health"})

Spans = Sequence[Mapping[str, Any]]


def is_high_risk(*, kind: str, findings: Spans) -> bool:
    """Tell whether a text is of a kind, or says something, that one person alone never changes."""
    found = {finding["check"] for finding in findings}
    found |= {finding["category"] for finding in findings if finding.get("category")}
    return kind in HIGH_RISK_KINDS or bool(found & HIGH_RISK_FINDINGS)


def adds_a_claim(*, before: Spans, after: Spans) -> bool:
    """Tell whether a text claims something that the text before it did not.

    A claim is the facts that carry it and, where none does, its words.
    """
    return bool(_said(after) - _said(before))


def _said(claims: Iterable[Mapping[str, Any]]) -> set[str]:
    said = set()
    for claim in claims:
        keys = claim["fact_keys"]
        said |= {f"fact {key}" for key in keys} or {f"words {claim['text'].casefold()}"}
    return said
