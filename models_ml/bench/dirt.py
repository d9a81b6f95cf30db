"""Plants in a shop's interactions what real logs suffer from, so that what cleaning finds and what
it is worth can be measured against the truth.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from models_ml.data.columns import BASKET, CUSTOMER, ITEM, KIND, PURCHASE, QUANTITY, TIME, VIEW

# How much is planted, as shares of the customers (who are scripts, or whose app bursts) and of the
# rows (that come twice).
CRAWLERS, ORDER_BOTS, BURSTING, EXACT, NEAR = 0.01, 0.005, 0.05, 0.03, 0.05
_NIGHTS, _CRAWLED_A_NIGHT = 6, 400
_PUSHED, _ORDER_DAYS, _ORDERS_A_DAY = 5, 4, 60


def plant(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return all rows of `frame` and the planted ones, in the planted order.

    One more column, `planted`, names the step of cleaning that should find the row; it is empty on
    what was there before. Crawlers look through the catalogue one product a second, night after
    night; order bots push a handful of products, which they order again every minute; apps resend
    what they sent and load pages ahead. A shop that tells of no looks gets none.
    """
    random = np.random.default_rng(seed)
    makers: list[tuple[str, Callable[..., pd.DataFrame]]] = [
        ("bots", _order_bots),
        ("exact duplicates", _exact),
        ("near duplicates", _near),
    ]
    if (frame[KIND] == VIEW).any():
        makers += [("bots", _crawlers), ("bursts", _bursts)]
    planted = [maker(frame, random).assign(planted=step) for step, maker in makers]
    return pd.concat([frame.assign(planted=""), *planted], ignore_index=True)


def _crawlers(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    items = frame[ITEM].unique()
    parts = []
    for number in range(_some(frame, CRAWLERS)):
        for night in _days(frame, _NIGHTS, random):
            seen = random.choice(items, _CRAWLED_A_NIGHT)
            times = night + pd.to_timedelta(np.arange(len(seen)), unit="s")
            parts.append(_rows(f"crawler-{number}", seen, times, VIEW, None))
    return pd.concat(parts)


def _order_bots(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    items = frame[ITEM].unique()
    parts = []
    for number in range(_some(frame, ORDER_BOTS)):
        pushed = random.choice(items, min(_PUSHED, len(items)), replace=False)
        for day in _days(frame, _ORDER_DAYS, random):
            times = day + pd.to_timedelta(np.arange(_ORDERS_A_DAY), unit="min")
            baskets = [f"bot-{number}-{time.isoformat()}" for time in times]
            ordered = random.choice(pushed, len(times))
            parts.append(_rows(f"order-bot-{number}", ordered, times, PURCHASE, baskets))
    return pd.concat(parts)


def _exact(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[_picked(frame, EXACT, random)]


def _near(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The same again: a look within two seconds, an order line within half a minute under another
    number.
    """
    again = frame.iloc[_picked(frame, NEAR, random)].copy()
    bought = (again[KIND] == PURCHASE).to_numpy()
    seconds = np.where(
        bought, random.integers(1, 30, len(again)), random.integers(1, 3, len(again))
    )
    again[TIME] = again[TIME] + pd.to_timedelta(seconds, unit="s")
    again[BASKET] = again[BASKET].where(~bought, again[BASKET].astype(str) + "-again")
    return again


def _bursts(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    items = frame[ITEM].unique()
    customers = random.choice(frame[CUSTOMER].dropna().unique(), _some(frame, BURSTING))
    parts = []
    for customer, start in zip(customers, _days(frame, len(customers), random), strict=True):
        seen = random.choice(items, int(random.integers(20, 80)))
        times = start + pd.to_timedelta(np.arange(len(seen)) * 200, unit="ms")
        parts.append(_rows(customer, seen, times, VIEW, None))
    return pd.concat(parts)


def _rows(
    customer: str,
    items: np.ndarray,
    times: pd.DatetimeIndex,
    kind: str,
    baskets: list[str] | None,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            CUSTOMER: customer,
            ITEM: items,
            TIME: times,
            KIND: kind,
            BASKET: pd.Series(baskets, dtype="object") if baskets else None,
            QUANTITY: 1.0,
        }
    )


def _some(frame: pd.DataFrame, share: float) -> int:
    return max(2, round(share * frame[CUSTOMER].nunique()))


def _picked(frame: pd.DataFrame, share: float, random: np.random.Generator) -> np.ndarray:
    return random.choice(len(frame), max(1, round(share * len(frame))), replace=False)


def _days(frame: pd.DataFrame, count: int, random: np.random.Generator) -> list[pd.Timestamp]:
    """Moments at two in the morning of random days that the frame spans, the last one left out."""
    first = frame[TIME].min().normalize()
    span = max(1, (frame[TIME].max().normalize() - first).days)
    return [first + pd.Timedelta(days=int(day), hours=2) for day in random.integers(0, span, count)]
