"""Numbers that the own-item term and the trend term read. numpy only: serving computes the very
same ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models_ml.data.columns import CART, CLICK, KIND_NUMBERS, PURCHASE_NUMBER, SEARCH, VIEW
from models_ml.data.history import History
from models_ml.recommender.heirs import Heirs

# Half-lives in days. The spreads cover a fortnight's top-ups and a yearly season; the learned
# weights choose among them.
PURCHASE_HALF_LIVES = (7.0, 30.0, 120.0, 480.0)
CART_HALF_LIVES = (2.0, 14.0)
LOOK_HALF_LIVES = (1.0, 5.0, 30.0)
TREND_HALF_LIVES = (3.0, 14.0, 60.0)

OWN_ITEM_FEATURES = len(PURCHASE_HALF_LIVES) + len(CART_HALF_LIVES) + len(LOOK_HALF_LIVES) + 15
TREND_FEATURES = len(TREND_HALF_LIVES)

_CART_NUMBER = KIND_NUMBERS[CART]
_IS_LOOK = np.isin(np.arange(len(KIND_NUMBERS)), [KIND_NUMBERS[k] for k in (VIEW, SEARCH, CLICK)])
_HALF_LIVES = np.array(PURCHASE_HALF_LIVES + CART_HALF_LIVES + LOOK_HALF_LIVES)
# Which kinds of events each half-life fades, shape (kinds, half-lives).
_FADES = np.concatenate(
    [
        np.repeat(kinds[:, None], len(half_lives), axis=1)
        for kinds, half_lives in (
            (np.arange(len(KIND_NUMBERS)) == PURCHASE_NUMBER, PURCHASE_HALF_LIVES),
            (np.arange(len(KIND_NUMBERS)) == _CART_NUMBER, CART_HALF_LIVES),
            (_IS_LOOK, LOOK_HALF_LIVES),
        )
    ],
    axis=1,
)
# Keeps the logarithm of a faded sum finite: about five half-lives of one event.
_FLOOR = 0.03
# When what never happened did, in days: before any shop's first event.
_LONG_AGO = -1e6


@dataclass(frozen=True, slots=True)
class ItemHabits:
    """How items are bought in this shop, each float32 (items,), smoothed towards the shop's mean.

    `repeat_rates`: share of buyers with a second basket; `periods`: days between two baskets of one
    buyer; `conversions`: purchases per look.
    """

    repeat_rates: np.ndarray
    periods: np.ndarray
    conversions: np.ndarray

    def with_added(self, heirs: Heirs) -> "ItemHabits":
        """The same, followed by what products added since inherit."""
        return ItemHabits(
            heirs.append(self.repeat_rates),
            heirs.append(self.periods),
            heirs.append(self.conversions),
        )


def decay(ages: np.ndarray, half_life: float | np.ndarray) -> np.ndarray:
    """One for a fresh event, a half after `half_life` days."""
    return np.exp2(-np.maximum(ages, 0.0) / half_life)


class OwnItems(NamedTuple):
    """What speaks for each item of a customer's own history, variant by variant of that history.

    `items` (own,) are item numbers, rising; `present` (variants, own) tells where a variant knows
    an item at all; `features` (cases, OWN_ITEM_FEATURES), float32, are of those, in that order.
    """

    items: np.ndarray
    present: np.ndarray
    features: np.ndarray


class _Whole(NamedTuple):
    """What a whole history says about each of its items, one value per row of features: the moment
    asked about, the number of baskets and the time of the last one, the share of bought items
    bought again, and the age of the latest event.
    """

    now: np.ndarray
    baskets: np.ndarray
    last_basket: np.ndarray
    repeated: np.ndarray
    latest_age: np.ndarray


_NO_ROWS = np.array([], np.int64)


def own_item_features(
    history: History, now: float, habits: ItemHabits
) -> tuple[np.ndarray, np.ndarray]:
    """What speaks for each item of the customer's own history to be bought (again) after `now`.

    Returns the item numbers, shape (own,), and float32 features of shape (own, OWN_ITEM_FEATURES).
    """
    found = own_items_without(history, now, habits, _NO_ROWS)
    return found.items, found.features


def own_items_without(
    history: History, now: float, habits: ItemHabits, rows: np.ndarray
) -> OwnItems:
    """The features of the whole history, the first variant, and of it without each of `rows`.

    Together they take the time of one: of a usual history, calls cost more than what they compute.
    """
    items, own_places = np.unique(history.items, return_inverse=True)
    own, variants = len(items), len(rows) + 1
    if not own:
        none = np.zeros((0, OWN_ITEM_FEATURES), np.float32)
        return OwnItems(items, np.zeros((variants, 0), bool), none)
    kept = np.ones((variants, len(history)), bool)
    kept[np.arange(1, variants), rows] = False
    of_variant, events = np.nonzero(kept)
    cells = of_variant * own + own_places[events]
    present = np.bincount(cells, minlength=variants * own) > 0
    cases = np.flatnonzero(present)
    shown = History(history.items[events], history.times[events], history.kinds[events])
    whole = _Whole(*_summaries(history, now, rows)[cases // own].T)
    features = _features(shown, np.cumsum(present)[cells] - 1, items[cases % own], whole, habits)
    return OwnItems(items, present.reshape(variants, own), features)


def _summaries(history: History, now: float, rows: np.ndarray) -> np.ndarray:
    """The values of `_Whole` of a history and of it without each of `rows`, (1 + rows, 5)."""
    latest = np.full(len(rows) + 1, history.times[-1])
    if len(history) > 1:  # else nothing is left, of which nothing is read
        latest[1:][rows == len(history) - 1] = history.times[-2]
    # A browser's clock may run ahead of ours.
    moments = np.maximum(now, latest)
    found = np.tile((now, 0.0, np.inf, 0.0, 0.0), (len(rows) + 1, 1))
    found[:, 0], found[:, 4] = moments, moments - latest
    purchases = history.purchases
    if len(purchases):
        gone = np.flatnonzero(history.kinds[rows] == PURCHASE_NUMBER)
        found[:, 1:4], found[gone + 1, 1:4] = _of_purchases(
            purchases, history.times[rows[gone]], history.items[rows[gone]]
        )
    return found


def _of_purchases(
    purchases: History, times: np.ndarray, items: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Baskets, last basket and repeated share of all purchases, (3,), and when one purchase of each
    of these times and items is left out by itself, (times, 3)."""
    baskets, basket_rows = np.unique(purchases.times, return_counts=True)
    bought, counts = np.unique(purchases.items, return_counts=True)
    repeated = (counts > 1).sum()
    alone = basket_rows[np.searchsorted(baskets, times)] == 1
    before = baskets[-2] if len(baskets) > 1 else np.inf
    own = counts[np.searchsorted(bought, items)]
    without = np.empty((len(times), 3))
    without[:, 0] = len(baskets) - alone
    without[:, 1] = np.where(alone & (times == baskets[-1]), before, baskets[-1])
    without[:, 2] = (repeated - (own == 2)) / np.maximum(len(bought) - (own == 1), 1)
    return np.array([len(baskets), baskets[-1], repeated / len(bought)]), without


