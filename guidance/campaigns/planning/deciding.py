"""What a plan decides: for each shopper a message, or the first reason why there is none.

Pure: columns in, columns out. Whether a shopper is held out is decided last and by their pseudonym
alone, so that those who get nothing differ from those who get something by chance only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from guidance.campaigns.models import Verdict
from guidance.campaigns.planning.buckets import buckets_of
from guidance.campaigns.planning.choosing import (
    CHANNEL,
    Choice,
    People,
    Picked,
    Wording,
    bit_of,
    pick,
)
from guidance.campaigns.planning.shoppers import Bools, Floats, Ints, Shoppers, Words

NOTHING = -1


@dataclass(frozen=True)
class Benefit:
    """An offer of the campaign, what one use of it is expected to cost, and how many are left.

    `left` is None where as many are given as are wanted.
    """

    id: int
    tiers: Sequence[str]
    cost: float
    left: int | None = None


@dataclass(frozen=True)
class Terms:
    """What the campaign fixes for everybody. `default_language` is of those who told none."""

    key: str
    wordings: Sequence[Wording]
    benefits: Sequence[Benefit]
    default_language: str
    holdout: float
    needs_consent: bool
    is_capped: bool
    contact_cost: float
    response_value: float | None
    budget: float | None
    choice: Choice = field(default_factory=Choice)

    @property
    def channels(self) -> list[str]:
        """The channels in the order in which they are tried."""
        return list(dict.fromkeys(wording.channel for wording in self.wordings))


@dataclass
class Decided:
    """Columns of a plan: verdicts, ids of messages and offers (`NOTHING`), times, costs, uplift."""

    verdict: Ints
    message: Ints
    offer: Ints
    due: Ints
    cost: Floats
    profit: Floats
    uplift: Floats
    # In the campaign's holdout, and in the one over everything.
    is_held: Bools
    is_held_out: Bools
    # How probable the wording was, the place of its arm, why it was chosen, and of what features.
    propensity: Floats = field(default_factory=lambda: np.empty(0))
    arm: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    why: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    context: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def decide(shoppers: Shoppers, terms: Terms, *, due: Ints, allowed: Bools) -> Decided:
    """Return what is decided of each shopper but for the budget and the holdout.

    `due` is when a message would leave, `allowed` whether that lies before the campaign's end.
    """
    count = len(shoppers)
    offer, cost, eligible = _offers(shoppers.tiers, terms)
    verdict = np.full(count, NOTHING, dtype=np.int64)
    picked = Picked.nothing(count)
    for channel in terms.channels:
        found, chosen = _over(channel, shoppers, terms)
        first = verdict == NOTHING
        takes_over = (found == Verdict.SEND) & (verdict != Verdict.SEND)
        verdict = np.where(first | takes_over, found, verdict)
        picked.take(takes_over, chosen)
    verdict[verdict == NOTHING] = Verdict.NO_TEXT
    verdict = _first_reason(verdict, shoppers.is_served, Verdict.ALREADY)
    verdict = _first_reason(verdict, shoppers.is_taken, Verdict.HIGHER_PRIORITY)
    verdict = _first_reason(verdict, ~allowed, Verdict.QUIET_HOURS)
    verdict = np.where(eligible, verdict, Verdict.NOT_ELIGIBLE)
    profit = _profit(shoppers.uplift, cost, terms)
    verdict = _first_reason(verdict, profit <= 0, Verdict.NOT_MOVED)
    held = buckets_of(seed=f"{terms.key}:holdout", units=list(shoppers.refs)) < terms.holdout
    return Decided(
        *(verdict, picked.message, offer, due, cost, profit, shoppers.uplift),
        *(held, shoppers.is_held_out),
        propensity=picked.propensity,
        arm=picked.arm,
        why=picked.why,
        context=picked.context,
    )


def settle(decided: Decided, terms: Terms) -> None:
    """Take out, over the whole audience, the holdout and those for whom budget or coupons are not
    enough.

    Who earns most per message goes first, who is not known in the middle; at the same profit, the
    lower id. The held out cost nothing, but for whom in their place there would have been nothing
    left is not held out either: else they would differ from the others.
    """
    for benefit in terms.benefits:
        if benefit.left is not None:
            order = _by_profit(decided, decided.offer == benefit.id)
            takes = ~_is_free(decided)[order]
            before: Ints = np.cumsum(takes) - takes
            decided.verdict[order[before >= benefit.left]] = Verdict.NO_COUPON
    if terms.budget is not None:
        order = _by_profit(decided)
        cost = decided.cost[order]
        paid = np.where(_is_free(decided)[order], 0.0, cost)
        needed = np.cumsum(paid) - paid + cost
        decided.verdict[order[needed > terms.budget + 1e-9]] = Verdict.BUDGET
    wanted = decided.verdict == Verdict.SEND
    decided.verdict[wanted & decided.is_held] = Verdict.HOLDOUT
    decided.verdict[wanted & decided.is_held_out] = Verdict.EXPERIMENT
    without = decided.verdict != Verdict.SEND
    decided.message[without] = NOTHING
    decided.offer[without] = NOTHING
    decided.due[without] = NOTHING


def _by_profit(decided: Decided, among: Bools | None = None) -> Ints:
    """Return the places of those who would get a message, the most profitable first."""
    wanted = decided.verdict == Verdict.SEND
    places = np.flatnonzero(wanted if among is None else wanted & among)
    profit = decided.profit[places]
    known = profit[np.isfinite(profit)]
    usual = float(known.mean()) if len(known) else 0.0
    return places[np.argsort(-np.where(np.isfinite(profit), profit, usual), kind="stable")]


def _is_free(decided: Decided) -> Bools:
    return decided.is_held | decided.is_held_out


def _first_reason(verdict: Ints, holds: Bools, reason: Verdict) -> Ints:
    """Give a reason to those who would get a message and for whom it holds."""
    return np.where((verdict == Verdict.SEND) & holds, reason, verdict)


def _over(channel: str, shoppers: Shoppers, terms: Terms) -> tuple[Ints, Picked]:
    """Return verdicts and wordings as if the channel were the only one."""
    facts = shoppers.channels[channel]
    picked = _wordings(channel, shoppers, terms)
    verdict = np.full(len(shoppers), Verdict.SEND, dtype=np.int64)
    # Last first: the reason that stands is the one that comes first here.
    verdict[facts.is_capped & terms.is_capped] = Verdict.CAP
    verdict[picked.message == NOTHING] = Verdict.NO_TEXT
    verdict = np.where(facts.barred > 0, facts.barred, verdict)
    if terms.needs_consent:
        verdict[~facts.has_consent] = Verdict.NO_CONSENT
    verdict[~facts.has_address] = Verdict.NO_ADDRESS
    return verdict, picked


def _wordings(channel: str, shoppers: Shoppers, terms: Terms) -> Picked:
    """Return each shopper's message on a channel by their language and, of several, as the step
    chooses."""
    codes, languages = pd.factorize(shoppers.languages)
    picked = Picked.nothing(len(shoppers))
    over = bit_of(f"{CHANNEL}{channel}", terms.choice.features)
    people = People(
        shoppers.refs,
        shoppers.arms if len(shoppers.arms) else np.full(len(shoppers), NOTHING),
        (shoppers.contexts if len(shoppers.contexts) else np.zeros(len(shoppers), np.int64)) | over,
    )
    for code, language in enumerate(languages):
        fitting = _fitting(channel, str(language) or terms.default_language, terms.wordings)
        if fitting:
            mine = codes == code
            seed = f"{terms.key}:variant"
            picked.put(mine, pick(fitting, people.some(mine), terms.choice, seed=seed))
    return picked


def _fitting(channel: str, language: str, wordings: Sequence[Wording]) -> list[Wording]:
    """Return a channel's wordings in a language: the very one, else one of the same tongue."""
    own = [one for one in wordings if one.channel == channel]
    exact = [one for one in own if one.language.lower() == language.lower()]
    tongue = language.lower().split("-")[0]
    return exact or [one for one in own if one.language.lower().split("-")[0] == tongue]


