"""The generated shop as a whole: from a seed to its import files."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .catalogue import Catalogue, build_catalogue
from .facts import product_records
from .files import README, write_events, write_json, write_jsonl, write_oracle
from .offers import Campaign, build_campaigns, campaign_records
from .oracle import ndcg, purchase_probabilities, rank
from .parameters import PARAMETERS, VERSION
from .people import PLACES, TIERS, People, build_people
from .simulation import Simulation, State
from .timeline import DAY, KINDS, build_timeline, epoch

CURRENCY = "SGD"
HELD_OUT_DAYS = 14
TOP = 50
"""Length of the oracle's rankings."""
META = "meta.json"
"""Written last: where it lies, the other files are whole."""
STEPS = ("assortment", "customers", "sessions", "oracle", "files")

Progress = Callable[[str, int, int], None]
"""Called with the step (one of ``STEPS``), what of it is done and its total."""


@dataclass(frozen=True)
class Summary:
    """What was written; NDCG@10 is the mean over the customers of ``oracle.parquet``."""

    directory: Path
    products: int
    customers: int
    events: int
    events_by_kind: dict[str, int]
    start: date
    cut: date
    end: date
    oracle_customers: int
    oracle_ndcg: float
    popularity_ndcg: float


def generate(
    directory: Path,
    *,
    seed: int = 7,
    end: date,
    customers: int = 5000,
    products: int = 1000,
    days: int = 60,
    on_progress: Progress | None = None,
) -> Summary:
    """Write the import files of a shop whose last day is the one before ``end`` (UTC), and its
    oracle.

    The last 14 days (a third of a shorter period) are held out: the oracle's cut is their
    beginning. ``meta.json`` is written last, so a directory without it holds an unfinished shop.
    Raises ``ValueError`` for sizes that make no shop or that the vocabulary cannot fill.
    """
    if customers < 1 or products < 10 or days < 3:
        raise ValueError(
            "a shop needs customers >= 1, products >= 10, days >= 3; "
            f"got {customers}, {products}, {days}"
        )
    report = on_progress or (lambda step, done, total: None)
    start = end - timedelta(days=days)
    cut_day = days - min(HELD_OUT_DAYS, days // 3)
    dice = [np.random.default_rng([seed, number]) for number in range(6)]

    report("assortment", 0, 1)
    catalogue = build_catalogue(dice[0], products=products, days=days, parameters=PARAMETERS)
    report("assortment", 1, 1)
    people = build_people(dice[1], catalogue, customers=customers, days=days, parameters=PARAMETERS)
    report("customers", 1, 1)
    campaigns = build_campaigns(catalogue, days=days)
    simulation = Simulation(
        dice[2], catalogue, people, campaigns, start=start, parameters=PARAMETERS
    )
    simulation.run(range(cut_day), on_day=lambda day: report("sessions", day + 1, days))
    state = simulation.state.copy()
    simulation.run(range(cut_day, days), on_day=lambda day: report("sessions", day + 1, days))
    events = build_timeline(
        dice[3], simulation.log, catalogue, people, start=start, days=days, parameters=PARAMETERS
    )
    report("oracle", 0, 1)
    names = _names(seed, customers)
    oracle = _oracle(
        catalogue,
        people,
        campaigns,
        state,
        events,
        names=names,
        start=start,
        days=range(cut_day, days),
    )
    report("oracle", 1, 1)

    directory.mkdir(parents=True, exist_ok=True)
    (directory / META).unlink(missing_ok=True)
    sales = _units(
        events, since=max(0, days - PARAMETERS.popularity_days), until=days, items=products
    )
    write_jsonl(
        directory / "products.jsonl",
        product_records(dice[4], catalogue, sales=sales, currency=CURRENCY, parameters=PARAMETERS),
    )
    write_jsonl(
        directory / "customers.jsonl", _customer_records(dice[5], people, names, start=start)
    )
    write_jsonl(
        directory / "campaigns.jsonl",
        campaign_records(campaigns, catalogue, start=start, currency=CURRENCY),
    )
    write_events(
        directory / "events.parquet",
        events,
        epoch=epoch(start),
        people=names,
        customers=customers,
        skus=catalogue.skus,
        currency=CURRENCY,
        source=f"generated-shop/{VERSION}/{seed}/{customers}/{products}/{days}",
    )
    write_oracle(directory / "oracle.parquet", oracle)
    summary = _summary(
        directory, catalogue, people, events, oracle, start=start, days=days, cut_day=cut_day
    )
    (directory / "README.txt").write_text(README, encoding="utf-8")
    write_json(directory / META, _meta(summary, seed=seed, days=days))
    report("files", 1, 1)
    return summary


def _names(seed: int, customers: int) -> list[str]:
    """Return opaque ids: ``c-...`` for customers, ``v-...`` for visitors."""
    return [
        f"{'c' if number < customers else 'v'}-"
        + hashlib.blake2b(f"person:{seed}:{number}".encode(), digest_size=6).hexdigest()
        for number in range(2 * customers)
    ]


def _units(events: pd.DataFrame, *, since: int, until: int, items: int) -> np.ndarray:
    """Return the purchase lines of each item from day ``since`` to before day ``until``,
    ``(N,)``.
    """
    rows = events[
        (events["kind"] == KINDS.index("purchase"))
        & (events["time"] >= since * DAY)
        & (events["time"] < until * DAY)
    ]
    return np.bincount(rows["item"], minlength=items).astype(float)


def _oracle(
    catalogue: Catalogue,
    people: People,
    campaigns: list[Campaign],
    state: State,
    events: pd.DataFrame,
    *,
    names: list[str],
    start: date,
    days: range,
) -> dict[str, Any]:
    """Rank by true probabilities and by popularity for each customer known at the cut who bought
    afterwards.
    """
    scores = purchase_probabilities(
        catalogue, people, campaigns, state, start=start, days=days, parameters=PARAMETERS
    )
    cut = days.start * DAY
    bought = events[
        (events["kind"] == KINDS.index("purchase")) & (events["person"] < people.customers)
    ]
    known = set(events.loc[events["time"] < cut, "person"])
    relevant = {
        int(person): sorted(set(rows))
        for person, rows in bought[bought["time"] >= cut].groupby("person")["item"]
        if person in known
    }
    persons = np.array(sorted(relevant), dtype=np.int64)
    since = max(0, days.start - PARAMETERS.popularity_days)
    popularity = _units(events, since=since, until=days.start, items=len(catalogue.items))
    ranking = rank(scores[persons], top=TOP)
    popular = np.repeat(rank(popularity[None, :], top=TOP), len(persons), axis=0)
    truth = [set(relevant[person]) for person in persons.tolist()]
    before = np.bincount(bought.loc[bought["time"] < cut, "person"], minlength=people.customers)
    return {
        "customer": [names[person] for person in persons],
        "purchases_before": before[persons],
        "relevant": [
            [catalogue.skus[item] for item in relevant[person]] for person in persons.tolist()
        ],
        "skus": [[catalogue.skus[item] for item in row] for row in ranking.tolist()],
        "probabilities": np.round(np.take_along_axis(scores[persons], ranking, axis=1), 6).tolist(),
        "ndcg_oracle": ndcg(ranking, truth),
        "ndcg_popularity": ndcg(popular, truth),
    }


def _customer_records(
    rng: np.random.Generator, people: People, names: list[str], *, start: date
) -> list[dict[str, Any]]:
    """Return the rows of ``customers.jsonl``: nothing that names or reaches a person."""
    count = people.customers
    midnight = datetime.combine(start, time(), UTC)
    earlier = rng.integers(1, 3 * 365, count)
    email, push = rng.random(count) < 0.62, rng.random(count) < 0.41
    records = []
    for n in range(count):
        first = int(people.first_day[n])
        country, zone, _, _ = PLACES[people.place[n]]
        joined = midnight + timedelta(days=first if first else -int(earlier[n]))
        records.append(
            {
                "customer": names[n],
                "tier": TIERS[people.tier[n]],
                "language": "zh-hans" if people.chinese[n] else "en",
                "country": country,
                "time_zone": zone,
                "joined_at": joined.isoformat(),
                "consents": {"email_marketing": bool(email[n]), "push_marketing": bool(push[n])},
            }
        )
    return records


def _summary(
    directory: Path,
    catalogue: Catalogue,
    people: People,
    events: pd.DataFrame,
    oracle: dict[str, Any],
    *,
    start: date,
    days: int,
    cut_day: int,
) -> Summary:
    kinds = np.bincount(events["kind"], minlength=len(KINDS)).tolist()
    users = len(oracle["customer"])
    return Summary(
        directory=directory,
        products=len(catalogue.items),
        customers=people.customers,
        events=len(events),
        events_by_kind=dict(zip(KINDS, kinds, strict=True)),
        start=start,
        cut=start + timedelta(days=cut_day),
        end=start + timedelta(days=days),
        oracle_customers=users,
        oracle_ndcg=round(float(oracle["ndcg_oracle"].mean()), 6) if users else 0.0,
        popularity_ndcg=round(float(oracle["ndcg_popularity"].mean()), 6) if users else 0.0,
    )


def _meta(summary: Summary, *, seed: int, days: int) -> dict[str, Any]:
    """Return ``meta.json``: everything needed to make and to measure the same shop again."""
    record = {name: value for name, value in asdict(summary).items() if name != "directory"}
    dates = {name: record[name].isoformat() for name in ("start", "cut", "end")}
    return {
        "generator": VERSION,
        "seed": seed,
        "days": days,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "pyarrow": pa.__version__,
        **record,
        **dates,
        "popularity": f"purchase lines of the {PARAMETERS.popularity_days} days before the cut",
        "parameters": asdict(PARAMETERS),
    }
