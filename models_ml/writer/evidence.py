"""What a product's facts and title support: the shared ground of the checks and of the claims."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models_ml.writer.concepts import KINDS_OF_CONCEPT, named_in
from models_ml.writer.facts import TITLE_KEY, Fact, is_brand, key_info
from models_ml.writer.naming import called
from models_ml.writer.negation import denies, is_refusal
from models_ml.writer.phrases import NO, YES
from models_ml.writer.quantities import Quantity, agree, quantities_of
from models_ml.writer.terms import Terms, contains, fold, places
from models_ml.writer.units import UNITS, Unit

_UNIT_IN_KEY = re.compile(r"[(（]\s*([^)）]+?)\s*[)）]\s*$")
_KEY_UNITS = {"gsm": "gsm", "thread_count": "tc", "age_range": "year"}
_LEADING_PREPOSITION = re.compile(r"^(?:with|for|in|from)\s+", re.IGNORECASE)
_SPLIT = re.compile(r"\s*(?:,|;|/|、|，|；|\band\b|\bor\b|&|和|或)\s*")


@dataclass(frozen=True)
class Support:
    """How the facts bear on a quantity: "stated", "unit_missing", "unit_differs" or "unknown"."""

    status: str
    keys: tuple[str, ...] = ()
    known: str = ""


class Evidence:
    """Facts of every language and the title, indexed; keys are spelled as the facts do."""

    def __init__(self, facts: Sequence[Fact], title: str) -> None:
        self._statements = [(fact.key, _stated(fact)) for fact in facts]
        if title:
            self._statements.append((TITLE_KEY, title))
        spoken_keys = [fact.key for fact in facts if fact.value.strip().lower() not in NO]
        self._folded = fold(" \n ".join([*(text for _, text in self._statements), *spoken_keys]))
        self._facts = tuple(facts)
        self._title = title
        self._quantities = [pair for fact in facts for pair in _quantities_in(fact)]
        self._quantities += [(quantity, TITLE_KEY) for quantity in quantities_of(title)]
        self._concepts = self._stated_concepts()
        names = called(title, facts)
        self._values: dict[str, set[str]] = defaultdict(set)
        for fact in facts:
            for value in _values_of(fact):
                self._values[fold(value)].add(fact.key)
        for words, cited in names.items():
            self._values[fold(words)].update(cited)
        self.value_terms = Terms(self._values)
        brands = [fact.value for fact in facts if is_brand(fact) and len(fact.value) > 1]
        self._names = Terms([*names, *brands])

    def _stated_concepts(self) -> dict[tuple[str, str], set[str]]:
        stated: dict[tuple[str, str], set[str]] = defaultdict(set)
        for key, text in self._statements:
            for kind in KINDS_OF_CONCEPT:
                for concept in named_in(kind, text):
                    stated[kind, concept].add(key)
        return stated

    def name_spans(self, text: str) -> list[tuple[int, int]]:
        """Where `text` calls the product or its brand by name."""
        return [(start, end) for start, end, _ in self._names.find(text)]

    def keys_of_value(self, value: str) -> tuple[str, ...]:
        """The facts whose value, or a part of whose listed values, is `value`."""
        return tuple(sorted(self._values.get(fold(value), ())))

    def keys_of_concept(self, kind: str, concept: str) -> tuple[str, ...]:
        """The facts, or the title, that state a concept."""
        return tuple(sorted(self._concepts.get((kind, concept), ())))

    def contains(self, words: str) -> bool:
        """Whether these very words stand in a fact or in the title."""
        return contains(self._folded, words)

    def affirms(self, words: str) -> bool:
        """Whether a fact or the title says these very words, and none denies them."""
        told = [said for fact in self._facts for said in _told_of(fact, words)]
        told += [not denies(self._title, *place) for place in places(self._title, words)]
        return bool(told) and all(told)

    def originates(self, place: str) -> bool:
        """Whether every fact on the origin, and there is one, names this place and no other."""
        told = [fact for fact in self._facts if key_info(fact.key).name == "origin"]
        return bool(told) and all(
            place in named_in("origin", fact.value) and not is_refusal(fact.value) for fact in told
        )

    def keys_containing(self, words: str) -> tuple[str, ...]:
        """The facts, or the title, in which these very words stand."""
        keys = [key for key, text in self._statements if contains(text, words)]
        return tuple(dict.fromkeys(keys))

    def support(self, said: Quantity) -> Support:
        """Whether a quantity in text is stated by a fact or by the title."""
        if said.form == "code":
            containing = self.keys_containing(said.text)
            return Support("stated" if containing else "unknown", containing)
        stating = [key for known, key in self._quantities if agree(said, known)]
        if stating:
            return Support("stated", tuple(dict.fromkeys(stating)))
        same = [
            (known, key)
            for known, key in self._quantities
            if known.form != "code" and known.value == said.value
        ]
        if same:
            known, key = same[0]
            bare = said.unit is None and not said.counted
            return Support("unit_missing" if bare else "unit_differs", (key,), known.text)
        near = [
            (known, key)
            for known, key in self._quantities
            if known.unit and known.dimension == said.dimension
        ]
        return Support("unknown", (), near[0][0].text if near else "")


def _told_of(fact: Fact, words: str) -> Iterator[bool]:
    """For each place where the fact names `words`, whether it says yes to them."""
    key = fact.key.replace("_", " ")
    is_refused = is_refusal(fact.value)
    for place in places(key, words):
        yield not is_refused and not denies(key, *place)
    for place in places(fact.text, words):
        yield not is_refusal(key) and not denies(fact.text, *place)


def _stated(fact: Fact) -> str:
    """What the fact says: of a "yes", the words of its key."""
    return fact.key.replace("_", " ") if fact.value.strip().lower() in YES else fact.text


def _quantities_in(fact: Fact) -> list[tuple[Quantity, str]]:
    implied = _implied_unit(fact)
    found = []
    for quantity in quantities_of(fact.text):
        if quantity.unit is None and implied and quantity.form == "digits":
            found.append((replace(quantity, unit=implied), fact.key))
        found.append((quantity, fact.key))
    return found


def _implied_unit(fact: Fact) -> Unit | None:
    """The unit that the key tells: "Power (W)" or "GSM"."""
    if fact.unit:
        return None
    in_key = _UNIT_IN_KEY.search(fact.key)
    named = quantities_of(f"1 {in_key.group(1)}") if in_key else ()
    if named and named[0].unit:
        return named[0].unit
    return UNITS.get(_KEY_UNITS.get(key_info(fact.key).name, ""))


def _values_of(fact: Fact) -> list[str]:
    """The value as a whole and the members of a list, unless too short to tell anything.

    A yes-and-no fact is told by the words of its key.
    """
    if fact.value.strip().lower() in YES:
        key = fact.key.replace("_", " ")
        return [key_info(fact.key).name, fact.key, re.sub(r"(?i)\s+included$", "", key)]
    whole = _LEADING_PREPOSITION.sub("", fact.value.strip())
    parts = {whole, *_SPLIT.split(whole)}
    least = 2 if re.search(r"[\u3400-\u9fff]", fact.value) else 3
    return [part for part in parts if len(part) >= least and not re.fullmatch(r"[\d.,\s]+", part)]