def _features(
    rows: History, places: np.ndarray, items: np.ndarray, whole: _Whole, habits: ItemHabits
) -> np.ndarray:
    """Shape (cases, OWN_ITEM_FEATURES), float32, of `items` (cases,), whose events are those `rows`
    that have their place, in the order of time.
    """
    own = len(items)
    ages = whole.now[places] - rows.times
    bought = rows.kinds == PURCHASE_NUMBER
    carted = rows.kinds == _CART_NUMBER
    looked = _IS_LOOK[rows.kinds]
    faded = decay(ages[:, None], _HALF_LIVES) * _FADES[rows.kinds]
    cells = places[:, None] * len(_HALF_LIVES) + np.arange(len(_HALF_LIVES))
    sums = np.bincount(cells.ravel(), faded.ravel(), own * len(_HALF_LIVES))
    counts = np.bincount(places[bought], minlength=own)
    # Of those with the same place, the one assigned last stands.
    last_bought, first_bought, last_carted = np.full((3, own), _LONG_AGO)
    last_bought[places[bought]] = rows.times[bought]
    first_bought[places[bought][::-1]] = rows.times[bought][::-1]
    last_carted[places[carted]] = rows.times[carted]
    has = counts > 0
    since = np.where(has, whole.now - last_bought, 0.0)
    period = np.where(counts > 1, (last_bought - first_bought) / np.maximum(counts - 1, 1), 0.0)
    open_cart = last_carted > last_bought
    looks_since = np.bincount(places[looked], rows.times[looked] > last_bought[places[looked]], own)
    columns = [
        has,
        np.log1p(since) * has,
        np.where(counts > 1, np.minimum(since / np.maximum(period, 1.0), 4.0), 0.0),
        has * np.minimum(since / habits.periods[items], 4.0),
        has * np.exp(-2.0 * np.log(np.maximum(since, 0.1) / habits.periods[items]) ** 2),
        counts / np.maximum(whole.baskets, 1.0),
        has & (last_bought == whole.last_basket),
        open_cart,
        open_cart * np.log1p(np.where(open_cart, whole.now - last_carted, 0.0)),
        np.log1p(looks_since),
        habits.repeat_rates[items] * 4.0,
        np.log(habits.conversions[items]),
        np.log1p(whole.baskets),
        whole.repeated * 2.0,
        np.log1p(whole.latest_age),
    ]
    found = np.empty((own, OWN_ITEM_FEATURES), np.float32)
    found[:, : len(_HALF_LIVES)] = np.log(_FLOOR + sums).reshape(own, -1)
    for place, column in enumerate(columns, start=len(_HALF_LIVES)):
        found[:, place] = column
    return found