def _offers(tiers: Words, terms: Terms) -> tuple[Ints, Floats, Bools]:
    """Return each shopper's offer, what a message to them costs, and who is eligible at all."""
    codes, names = pd.factorize(tiers)
    offers = np.full(len(names), NOTHING, dtype=np.int64)
    costs = np.full(len(names), terms.contact_cost)
    eligible = np.ones(len(names), dtype=np.bool_)
    for code, tier in enumerate(names):
        open_ones = [one for one in terms.benefits if not one.tiers or tier in one.tiers]
        if open_ones:
            best = max(open_ones, key=lambda one: (bool(one.tiers), one.cost, -one.id))
            offers[code], costs[code] = best.id, terms.contact_cost + best.cost
        elif terms.benefits:
            eligible[code] = False
    return offers[codes], costs[codes], eligible[codes]


def _profit(uplift: Floats, cost: Floats, terms: Terms) -> Floats:
    """Return what a message is expected to earn: value x uplift - offer - contact.

    Infinite where no value or no model says, so that nobody is left out for it.
    """
    if terms.response_value is None:
        return np.full(len(uplift), np.inf)
    return np.where(np.isnan(uplift), np.inf, terms.response_value * uplift - cost)


def count_verdicts(verdict: Ints) -> dict[str, int]:
    """Return how many shoppers each verdict is about, by its number as text."""
    values, counts = np.unique(verdict, return_counts=True)
    return {str(value): int(count) for value, count in zip(values, counts, strict=True)}


def joined(parts: Sequence[Decided]) -> Decided:
    """Return the columns of batches one after another."""
    names = [field.name for field in fields(Decided)]
    return Decided(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
