"""The oracle: better than popularity, and its probabilities are those with which people buy."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from guidance.console.demo.generator import Summary, generate
from guidance.console.demo.generator.catalogue import build_catalogue
from guidance.console.demo.generator.oracle import ndcg, purchase_probabilities, rank
from guidance.console.demo.generator.parameters import PARAMETERS
from guidance.console.demo.generator.people import build_people
from guidance.console.demo.generator.simulation import Simulation

END = date(2026, 3, 2)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    directory = tmp_path_factory.mktemp("oracle")
    return generate(directory, seed=5, end=END, customers=500, products=200, days=45)


@pytest.fixture(scope="module")
def oracle(shop: Summary) -> pd.DataFrame:
    return pd.read_parquet(shop.directory / "oracle.parquet")


def test_the_oracle_beats_popularity_by_far(shop: Summary, oracle: pd.DataFrame) -> None:
    assert shop.oracle_customers == len(oracle) > 50
    assert shop.oracle_ndcg == pytest.approx(oracle["ndcg_oracle"].mean(), abs=1e-6)
    assert shop.oracle_ndcg > shop.popularity_ndcg + 0.15
    assert shop.popularity_ndcg > 0


def test_the_oracle_covers_known_customers_who_bought_after_the_cut(
    shop: Summary, oracle: pd.DataFrame
) -> None:
    events = pd.read_parquet(shop.directory / "events.parquet").dropna(subset="customer")
    cut = pd.Timestamp(shop.cut, tz="UTC")
    assert shop.end - shop.cut == timedelta(days=14)
    known = set(events.loc[events["time"] < cut, "customer"])
    late = events[(events["time"] >= cut) & (events["kind"] == "purchase")]
    bought = late[late["customer"].isin(known)].groupby("customer")["sku"].agg(set)
    assert dict(zip(oracle["customer"], oracle["relevant"].map(set), strict=True)) == dict(bought)
    earlier = events[(events["time"] < cut) & (events["kind"] == "purchase")]
    counts = earlier["customer"].value_counts()
    assert oracle["purchases_before"].tolist() == [
        int(counts.get(customer, 0)) for customer in oracle["customer"]
    ]


def test_rankings_are_ordered_and_without_withdrawn_products(
    shop: Summary, oracle: pd.DataFrame
) -> None:
    products = pd.read_json(shop.directory / "products.jsonl", lines=True)
    hidden = set(products.loc[products["hidden"], "sku"])
    for row in oracle.itertuples():
        assert len(set(row.skus)) == len(row.skus) == 50
        assert not hidden & set(row.skus)
        assert (np.diff(row.probabilities) <= 0).all()
        assert 0 <= row.probabilities[-1] <= row.probabilities[0] <= 1


def test_probabilities_are_calibrated_against_many_futures() -> None:
    """Simulate the same window many times from one state: what is said to happen often does."""
    days, cut, futures = 34, 26, 40
    dice = np.random.default_rng(3)
    catalogue = build_catalogue(dice, products=60, days=days, parameters=PARAMETERS)
    people = build_people(dice, catalogue, customers=500, days=1, parameters=PARAMETERS)
    start = END - timedelta(days=days)
    past = Simulation(dice, catalogue, people, [], start=start, parameters=PARAMETERS)
    past.run(range(cut))
    expected = purchase_probabilities(
        catalogue, people, [], past.state, start=start, days=range(cut, days), parameters=PARAMETERS
    )
    happened = np.zeros_like(expected)
    for _ in range(futures):
        future = Simulation(dice, catalogue, people, [], start=start, parameters=PARAMETERS)
        future.state = past.state.copy()
        future.run(range(cut, days))
        buyer = future.log.column("session_person")[future.log.column("line_session")]
        bought = np.zeros_like(expected, dtype=bool)
        customer = buyer < people.customers
        bought[buyer[customer], future.log.column("line_item")[customer]] = True
        happened += bought / futures
    assert happened.sum() == pytest.approx(expected.sum(), rel=0.08)
    for low, high in ((0.02, 0.1), (0.1, 0.3), (0.3, 1.0)):
        group = (expected >= low) & (expected < high)
        assert group.sum() > 30
        assert happened[group].mean() == pytest.approx(expected[group].mean(), rel=0.12)


def test_ndcg_of_hand_worked_rankings() -> None:
    ranking = np.array([[3, 1, 2], [0, 1, 2], [2, 1, 0]])
    values = ndcg(ranking, [{3}, {2}, {2, 1}], depth=3)
    assert values == pytest.approx([1.0, 0.5, 1.0])


def test_ranking_breaks_ties_by_position() -> None:
    assert rank(np.array([[0.1, 0.5, 0.5, 0.0]]), top=3).tolist() == [[1, 2, 0]]