def gaps_between(
    items: np.ndarray, owners: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order purchases by item, owner and time.

    Returns the order, which of the ordered rows follow another of their owner and item, and the
    days since that one for exactly those.
    """
    order = np.lexsort((times, owners, items))
    items, owners, times = items[order], owners[order], times[order]
    again = np.zeros(len(items), dtype=bool)
    again[1:] = (np.diff(items) == 0) & (np.diff(owners) == 0)
    return order, again, (times - np.roll(times, 1))[again]


def item_habits(
    items: np.ndarray, owners: np.ndarray, times: np.ndarray, looks: np.ndarray, catalogue: int
) -> ItemHabits:
    """From purchases (item, owner and time per row) and the item numbers of all looks."""
    order, again, gaps = gaps_between(items, owners, times)
    items = items[order]
    buyers = np.bincount(items[~again], minlength=catalogue)
    second = again & np.concatenate([[False], ~again[:-1]])
    repeaters = np.bincount(items[second], minlength=catalogue)
    returns = np.bincount(items[again], minlength=catalogue)
    gap_sums = np.bincount(items[again], gaps, catalogue)
    mean_gap = float(gaps.mean()) if len(gaps) else 30.0
    mean_rate = repeaters.sum() / max(buyers.sum(), 1)
    bought = np.bincount(items, minlength=catalogue)
    looked = np.bincount(looks, minlength=catalogue)
    mean_conversion = (bought.sum() + 1.0) / (looked.sum() + bought.sum() + 1.0)
    return ItemHabits(
        repeat_rates=((repeaters + 5.0 * mean_rate) / (buyers + 5.0)).astype(np.float32),
        periods=((gap_sums + 5.0 * mean_gap) / (returns + 5.0)).astype(np.float32),
        conversions=((bought + 20.0 * mean_conversion) / (looked + bought + 20.0)).astype(
            np.float32
        ),
    )


@dataclass(frozen=True, slots=True)
class Trend:
    """How popular every item was in the eyes of each day, in purchases faded by several half-lives.

    `levels` of shape (days, items, TREND_FEATURES) holds log ratios to the mean item; row d knows
    only what happened before day `first_day + d` began.
    """

    first_day: int
    levels: np.ndarray

    def at(self, now: float) -> np.ndarray:
        """Shape (items, TREND_FEATURES); after the last known day the last row stands."""
        return self.levels[self.row(now)]

    def row(self, now: float) -> int:
        return int(np.clip(np.floor(now) - self.first_day, 0, len(self.levels) - 1))


def build_trend(items: np.ndarray, times: np.ndarray, catalogue: int, end: float) -> Trend:
    """From purchases (item numbers and times in days), for every day from the first purchase to
    `end`.
    """
    first = int(np.floor(times.min()))
    days = int(np.floor(end)) - first + 1
    rows = np.floor(times).astype(np.int64) - first
    levels = np.zeros((days, catalogue, TREND_FEATURES), np.float32)
    running = np.zeros((catalogue, TREND_FEATURES))
    fade = np.exp2(-1.0 / np.array(TREND_HALF_LIVES))
    order = np.argsort(rows, kind="stable")
    starts = np.searchsorted(rows[order], np.arange(days + 1))
    for day in range(days):
        mean = running.mean(axis=0) + 1e-3
        levels[day] = np.log(running / mean + 0.05)
        today = np.bincount(items[order[starts[day] : starts[day + 1]]], minlength=catalogue)
        running = (running + today[:, None]) * fade
    return Trend(first, levels)
