"""Colours, materials and origins as concepts that both languages name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from models_ml.writer.lexicon import rows, words
from models_ml.writer.terms import Terms

KINDS_OF_CONCEPT = ("material", "colour", "origin")
_TABLES = {"material": "materials", "colour": "colours", "origin": "origins"}
_WHOLE_STUFF = tuple("质制料布艺")


@dataclass(frozen=True)
class Mention:
    """A concept named in text; `doubtful` when the word has other meanings ("iron", "mint")."""

    start: int
    end: int
    concept: str
    doubtful: bool


class ConceptTable:
    """The concepts of one kind."""

    def __init__(self, kind: str) -> None:
        self._broader: dict[str, tuple[str, ...]] = {}
        self._concept_of: dict[str, str] = {}
        self._doubtful: set[str] = set()
        for concept, broader, english, chinese, doubtful in rows(_TABLES[kind]):
            self._broader[concept] = tuple(broader.split())
            self._doubtful.update(words(doubtful))
            for form in (*words(english), *words(chinese)):
                self._concept_of.setdefault(form, concept)
        self._terms = Terms(self._concept_of)

    def find(self, text: str, folded: str | None = None) -> list[Mention]:
        """The concepts named in running text; one Chinese character counts only as in 棉质."""
        mentions = []
        for start, end, form in self._terms.find(text, folded):
            if not form.isascii() and end - start == 1 and text[end : end + 1] not in _WHOLE_STUFF:
                continue
            mentions.append(Mention(start, end, self._concept_of[form], form in self._doubtful))
        return mentions

    def named_in(self, value: str) -> set[str]:
        """All concepts a fact's value states, broader ones included: "navy" also states blue."""
        stated = {self._concept_of[form] for _, _, form in self._terms.find(value)}
        return set().union(*(self.with_broader(concept) for concept in stated)) if stated else set()

    def with_broader(self, concept: str) -> set[str]:
        found, waiting = set(), [concept]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._broader.get(name, ()))
        return found

    def knows(self, word: str) -> bool:
        """Whether `word` (lower case) is one of the table's forms."""
        return word in self._concept_of


@lru_cache(maxsize=8192)
def named_in(kind: str, value: str) -> frozenset[str]:
    """`ConceptTable.named_in`, remembered: facts repeat from product to product."""
    return frozenset(concept_table(kind).named_in(value))


@cache
def concept_table(kind: str) -> ConceptTable:
    """The table for "material", "colour" or "origin", read once per process."""
    return ConceptTable(kind)
