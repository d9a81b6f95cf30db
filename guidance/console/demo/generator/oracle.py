"""The best possible ranking: each customer's true purchase probabilities in the held-out days,
given the state at the cut.

The probabilities follow the simulation's own steps in expectation: visits, the category a session
turns to, views, carts and checkouts, carts left behind, consumables used up. What purchases
inside the window would change for later days of the same window (an owned product, a complement,
a second restock) is left out, as is that carts left inside it expire; both touch few lines in two
weeks.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from .catalogue import Catalogue
from .offers import Campaign
from .parameters import Parameters
from .people import People
from .simulation import (
    RESTOCK_BROWSING,
    State,
    base_shares,
    cart_chance,
    need_chance,
    restock_chance,
    weekday_rhythm,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DEPTH = 10
"""NDCG is taken over the first ten places."""
CHUNK = 1000
"""Customers at a time."""


@dataclass
class _Expectation:
    """What changes from day to day of the window, in expectation."""

    intent: Floats
    """Probability of each category as the last session's, ``(P, C)``; rows of people without a
    session are 0.
    """
    missed: Floats
    """Probability that a customer has not bought a product yet, ``(customers, N)``."""
    stocked: Floats
    """Probability that a pantry row has not been restocked yet, ``(R,)``."""
    left: Floats
    """Probability that a line left behind before the cut has not been paid yet, ``(L,)``."""
    newly_left: Floats
    """Probability that a product lies in a cart left behind since the cut, ``(customers, N)``."""


def purchase_probabilities(
    catalogue: Catalogue,
    people: People,
    campaigns: list[Campaign],
    state: State,
    *,
    start: date,
    days: range,
    parameters: Parameters,
) -> Floats:
    """Return the probability that each customer buys each product in ``days``: ``(customers, N)``.

    Works through the customers in chunks, so memory stays at some 100 MB whatever their number.
    """
    chunks = [
        _chunk_probabilities(
            catalogue,
            *_chunk(people, state, slice(first, min(first + CHUNK, people.customers))),
            campaigns,
            start=start,
            days=days,
            parameters=parameters,
        )
        for first in range(0, people.customers, CHUNK)
    ]
    return np.concatenate(chunks)


def _chunk(people: People, state: State, rows: slice) -> tuple[People, State]:
    """Return the customers ``rows`` and what the state says of them, numbered from 0."""
    chosen = {
        name: value[rows] for name, value in vars(people).items() if isinstance(value, np.ndarray)
    }
    return (
        replace(people, customers=rows.stop - rows.start, **chosen),
        State(
            weight=state.weight[rows],
            intent=state.intent[rows],
            need=state.need[rows],
            need_day=state.need_day[rows],
            left=_renumbered(state.left, rows),
            pantry=_renumbered(state.pantry, rows),
        ),
    )


def _renumbered(lines: Ints, rows: slice) -> Ints:
    return lines[(lines[:, 0] >= rows.start) & (lines[:, 0] < rows.stop)] - [rows.start, 0, 0]


def _chunk_probabilities(
    catalogue: Catalogue,
    people: People,
    state: State,
    campaigns: list[Campaign],
    *,
    start: date,
    days: range,
    parameters: Parameters,
) -> Floats:
    shape = people.match.shape
    intent = np.zeros(people.categories.shape)
    known = np.flatnonzero(state.intent >= 0)
    intent[known, state.intent[known]] = 1.0
    cart = cart_chance(people.match, catalogue.price_level, parameters)
    expectation = _Expectation(
        intent=intent,
        missed=np.ones(shape),
        stocked=np.ones(len(state.pantry)),
        left=np.ones(len(state.left)),
        newly_left=np.zeros(shape),
    )
    for day in days:
        _advance(
            expectation,
            catalogue,
            people,
            campaigns,
            state,
            cart,
            start=start,
            day=day,
            p=parameters,
        )
    missed = expectation.missed
    np.multiply.at(missed, (state.pantry[:, 0], state.pantry[:, 1]), expectation.stocked)
    np.multiply.at(missed, (state.left[:, 0], state.left[:, 1]), expectation.left)
    return 1.0 - missed


def _advance(
    expectation: _Expectation,
    catalogue: Catalogue,
    people: People,
    campaigns: list[Campaign],
    state: State,
    cart: Floats,
    *,
    start: date,
    day: int,
    p: Parameters,
) -> None:
    """Move the expectation over one day."""
    count = people.customers
    available = catalogue.available(day, p)
    visit = people.visits(day, weekday_rhythm(start + timedelta(days=day)), p)
    left = state.left
    pantry = state.pantry
    restock = restock_chance(day - pantry[:, 2], catalogue.interval[pantry[:, 1]], p) * (
        available[pantry[:, 1]] > 0
    )
    no_restock = np.ones(count)
    np.multiply.at(no_restock, pantry[:, 0], 1 - restock * expectation.stocked)
    session = 1 - (1 - visit) * no_restock
    restocking = np.divide(1 - no_restock, session, out=np.zeros(count), where=session > 0)
    checkout = people.checkout * (1 - restocking) + p.restock_checkout * restocking

    base = base_shares(people, campaigns, day=day)
    blank = expectation.intent.sum(axis=1, keepdims=True) < 0.5
    intent = np.where(
        blank, base, p.intent_persistence * expectation.intent + (1 - p.intent_persistence) * base
    )
    turned = need_chance(state, day, p)
    shares = p.wandering * base + (1 - p.wandering) * (1 - turned[:, None]) * intent
    weight = state.weight * available
    view = weight * _per_weight(weight, shares, catalogue)
    _add_needs(view, weight, state, catalogue, (1 - p.wandering) * turned, p)

    carted = _carted(view * cart, visit, session - visit, people.views, p)
    returned = expectation.newly_left * (session * p.recovery_rate * checkout)[:, None]
    expectation.missed *= (1 - carted * checkout[:, None]) * (1 - returned)
    expectation.newly_left += carted * (1 - checkout)[:, None] - returned
    expectation.stocked *= 1 - restock * p.restock_checkout
    recovered = (
        session[left[:, 0]] * p.recovery_rate * checkout[left[:, 0]] * (available[left[:, 1]] > 0)
    )
    expectation.left *= 1 - recovered * (left[:, 2] > day - 1 - p.cart_life)
    expectation.intent += session[:, None] * (intent - expectation.intent)


def _carted(
    rate: Floats, visit: Floats, restock_only: Floats, views: Floats, p: Parameters
) -> Floats:
    """Return the probability that each product is put into the cart today, given the rate per
    view, ``(customers, N)``.
    """
    carted = np.zeros_like(rate)
    for share, factor in (
        (p.shopping_sessions, p.shopping_factor),
        (1 - p.shopping_sessions, p.looking_factor),
    ):
        moody = rate * factor
        full = 1 - (1 - moody) * np.exp(-views[:, None] * moody)
        light = 1 - np.exp(-RESTOCK_BROWSING * moody)
        carted += share * (visit[:, None] * full + restock_only[:, None] * light)
    return carted


def _per_weight(weight: NDArray[np.floating], shares: Floats, catalogue: Catalogue) -> Floats:
    """Spread each category's share over its products: the factor on each product's weight, ``(P,
    N)``.
    """
    totals = np.add.reduceat(weight, catalogue.category_start, axis=1)
    factor = np.divide(shares, totals, out=np.zeros_like(shares), where=totals > 0)
    return factor[:, catalogue.category]


def _add_needs(
    view: Floats,
    weight: NDArray[np.floating],
    state: State,
    catalogue: Catalogue,
    chance: Floats,
    parameters: Parameters,
) -> None:
    """Add in place the views of complements, for those who bought something that has them."""
    bounds = [*catalogue.category_start.tolist(), len(catalogue.items)]
    for person in np.flatnonzero((state.need >= 0) & (chance > 1e-4)):
        bought = state.need[person]
        boosted = weight[person].copy()
        mates = catalogue.mates[bought]
        boosted[mates[mates >= 0]] *= parameters.mate_boost
        complements = catalogue.after[catalogue.category[bought]]
        for category in complements:
            shelf = slice(bounds[category], bounds[category + 1])
            total = boosted[shelf].sum()
            if total > 0:
                view[person, shelf] += chance[person] / len(complements) * boosted[shelf] / total


def rank(scores: Floats, *, top: int) -> Ints:
    """Return the ``top`` best items of each row, best first, ties by position, ``(rows, top)``."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :top]


def ndcg(ranking: Ints, relevant: list[set[int]], *, depth: int = DEPTH) -> Floats:
    """Return each row's NDCG at ``depth`` with binary relevance over the set of items bought
    (Järvelin & Kekäläinen 2002).
    """
    discount = 1 / np.log2(np.arange(2, depth + 2))
    values = np.zeros(len(relevant))
    for row, bought in enumerate(relevant):
        hits = np.array([item in bought for item in ranking[row, :depth].tolist()], dtype=float)
        values[row] = (hits * discount[: len(hits)]).sum() / discount[
            : min(depth, len(bought))
        ].sum()
    return values
