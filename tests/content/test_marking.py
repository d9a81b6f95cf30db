"""Texts cut into marked pieces, and the difference of two texts by words."""

import pytest

from guidance.content.marking import Change, marked, word_changes

TEXT = "A mug of oak that weighs 999 g."


def _claim(words: str, *keys: str, kind: str = "value") -> dict[str, object]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "fact_keys": list(keys), "kind": kind}


def _finding(words: str, severity: str, check: str = "number") -> dict[str, object]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "severity": severity, "check": check}


def test_the_pieces_are_the_text_and_each_claim_names_its_facts() -> None:
    pieces = marked(TEXT, [_claim("oak", "material"), _claim("999 g")], [])
    assert "".join(piece.text for piece in pieces) == TEXT
    claims = {piece.text: piece.fact_keys for piece in pieces if piece.is_claim}
    assert claims == {"oak": ("material",), "999 g": ()}


def test_a_claim_inside_a_told_sentence_keeps_its_own_fact() -> None:
    told = _claim(TEXT, "material", "weight", kind="sentence")
    pieces = marked(TEXT, [_claim("oak", "material"), told], [])
    assert [(p.text, p.fact_keys) for p in pieces if p.is_claim] == [("oak", ("material",))]
    assert all(p.fact_keys == ("material", "weight") for p in pieces if p.is_told)


def test_the_worst_finding_over_a_piece_colours_it_and_one_over_all_colours_nothing() -> None:
    findings = [_finding("999 g", "warn"), _finding("999", "block"), _finding(TEXT, "block")]
    pieces = marked(TEXT, [], findings)
    assert {p.text: p.severity for p in pieces if p.severity} == {"999": "block", " g": "warn"}


def test_an_outdated_sentence_leaves_the_claims_that_still_have_facts_alone() -> None:
    outdated = _finding(TEXT[2:], "block", "outdated")
    pieces = marked(TEXT, [_claim("oak", "material"), _claim("999 g")], [outdated])
    assert {p.text: p.severity for p in pieces if p.is_claim} == {"oak": "", "999 g": "block"}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("made of oak", "made of pine", [("removed", "oak"), ("added", "pine")]),
        ("made of oak", "made of dark oak", [("added", "dark ")]),
        ("橡木制成", "松木制成", [("removed", "橡"), ("added", "松")]),
        ("same", "same", []),
    ],
)
def test_changes_are_told_word_by_word(old: str, new: str, changed: list[tuple[str, str]]) -> None:
    changes = word_changes(old, new)
    assert [c for c in changes if c.kind != "same"] == [Change(*change) for change in changed]
    assert "".join(c.text for c in changes if c.kind != "removed") == new
    assert "".join(c.text for c in changes if c.kind != "added") == old
