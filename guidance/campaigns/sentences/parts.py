"""One part of a language model's answer, held against the words that it quotes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any

from guidance.campaigns.audiences.fields import MOST_TIMES
from guidance.campaigns.sentences.evidence import (
    Figure,
    Span,
    amounts,
    clock,
    figures,
    measures,
    percents,
    spans_of_days,
)
from guidance.campaigns.sentences.phrases import MOST_DAYS
from guidance.campaigns.sentences.vocabulary import Vocabulary

# A month is said to have 28 to 31 days.
DAYS_OFF = Decimal("0.07")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_OFF = re.compile(r"\boff\b|\bdiscount\b|减|优惠|省|折扣", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|no|never|without|except|excluding|neither|nor)\b|n['’]t\b"
    r"|不|没|未|非(?!常)|除了?|勿|无|别(?=在|给|发|让)",
    re.IGNORECASE,
)
_ALTERNATIVE = re.compile(r"\b(?:or|either)\b|或者?|还是", re.IGNORECASE)
_DENIES_ANYWAY = frozenset({"cart_left", "away", "quiet"})


class Unfounded(Exception):
    """The sentence or the shop does not bear a part out; `code` says why, `said` what it named."""

    def __init__(self, code: str, said: object = "") -> None:
        super().__init__(code)
        self.code, self.said = code, str(said)[:100]


@dataclass
class Part:
    """What a model says that a piece of the sentence means.

    `used` gathers the pieces of the quote that something was made of, in letters of the quote.
    """

    text: str
    given: Mapping[str, Any]
    vocabulary: Vocabulary
    used: list[Span] = field(default_factory=list)
    resolved: set[str] = field(default_factory=set)

    @property
    def is_negated(self) -> bool:
        return bool(self.given["negated"])

    def names(self, kind: str) -> list[str]:
        """Return the shop's things of a kind that are named, each once; raises Unfounded.

        Where the quote holds such names itself, it must be these.
        """
        known: Mapping[str, str] = getattr(self.vocabulary, kind)
        found = []
        for name in self.given["names"]:
            value = known.get(" ".join(name.split()).casefold())
            if value is None:
                raise Unfounded("name", name)
            found.append(value)
        spoken = {value for value, _span in shop_names(self.text, known)}
        if spoken and (others := [value for value in found if value not in spoken]):
            raise Unfounded("name_not_said", others[0])
        self.resolved.update(found)
        return list(dict.fromkeys(found))

    def some_names(self, kind: str) -> list[str]:
        """Return the things that are named, at least one; raises Unfounded."""
        found = self.names(kind)
        if not found:
            raise Unfounded("name")
        return found

    def choice(self, values: list[str]) -> str:
        """Return the one of our own words that is named; raises Unfounded."""
        name = self.given["names"][0] if self.given["names"] else ""
        if name not in values:
            raise Unfounded("name", name)
        return str(name)

    def days(self, usual: int) -> int:
        """Return the span of time that is said, else the usual one; raises Unfounded."""
        wanted, said = _exact(self.given["days"]), list(spans_of_days(self.text))
        if wanted is None and len(said) != 1:
            return usual
        for one in said:
            if wanted is None or abs(one.value - wanted) <= one.value * DAYS_OFF:
                self.used.append(one.span)
                return min(int(one.value), MOST_DAYS)
        raise Unfounded("number", wanted)

    def whole(self, most: int = MOST_TIMES) -> int | None:
        """Return the whole number that is said, if one is; raises Unfounded."""
        wanted = _exact(self.given["number"])
        if wanted is None:
            return None
        others = [one.span for one in (*spans_of_days(self.text), *percents(self.text))]
        for one in figures(self.text):
            if any(start <= one.start and one.end <= end for start, end in others):
                continue
            if one.value == wanted and 1 <= one.value <= most and one.value % 1 == 0:
                self.used.append(one.span)
                return int(one.value)
        raise Unfounded("number", f"{wanted:g}")

    def percent(self) -> Decimal:
        """Return the percent that is said; raises Unfounded."""
        one = self._figure(percents(self.text))
        if not 0 < one.value <= 100:
            raise Unfounded("number", f"{one.value:f}")
        return one.value

    def amount(self, *, is_off: bool) -> tuple[Decimal, str]:
        """Return the money that is said and its currency, '' where none is said; raises
        Unfounded."""
        said = amounts(self.text)
        one = self._figure(one for one in said if one.unit or not is_off or _OFF.search(self.text))
        wanted = (self.given["currency"] or "").upper()
        if wanted and wanted != (one.unit or self.vocabulary.currency):
            raise Unfounded("currency", wanted)
        if one.value <= 0:
            raise Unfounded("number", f"{one.value:f}")
        return one.value, one.unit

    def time(self, name: str = "time") -> time:
        """Return the time of day that is said; raises Unfounded."""
        wanted = self.given[name] or ""
        match = _CLOCK.fullmatch(wanted)
        at = time(int(match[1]), int(match[2])) if match else None
        spans = clock(self.text, at) if at is not None else None
        if at is None or spans is None:
            raise Unfounded("time", wanted)
        self.used += spans
        return at

    def left_over(self) -> Iterator[Span]:
        """Yield the pieces of the quote that say something nothing was made of.

        Numbers, names of the shop, "or" and "not": a model that passes over them has understood
        something else than was said.
        """
        telling = [one.span for one in measures(self.text)]
        for kind in (self.vocabulary.categories, self.vocabulary.tiers, self.vocabulary.countries):
            named = shop_names(self.text, kind)
            telling += [span for value, span in named if value not in self.resolved]
        if len(self.given["names"]) < 2:
            telling += [match.span() for match in _ALTERNATIVE.finditer(self.text)]
        if not self.is_negated and self.given["means"] not in _DENIES_ANYWAY:
            telling += [match.span() for match in _NEGATION.finditer(self.text)]
        for start, end in telling:
            if not any(low <= start and end <= high for low, high in self.used):
                yield start, end

    def _figure(self, said: Iterator[Figure]) -> Figure:
        wanted = _exact(self.given["number"])
        for one in said:
            if one.value == wanted:
                self.used.append(one.span)
                return one
        raise Unfounded("number", "" if wanted is None else f"{wanted:g}")


def _exact(wanted: float | None) -> Decimal | None:
    """Return a number of an answer as figures of the text are: 30.0 is a whole number too."""
    return None if wanted is None else Decimal(str(wanted))


def shop_names(text: str, known: Mapping[str, str]) -> list[tuple[str, Span]]:
    """Return what the shop's names in a text stand for, and where; the longer name goes first."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = text
    found: list[tuple[str, Span]] = []
    for name in sorted((name for name in known if name in folded), key=len, reverse=True):
        edge = r"(?<!\w){}s?(?!\w)" if name.isascii() else "{}"
        for match in re.finditer(edge.format(re.escape(name)), folded):
            start, end = match.span()
            if not any(low < end and start < high for _value, (low, high) in found):
                found.append((known[name], (start, end)))
    return found
