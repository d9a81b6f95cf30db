"""From the simulation's log to the rows of ``events.parquet``: times, ids, follow-ups and texts."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .catalogue import Catalogue
from .parameters import Parameters
from .people import PLACES, People
from .simulation import Log
from .words import queries, reviews

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY = 86_400_000
"""Milliseconds in a day; all times here are milliseconds from the start of the period, in UTC."""
KINDS = ("search", "view", "cart", "purchase", "return", "rating", "review")
PEAKS = ((12.6, 1.7, 0.28), (20.9, 1.8, 0.50))
"""Local hours at which people shop: mean, standard deviation, share; the rest is spread from 7 to
23.
"""
COLUMNS = (
    "kind",
    "time",
    "person",
    "item",
    "quantity",
    "cents",
    "session",
    "basket",
    "query",
    "results",
    "rating",
    "text",
)


def build_timeline(
    rng: np.random.Generator,
    log: Log,
    catalogue: Catalogue,
    people: People,
    *,
    start: date,
    days: int,
    parameters: Parameters,
) -> pd.DataFrame:
    """Return all events sorted by time, with indices of persons, items, sessions and baskets (-1
    for none).
    """
    sessions = _Sessions(rng, log, people, start)
    purchases = _purchases(log, catalogue, sessions)
    parts = [
        _views(log, sessions),
        _carts(rng, log, catalogue, sessions),
        _searches(rng, log, catalogue, people, sessions, parameters),
        purchases.drop(columns="opinion"),
        _returns(rng, catalogue, purchases),
        _opinions(rng, catalogue, people, purchases, parameters),
    ]
    events = pd.concat([part.reindex(columns=COLUMNS) for part in parts], ignore_index=True)
    events = events[events["time"] < days * DAY]
    return events.sort_values(["time", "kind"], kind="stable", ignore_index=True)


class _Sessions:
    """When each session began and each of its views happened."""

    def __init__(self, rng: np.random.Generator, log: Log, people: People, start: date) -> None:
        self.person = log.column("session_person").astype(np.int64)
        self.day = log.column("session_day").astype(np.int64)
        self.searched = log.column("session_searched")
        self.view_session = log.column("view_session").astype(np.int64)
        count = len(self.person)
        self.gap = np.clip(
            np.exp(rng.normal(np.log(34_000), 0.8, len(self.view_session))), 4_000, 600_000
        )
        length = np.bincount(self.view_session, self.gap, count)
        paying = rng.uniform(60_000, 300_000, count)
        begin = self._local_start(rng, people, start)
        # A session ends on the day it began, so that a day's purchases are that day's.
        self.begin = np.minimum(begin, DAY - length - paying - 30_000).clip(0) + self.day * DAY
        before = np.cumsum(self.gap) - self.gap
        first = np.searchsorted(self.view_session, np.arange(count))
        offset = before - before[np.minimum(first, len(before) - 1)][self.view_session]
        self.view_time = self.begin[self.view_session] + 12_000 + offset
        self.pay_time = np.minimum(self.begin + 12_000 + length + paying, (self.day + 1) * DAY - 1)

    def _local_start(self, rng: np.random.Generator, people: People, start: date) -> Floats:
        """Return the time of day in UTC at which each session begins, from the rhythm of the
        person's own time zone.
        """
        count = len(self.person)
        hour = rng.uniform(7, 23, count)
        peak = rng.choice(
            len(PEAKS) + 1, count, p=[*(p for _, _, p in PEAKS), 1 - sum(p for _, _, p in PEAKS)]
        )
        for number, (mean, deviation, _) in enumerate(PEAKS):
            hour = np.where(peak == number, rng.normal(mean, deviation, count), hour)
        offsets = np.array(
            [
                [
                    _utc_offset(zone, start + timedelta(days=day))
                    for day in range(int(self.day.max()) + 1)
                ]
                for _, zone, _, _ in PLACES
            ]
        )
        return (hour - offsets[people.place[self.person], self.day]) % 24 * DAY / 24


def _utc_offset(zone: str, day: date) -> float:
    """Return the hours that ``zone`` is ahead of UTC at noon of ``day``."""
    offset = datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()
    return (offset or timedelta()).total_seconds() / 3600


def _frame(kind: str, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame["kind"] = KINDS.index(kind)
    frame["time"] = frame["time"].astype(np.int64)
    for name in ("item", "session", "basket"):
        if name not in frame:
            frame[name] = -1
    return frame


def _views(log: Log, sessions: _Sessions) -> pd.DataFrame:
    return _frame(
        "view",
        time=sessions.view_time,
        person=sessions.person[sessions.view_session],
        item=log.column("view_item"),
        session=sessions.view_session,
    )


def _carts(
    rng: np.random.Generator, log: Log, catalogue: Catalogue, sessions: _Sessions
) -> pd.DataFrame:
    carted = _first_of_session(log, sessions)
    session = sessions.view_session[carted]
    item = log.column("view_item")[carted]
    return _frame(
        "cart",
        time=sessions.view_time[carted] + rng.uniform(0.2, 0.8, len(item)) * sessions.gap[carted],
        person=sessions.person[session],
        item=item,
        quantity=1,
        cents=_cents(catalogue)[item],
        session=session,
    )


def _first_of_session(log: Log, sessions: _Sessions) -> Ints:
    """Return the views that put a product into the cart, each product once a session."""
    rows = np.flatnonzero(log.column("view_cart"))
    pairs = sessions.view_session[rows] * 1_000_000 + log.column("view_item")[rows]
    return rows[np.unique(pairs, return_index=True)[1]]


def _searches(
    rng: np.random.Generator,
    log: Log,
    catalogue: Catalogue,
    people: People,
    sessions: _Sessions,
    parameters: Parameters,
) -> pd.DataFrame:
    """Return the searches: each led to the first product viewed in its session."""
    first = np.unique(sessions.view_session, return_index=True)
    searching = first[1][sessions.searched[first[0]]]
    session = sessions.view_session[searching]
    person = sessions.person[session]
    item = log.column("view_item")[searching].astype(np.int64)
    texts, results = queries(
        rng, catalogue, item=item, chinese=people.chinese[person], parameters=parameters
    )
    return _frame(
        "search",
        time=sessions.begin[session],
        person=person,
        session=session,
        query=texts,
        results=results,
    )


def _purchases(log: Log, catalogue: Catalogue, sessions: _Sessions) -> pd.DataFrame:
    session = log.column("line_session").astype(np.int64)
    item = log.column("line_item").astype(np.int64)
    percent = log.column("line_percent").astype(np.int64)
    return _frame(
        "purchase",
        time=sessions.pay_time[session],
        person=sessions.person[session],
        item=item,
        quantity=log.column("line_quantity"),
        cents=(_cents(catalogue)[item] * (100 - percent) + 50) // 100,
        session=session,
        basket=np.unique(session, return_inverse=True)[1],
        opinion=log.column("line_opinion"),
    )


def _cents(catalogue: Catalogue) -> Ints:
    return np.array([int(item.price * 100) for item in catalogue.items])


def _returns(
    rng: np.random.Generator, catalogue: Catalogue, purchases: pd.DataFrame
) -> pd.DataFrame:
    """Return what came back: more often what disappointed, within two weeks."""
    rate = np.array([item.category.return_rate for item in catalogue.items])[purchases["item"]]
    back = rng.random(len(purchases)) < rate * np.where(purchases["opinion"] < 3.0, 2.5, 0.7)
    rows = purchases[back]
    delay = rng.uniform(3 * DAY, 14 * DAY, len(rows))
    return _frame(
        "return",
        time=rows["time"].to_numpy() + delay,
        **{
            name: rows[name].to_numpy()
            for name in ("person", "item", "quantity", "cents", "basket")
        },
    )


def _opinions(
    rng: np.random.Generator,
    catalogue: Catalogue,
    people: People,
    purchases: pd.DataFrame,
    parameters: Parameters,
) -> pd.DataFrame:
    """Return ratings and reviews, by customers only, some days after the purchase."""
    luck = rng.random(len(purchases))
    told = (luck < parameters.rating_rate + parameters.review_rate) & (
        purchases["person"] < people.customers
    )
    rows, written = purchases[told], (luck < parameters.review_rate)[told]
    stars = np.clip(
        np.round(rows["opinion"].to_numpy() + rng.normal(0, 0.25, len(rows))), 1, 5
    ).astype(np.int64)
    person, item = rows["person"].to_numpy(), rows["item"].to_numpy()
    text = np.full(len(rows), None, dtype=object)
    text[written] = reviews(
        rng,
        catalogue,
        item=item[written],
        rating=stars[written],
        chinese=people.chinese[person[written]],
    )
    frame = _frame(
        "review",
        time=rows["time"].to_numpy() + rng.uniform(2 * DAY, 12 * DAY, len(rows)),
        person=person,
        item=item,
        rating=stars,
        text=text,
        basket=rows["basket"].to_numpy(),
    )
    frame["kind"] = np.where(written, KINDS.index("review"), KINDS.index("rating"))
    return frame


def event_ids(times: Ints, *, source: str) -> list[str]:
    """Return a UUIDv7 (RFC 9562) for each row: its Unix time in milliseconds and a hash of
    ``source`` and line number.
    """
    ids = []
    for line, moment in enumerate(times.tolist(), start=1):
        digest = hashlib.blake2b(f"{source}:{line}".encode(), digest_size=10).digest()
        noise = int.from_bytes(digest)
        value = (
            moment << 80 | 7 << 76 | (noise >> 62 & 0xFFF) << 64 | 2 << 62 | noise & (1 << 62) - 1
        )
        text = f"{value:032x}"
        ids.append(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
    return ids


def epoch(start: date) -> int:
    """Return midnight UTC of ``start`` as Unix time in milliseconds."""
    return int(datetime.combine(start, time(), UTC).timestamp() * 1000)
