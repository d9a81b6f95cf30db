"""Sixty days in the shop, a day at a time: who comes, what they look at, what they leave with.

Each day everyone visits with their own probability; a session goes on with the category of the
one before, turns to a complement of the last purchase, or starts from the general taste; products
are viewed by popularity and match, some go into the cart, and carts are paid or left, returned to
or forgotten. Consumables are bought again once used up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .catalogue import Catalogue
from .offers import Campaign, demand_boost, discounts
from .parameters import Parameters
from .people import People

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WEEKDAYS = (0.93, 0.92, 0.95, 1.0, 1.03, 1.13, 1.17)
RESTOCK, RECOVERED, BROWSED = 0, 1, 2
"""Why a product was viewed; also the order within a session."""
RESTOCK_BROWSING = 1.2
"""Mean of further views in a session that only a restock brought about."""


@dataclass
class State:
    """What the shop's future depends on beyond people and catalogue. ``P`` people, ``N`` items."""

    weight: NDArray[np.float32]
    """Weight of each product within its category for each person, ``(P, N)``."""
    intent: Ints
    """Category of the last session, ``(P,)``; -1 before the first."""
    need: Ints
    """Item whose complements a person may still look for, ``(P,)``; -1 for none."""
    need_day: Ints
    left: Ints
    """Carts left behind: rows of person, item, day, ``(L, 3)``."""
    pantry: Ints
    """Consumables in use: rows of person, item, day of the last purchase, ``(R, 3)``; content
    owners only.
    """

    def copy(self) -> "State":
        """Return an independent copy."""
        return State(**{name: getattr(self, name).copy() for name in self.__dataclass_fields__})


@dataclass
class Log:
    """What happened, in columns; every list holds one array per day until :meth:`column` joins
    them.
    """

    parts: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def add(self, **columns: NDArray[Any]) -> None:
        """Append one day's arrays."""
        for name, values in columns.items():
            self.parts.setdefault(name, []).append(values)

    def column(self, name: str) -> NDArray[Any]:
        """Return all days of one column."""
        return np.concatenate(self.parts[name])


def weekday_rhythm(day: date) -> float:
    """Return the factor on visits for the day of the week."""
    return WEEKDAYS[day.weekday()]


def base_shares(people: People, campaigns: list[Campaign], *, day: int) -> Floats:
    """Return the shares of categories in everyone's general taste on ``day``, campaigns included,
    ``(P, C)``.
    """
    boost = demand_boost(campaigns, day=day, categories=people.categories.shape[1])
    shares = people.categories * boost[people.tier]
    return shares / shares.sum(axis=1, keepdims=True)


def restock_chance(age: Ints, interval: Floats, parameters: Parameters) -> Floats:
    """Return the probability of buying a consumable again today, ``age`` days after the last
    purchase.
    """
    share = age / np.maximum(interval, 1.0)
    rising = np.clip((share - parameters.restock_start) / (1 - parameters.restock_start), 0, 1)
    return parameters.restock_hazard * rising * (share <= parameters.restock_end)


def need_chance(state: State, day: int, parameters: Parameters) -> Floats:
    """Return everyone's probability that a session today is about a complement, ``(P,)``."""
    fading = np.exp(-(day - state.need_day) / parameters.need_decay)
    return np.where(state.need >= 0, parameters.need_strength * fading, 0.0)


def cart_chance(match: NDArray[np.floating], price_level: Floats, parameters: Parameters) -> Floats:
    """Return the probability that a viewed product goes into the cart."""
    return np.clip(
        parameters.cart_rate * np.exp(parameters.cart_match * match - 0.12 * price_level), 0.0, 0.6
    )


def opening_state(people: People, catalogue: Catalogue) -> State:
    """Return the state before the first day: no intents, carts or pantries."""
    count = len(people.visit)
    empty = np.empty((0, 3), dtype=np.int64)
    return State(
        weight=np.exp(people.match + catalogue.popularity.astype(np.float32)),
        intent=np.full(count, -1),
        need=np.full(count, -1),
        need_day=np.zeros(count, dtype=np.int64),
        left=empty,
        pantry=empty.copy(),
    )


