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


def own_item_features(
    history: History, now: float, habits: ItemHabits
) -> tuple[np.ndarray, np.ndarray]:
    """What speaks for each item of the customer's own history to be bought (again) after `now`.

    Returns the item numbers, shape (own,), and float32 features of shape (own, OWN_ITEM_FEATURES).
    """
    items, places = np.unique(history.items, return_inverse=True)
    if not len(items):
        return items, np.zeros((0, OWN_ITEM_FEATURES), np.float32)
    whole = _Whole(*(np.full(len(items), value) for value in _summary(history, now)))
    return items, _features(history, places, items, whole, habits)


def own_item_features_without(
    history: History, now: float, habits: ItemHabits, rows: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The features of `wanted` own items when each of `rows` of the history is left out by itself.

    Returns (cases,) places in `rows`, (cases,) item numbers and (cases, OWN_ITEM_FEATURES); an item
    whose only event is left out has no case.
    """
    near = np.flatnonzero(np.isin(history.items, wanted))
    shown = np.tile(near, len(rows))
    variants = np.repeat(np.arange(len(rows)), len(near))
    stays = shown != rows[variants]
    shown, variants = shown[stays], variants[stays]
    catalogue = len(habits.periods)
    cases, places = np.unique(
        variants * catalogue + history.items[shown].astype(np.int64), return_inverse=True
    )
    if not len(cases):
        none = np.array([], np.int64)
        return none, none, np.zeros((0, OWN_ITEM_FEATURES), np.float32)
    variants, items = np.divmod(cases, catalogue)
    summaries = _summaries_without(history, now, rows)
    part = History(history.items[shown], history.times[shown], history.kinds[shown])
    whole = _Whole(*summaries[variants].T)
    return variants, items, _features(part, places, items, whole, habits)


def _summary(history: History, now: float) -> tuple[float, float, float, float, float]:
    """The values of `_Whole`; of no event at all, none is ever read."""
    if not len(history):
        return now, 0.0, np.inf, 0.0, 0.0
    # A browser's clock may run ahead of ours.
    now = max(now, float(history.times[-1]))
    bought = history.kinds == PURCHASE_NUMBER
    baskets = np.unique(history.times[bought])
    _, counts = np.unique(history.items[bought], return_counts=True)
    repeated = (counts > 1).sum() / max(len(counts), 1)
    last = float(baskets[-1]) if len(baskets) else np.inf
    return now, float(len(baskets)), last, float(repeated), now - float(history.times[-1])


def _summaries_without(history: History, now: float, rows: np.ndarray) -> np.ndarray:
    """`_summary` of the history without each of `rows`, shape (rows, 5)."""
    if len(history) == 1:
        return np.array([_summary(history.without(row), now) for row in rows.tolist()])
    found = np.tile(_summary(history, now), (len(rows), 1))
    latest = np.where(rows == len(history) - 1, history.times[-2], history.times[-1])
    moments = np.maximum(now, latest)
    found[:, 0], found[:, 4] = moments, moments - latest
    purchases = history.purchases
    gone = np.flatnonzero(history.kinds[rows] == PURCHASE_NUMBER)
    if len(gone):
        found[gone, 1:4] = _purchases_without(
            purchases, history.times[rows[gone]], history.items[rows[gone]]
        )
    return found


def _purchases_without(purchases: History, times: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Baskets, last basket and repeated share when one purchase of each of these times and items
    is left out by itself; shape (times, 3)."""
    baskets, basket_rows = np.unique(purchases.times, return_counts=True)
    bought, counts = np.unique(purchases.items, return_counts=True)
    alone = basket_rows[np.searchsorted(baskets, times)] == 1
    before = baskets[-2] if len(baskets) > 1 else np.inf
    own = counts[np.searchsorted(bought, items)]
    kinds_left = len(bought) - (own == 1)
    repeated = (counts > 1).sum() - (own == 2)
    return np.stack(
        [
            len(baskets) - alone,
            np.where(alone & (times == baskets[-1]), before, baskets[-1]),
            repeated / np.maximum(kinds_left, 1),
        ],
        axis=1,
    )


def _features(
    rows: History, places: np.ndarray, items: np.ndarray, whole: _Whole, habits: ItemHabits
) -> np.ndarray:
    """Shape (own, OWN_ITEM_FEATURES), float32, of `items` (own,), whose events are those `rows`
    that have their place.
    """
    own = len(items)
    ages = whole.now[places] - rows.times
    bought = rows.kinds == PURCHASE_NUMBER
    carted = rows.kinds == _CART_NUMBER
    looked = _IS_LOOK[rows.kinds]
    faded = decay(ages[:, None], _HALF_LIVES) * _FADES[rows.kinds]
    cells = places[:, None] * len(_HALF_LIVES) + np.arange(len(_HALF_LIVES))
    sums = np.bincount(cells.ravel(), faded.ravel(), own * len(_HALF_LIVES))
    columns = list(np.log(_FLOOR + sums).reshape(own, -1).T)
    counts = np.bincount(places[bought], minlength=own)
    last_bought, first_bought = _range(places[bought], rows.times[bought], own)
    last_carted, _ = _range(places[carted], rows.times[carted], own)
    has = counts > 0
    since = np.where(has, whole.now - last_bought, 0.0)
    period = np.where(counts > 1, (last_bought - first_bought) / np.maximum(counts - 1, 1), 0.0)
    open_cart = last_carted > last_bought
    looks_since = np.bincount(places[looked], rows.times[looked] > last_bought[places[looked]], own)
    columns += [
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
    return np.stack(columns, axis=1).astype(np.float32)


def _range(places: np.ndarray, times: np.ndarray, own: int) -> tuple[np.ndarray, np.ndarray]:
    """Last and first time per place; a long time ago where there is none."""
    last = np.full(own, -1e6)
    first = np.full(own, 1e6)
    np.maximum.at(last, places, times)
    np.minimum.at(first, places, times)
    return last, np.where(first == 1e6, -1e6, first)


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
