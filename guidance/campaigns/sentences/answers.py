"""A language model's answer as what was understood: believed as far as the sentence bears it out.

Every part quotes its words. A part whose quote does not stand in the sentence, that names what the
shop does not have, or a figure that the quote does not hold, is left out, and its words count as
not understood. What no part quotes is not understood either. Pure.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from guidance.campaigns.audiences.fields import USUAL_RFM_DAYS
from guidance.campaigns.models import Objective, Offer, Trigger
from guidance.campaigns.sentences.parts import Part, Unfounded
from guidance.campaigns.sentences.phrases import (
    BOUGHT_DAYS,
    CART_DAYS,
    NIGHT,
    SEEN_DAYS,
    USUAL_DAYS,
)
from guidance.campaigns.sentences.prompts import LONGEST_QUOTE
from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.sentences.vocabulary import Vocabulary
from guidance.campaigns.sentences.words import words_of

MOST_A_DAY = 1_000_000
LARGEST_OFFER = Decimal(10_000_000)
_AT_NIGHT = re.compile(r"night|sleep|夜|晚|睡", re.IGNORECASE)

Raw = Mapping[str, Any]
Reader = Callable[[Part, Understood], None]


@dataclass(frozen=True)
class Refused:
    """A part that was not believed: its quote, why (`parts.Unfounded`), and what it named."""

    quote: str
    code: str
    said: str


@dataclass
class Answered:
    """What an answer comes to; `accepted` are its parts that were believed, as they came."""

    found: Understood = field(default_factory=Understood)
    accepted: list[Raw] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def take_answer(sentence: str, sent: str, parts: Sequence[Raw], vocabulary: Vocabulary) -> Answered:
    """Return what the parts of an answer make of a sentence, each of which honours the schema.

    `sent` is the sentence as the model saw it, letter for letter as long; what was masked in it
    stays not understood.
    """
    answered, taken = Answered(), [False] * len(sentence)
    for raw in parts:
        try:
            start, end = _place(raw["quote"], sent, taken)
            part = Part(sent[start:end], raw, vocabulary)
            _READERS[raw["means"]](part, answered.found)
        except Unfounded as unfounded:
            quote = raw["quote"][:LONGEST_QUOTE]
            answered.refused.append(Refused(quote, unfounded.code, unfounded.said))
            continue
        answered.accepted.append(raw)
        understood = [True] * (end - start)
        for low, high in part.left_over():
            understood[low:high] = [False] * (high - low)
        for place, is_taken in enumerate(understood, start):
            taken[place] |= is_taken and sent[place] == sentence[place]
    answered.found.words = list(words_of(sentence, taken))
    return answered


def _place(quote: str, sent: str, taken: Sequence[bool]) -> tuple[int, int]:
    """Return where a quote stands, where nothing was taken yet if there; raises Unfounded."""
    words = quote.split()
    if not words:
        raise Unfounded("not_said")
    if len(quote) > LONGEST_QUOTE:
        raise Unfounded("too_long")
    pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    places = [match.span() for match in pattern.finditer(sent)]
    if not places:
        raise Unfounded("not_said")
    free = [(start, end) for start, end in places if not any(taken[start:end])]
    return (free or places)[0]


def _objective(part: Part, found: Understood) -> None:
    _require_first(part, found.objective)
    found.objective = part.choice(Objective.values)


def _trigger(part: Part, found: Understood) -> None:
    _require_first(part, found.trigger)
    trigger, most = part.choice(Trigger.values), part.whole(MOST_A_DAY)
    found.trigger, found.daily_maximum = trigger, most


def _event(kind: str, usual: int) -> Reader:
    def read(part: Part, found: Understood) -> None:
        times, days = part.whole() or 1, part.days(USUAL_DAYS if part.is_negated else usual)
        operator = "did_not" if part.is_negated else "did"
        named = part.names("categories")
        value = {"kind": kind, "times": times, "days": days}
        conditions: list[dict[str, Any]] = [
            {"field": "event", "operator": operator, "value": {**value, **of}}
            for of in ([{"category": path} for path in named] or [{}])
        ]
        if len(conditions) > 1 and not part.is_negated:
            conditions = [{"any": conditions}]
        for condition in conditions:
            found.add(condition)
        if len(named) == 1 and not part.is_negated:
            found.category = found.category or named[0]

    return read


def _cart(part: Part, found: Understood) -> None:
    # "Left a cart and did not pay" denies nothing; who says otherwise may have it backwards.
    if part.is_negated:
        raise Unfounded("negated")
    value = {"days": part.days(CART_DAYS)}
    found.add({"field": "cart_left", "operator": "did", "value": value})


def _joined(part: Part, found: Understood) -> None:
    operator = "at_least" if part.is_negated else "at_most"
    found.add({"field": "joined", "operator": operator, "value": part.days(USUAL_DAYS)})


def _seen(part: Part, found: Understood) -> None:
    if part.is_negated:
        _away(part, found)
        return
    value = part.days(USUAL_DAYS)
    found.add({"field": "last_seen", "operator": "at_most", "value": value})


def _away(part: Part, found: Understood) -> None:
    """Whether the model calls it denied or not: "not seen for a year" is away."""
    found.add({"field": "last_seen", "operator": "at_least", "value": part.days(SEEN_DAYS)})


def _among(name: str, kind: str) -> Reader:
    def read(part: Part, found: Understood) -> None:
        operator = "not_in" if part.is_negated else "in"
        found.add({"field": name, "operator": operator, "value": part.some_names(kind)})

    return read


def _segment(part: Part, found: Understood) -> None:
    operator = "not_in" if part.is_negated else "in"
    value = {"segments": part.some_names("segments"), "days": part.days(USUAL_RFM_DAYS)}
    found.add({"field": "rfm", "operator": operator, "value": value})


def _spent(part: Part, found: Understood) -> None:
    amount, currency = part.amount(is_off=False)
    days = part.days(BOUGHT_DAYS)
    value = {
        "amount": str(amount),
        "currency": currency or part.vocabulary.currency,
        "days": days,
    }
    operator = "less_than" if part.is_negated else "at_least"
    found.add({"field": "spent", "operator": operator, "value": value})


def _percent_off(part: Part, found: Understood) -> None:
    percent = part.percent()
    _require_first(part, found.offer_kind)
    found.offer_kind, found.offer_value = Offer.Kind.PERCENT, percent


def _amount_off(part: Part, found: Understood) -> None:
    amount, currency = part.amount(is_off=True)
    if amount > LARGEST_OFFER:
        raise Unfounded("number", amount)
    _require_first(part, found.offer_kind)
    found.offer_kind, found.offer_value = Offer.Kind.AMOUNT, amount
    found.offer_currency = currency


def _free_shipping(part: Part, found: Understood) -> None:
    _require_first(part, found.offer_kind)
    found.offer_kind, found.offer_value = Offer.Kind.FREE_SHIPPING, Decimal(0)


def _about(part: Part, found: Understood) -> None:
    _require_first(part, "")
    named = part.some_names("categories")
    if len(named) > 1:
        raise Unfounded("second", named[1])
    found.category = found.category or named[0]


def _quiet(part: Part, found: Understood) -> None:
    if part.given["time"] is None and part.given["until"] is None:
        if not _AT_NIGHT.search(part.text):
            raise Unfounded("time")
        found.quiet = NIGHT
    else:
        found.quiet = part.time(), part.time("until")


def _send_at(part: Part, found: Understood) -> None:
    _require_first(part, found.send_at)
    found.send_at = part.time()


def _require_first(part: Part, found: object) -> None:
    """Refuse a second of what there is one of, and the opposite of what has none."""
    if part.is_negated:
        raise Unfounded("negated")
    if found:
        raise Unfounded("second")


_READERS: Mapping[str, Reader] = {
    "objective": _objective,
    "bought": _event("purchase", BOUGHT_DAYS),
    "looked_at": _event("view", USUAL_DAYS),
    "put_in_cart": _event("cart", USUAL_DAYS),
    "cart_left": _cart,
    "joined": _joined,
    "seen": _seen,
    "away": _away,
    "tier": _among("tier", "tiers"),
    "country": _among("country", "countries"),
    "segment": _segment,
    "spent": _spent,
    "percent_off": _percent_off,
    "amount_off": _amount_off,
    "free_shipping": _free_shipping,
    "about": _about,
    "quiet": _quiet,
    "send_at": _send_at,
    "trigger": _trigger,
}