class Simulation:
    """Runs the days and keeps the log."""

    def __init__(
        self,
        rng: np.random.Generator,
        catalogue: Catalogue,
        people: People,
        campaigns: list[Campaign],
        *,
        start: date,
        parameters: Parameters,
    ) -> None:
        self.rng = rng
        self.catalogue = catalogue
        self.people = people
        self.campaigns = campaigns
        self.start = start
        self.parameters = parameters
        self.state = opening_state(people, catalogue)
        self.log = Log()
        self.sessions = 0
        self.family_members = [
            np.flatnonzero(catalogue.family == n) for n in range(catalogue.family.max() + 1)
        ]

    def run(self, days: range, *, on_day: Callable[[int], None] | None = None) -> None:
        """Simulate ``days``, calling ``on_day`` with each day that is over."""
        for day in days:
            self._day(day)
            if on_day:
                on_day(day)

    def _day(self, day: int) -> None:
        available = self.catalogue.available(day, self.parameters)
        restocks = self._due(day, available)
        chance = self.people.visits(
            day, weekday_rhythm(self.start + timedelta(days=day)), self.parameters
        )
        visiting = self.rng.random(len(chance)) < chance
        present = visiting.copy()
        present[restocks[:, 0]] = True
        person = np.flatnonzero(present)
        if not len(person):
            return
        slot = np.full(len(chance), -1)
        slot[person] = np.arange(len(person))
        browsed = self._browse(day, person, visiting[person], available)
        recovered = self._recover(day, slot, available)
        session = np.concatenate([slot[restocks[:, 0]], slot[recovered[:, 0]], browsed[0]])
        item = np.concatenate([restocks[:, 1], recovered[:, 1], browsed[1]])
        reason = np.repeat(
            [RESTOCK, RECOVERED, BROWSED], [len(restocks), len(recovered), len(browsed[0])]
        )
        order = np.lexsort((reason, session))
        session, item, reason = session[order], item[order], reason[order]
        match = self.people.match[person[session], item]
        chance = cart_chance(match, self.catalogue.price_level[item], self.parameters)
        chance = np.where(reason == BROWSED, chance * self._mood(len(person))[session], 1.0)
        carted = self.rng.random(len(chance)) < chance
        self.log.add(view_session=session + self.sessions, view_item=item, view_cart=carted)
        self.log.add(
            session_person=person,
            session_day=np.full(len(person), day),
            session_searched=visiting[person]
            & (self.rng.random(len(person)) < self.parameters.search_rate),
        )
        self._check_out(day, person, session[carted], item[carted], reason[carted])
        self.sessions += len(person)

    def _mood(self, sessions: int) -> Floats:
        """Return each session's factor on the cart rate."""
        shopping = self.rng.random(sessions) < self.parameters.shopping_sessions
        return np.where(shopping, self.parameters.shopping_factor, self.parameters.looking_factor)

    def _due(self, day: int, available: Floats) -> Ints:
        """Return the consumables bought again today: rows of person, item, day of the last
        purchase.
        """
        pantry = self.state.pantry
        chance = restock_chance(
            day - pantry[:, 2], self.catalogue.interval[pantry[:, 1]], self.parameters
        )
        return pantry[(self.rng.random(len(pantry)) < chance) & (available[pantry[:, 1]] > 0)]

    def _browse(
        self, day: int, person: Ints, visiting: NDArray[np.bool_], available: Floats
    ) -> tuple[Ints, Ints]:
        """Return session and item of the views that taste and intent bring about."""
        weight = self.state.weight[person] * available
        base = base_shares(self.people, self.campaigns, day=day)[person]
        category = self._intents(day, person, base)
        category = self._needs(day, person, category, weight)
        shares = self.parameters.wandering * base
        shares[np.arange(len(person)), category] += 1 - self.parameters.wandering
        totals = np.add.reduceat(weight, self.catalogue.category_start, axis=1)
        factor = np.divide(shares, totals, out=np.zeros_like(shares), where=totals > 0)
        chances = np.cumsum(weight * factor[:, self.catalogue.category], axis=1)
        chances /= chances[:, -1:]
        more = np.where(visiting, self.people.views[person], RESTOCK_BROWSING)
        count = self.rng.poisson(more) + visiting
        session = np.repeat(np.arange(len(person)), count)
        # One search over all rows: each row's cumulative chances are lifted by its number.
        ladder = (chances + np.arange(len(person))[:, None]).ravel()
        found = np.searchsorted(ladder, session + self.rng.random(len(session)), side="right")
        item = np.minimum(found - session * chances.shape[1], chances.shape[1] - 1)
        return session, item

    def _intents(self, day: int, person: Ints, base: Floats) -> Ints:
        drawn = (np.cumsum(base, axis=1) < self.rng.random((len(person), 1))).sum(axis=1)
        drawn = np.minimum(drawn, base.shape[1] - 1)
        before = self.state.intent[person]
        keep = (before >= 0) & (self.rng.random(len(person)) < self.parameters.intent_persistence)
        intent = np.where(keep, before, drawn)
        self.state.intent[person] = intent
        return intent

    def _needs(self, day: int, person: Ints, category: Ints, weight: Floats) -> Ints:
        """Turn some sessions to a complement of the last purchase; raises the weight of what goes
        with it in place.
        """
        chance = need_chance(self.state, day, self.parameters)[person]
        turned = np.flatnonzero(self.rng.random(len(person)) < chance)
        result = category.copy()
        for row in turned:
            bought = self.state.need[person[row]]
            complements = self.catalogue.after[self.catalogue.category[bought]]
            result[row] = complements[int(self.rng.integers(len(complements)))]
            mates = self.catalogue.mates[bought]
            weight[row, mates[mates >= 0]] *= self.parameters.mate_boost
        return result

    def _recover(self, day: int, slot: Ints, available: Floats) -> Ints:
        """Forget old carts and return the lines that today's sessions come back to: a cart as a
        whole or not at all.
        """
        left = self.state.left[self.state.left[:, 2] > day - 1 - self.parameters.cart_life]
        self.state.left = left
        returning = self.rng.random(len(slot)) < self.parameters.recovery_rate
        back = (slot[left[:, 0]] >= 0) & returning[left[:, 0]]
        return left[back & (available[left[:, 1]] > 0)]

    def _check_out(self, day: int, person: Ints, session: Ints, item: Ints, reason: Ints) -> None:
        size = len(self.catalogue.items)
        restocking = np.zeros(len(person), dtype=bool)
        restocking[session[reason == RESTOCK]] = True
        chance = np.where(
            restocking, self.parameters.restock_checkout, self.people.checkout[person]
        )
        paid = self.rng.random(len(person)) < chance
        line = np.unique(session * size + item)
        session, item = line // size, line % size
        bought = paid[session]
        self._leave(day, person[session[~bought]], item[~bought])
        self._buy(day, person, session[bought], item[bought])

    def _leave(self, day: int, person: Ints, item: Ints) -> None:
        """Keep unpaid lines for later; one left before keeps its first day."""
        self.state.left = _merge(
            np.column_stack([person, item, np.full(len(item), day)]), self.state.left
        )

    def _buy(self, day: int, people: Ints, session: Ints, item: Ints) -> None:
        person = people[session]
        catalogue, rng = self.catalogue, self.rng
        consumable = catalogue.interval[item] > 0
        luck = rng.random(len(item))
        quantity = (
            1
            + (luck < np.where(consumable, 0.22, 0.05))
            + (luck < np.where(consumable, 0.06, 0.01))
        )
        opinion = (
            4.0
            + 0.5 * np.tanh(self.people.match[person, item])
            + catalogue.quality[item]
            + rng.normal(0, self.parameters.opinion_spread, len(item))
            - self.parameters.mishap * (rng.random(len(item)) < self.parameters.mishap_rate)
        )
        totals = np.zeros(len(people))
        np.add.at(totals, session, catalogue.price[item] * quantity)
        percent = discounts(
            rng,
            self.campaigns,
            day=day,
            tier=self.people.tier[person],
            category=catalogue.category[item],
            spent=totals[session],
        )
        self.log.add(
            line_session=session + self.sessions,
            line_item=item,
            line_quantity=quantity,
            line_opinion=opinion,
            line_percent=percent,
        )
        state = self.state
        for who, family in zip(
            person[~consumable], catalogue.family[item[~consumable]], strict=True
        ):
            state.weight[who, self.family_members[family]] *= self.parameters.owned_factor
        opens = np.array([bool(catalogue.after[c]) for c in catalogue.category[item]], dtype=bool)
        state.need[person[opens]] = item[opens]
        state.need_day[person[opens]] = day
        state.left = _without(state.left, person, item)
        stocked = consumable & (person < self.people.customers)
        state.pantry = _without(state.pantry, person[stocked], item[stocked])
        content = stocked & (opinion >= self.parameters.content_rating)
        rows = np.column_stack([person[content], item[content], np.full(int(content.sum()), day)])
        state.pantry = np.concatenate([state.pantry, rows])


def _pair_keys(rows: Ints) -> Ints:
    return rows[:, 0] * 1_000_000 + rows[:, 1]


def _merge(new: Ints, old: Ints) -> Ints:
    """Return the rows of ``old`` and those of ``new`` whose person and item are not among them."""
    return np.concatenate([old, new[~np.isin(_pair_keys(new), _pair_keys(old))]])


def _without(rows: Ints, person: Ints, item: Ints) -> Ints:
    """Return ``rows`` without those of the given people and items."""
    return rows[~np.isin(_pair_keys(rows), person * 1_000_000 + item)]
