"""The gate's peers, on data small enough to check by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from models_ml.data.cleaning import clean
from models_ml.data.columns import KIND_NUMBERS
from models_ml.data.histories import Histories, build_histories
from models_ml.data.history import DAY_SECONDS, History
from models_ml.recommender.baselines import (
    CO_OCCURRENCE_GROUP,
    fit_co_occurrence,
    fit_popularity,
    fit_repeat_frequency,
    solve_ease,
)
from models_ml.recommender.features import item_habits, own_item_features
from models_ml.recommender.past import Past
from models_ml.recommender.scorers import Interest, NeighbourScorer

Write = Callable[..., pd.DataFrame]
CUT = pd.Timestamp("2026-04-01", tz="UTC")


@pytest.fixture
def past(purchases: Write) -> Past:
    frame = purchases(
        ("anna", "2026-01-01", "cup", "tea"),
        ("anna", "2026-03-30", "cup"),
        ("bob", "2026-03-20", "cup", "tea"),
        ("cleo", "2026-03-31", "jug", "tea"),
        ("dan", "2026-01-05", "pot"),
    )
    return Past(build_histories(clean(frame)[0]), CUT.timestamp() / DAY_SECONDS)


def order(past: Past, scores: np.ndarray) -> list[str]:
    return past.histories.skus[np.argsort(-scores, kind="stable")].tolist()


def test_popularity_counts_recent_buyers_once_and_keeps_the_rest_behind(past: Past) -> None:
    popularity = fit_popularity(past, days=30)
    assert order(past, popularity.shares) == ["tea", "cup", "jug", "pot"]
    assert popularity.shares[0] == pytest.approx(0.5 + 0.001 * 0.5)
    assert popularity.shares[2] > 0


def test_repeat_frequency_prefers_often_and_lately(past: Past) -> None:
    repeat = fit_repeat_frequency(past, fit_popularity(past, days=30), half_life=30, browsing=0)
    scores = repeat.score(past.histories.of(0), past.cut)
    assert order(past, scores) == ["cup", "tea", "jug", "pot"]
    assert scores[0] == pytest.approx(2 ** (-2 / 30) + 2**-3, abs=1e-3)


def test_looks_count_only_as_far_as_they_were_tuned() -> None:
    history = History(
        np.array([0, 0, 1], np.int32), np.array([9.0, 9.5, 10.0]), np.array([0, 3, 4], np.int8)
    )
    untuned = Interest(half_life=10, browsing=0).weigh(history, 10.0)[1]
    assert 0 < untuned[0] < 0.005
    assert untuned[1] == 1.0
    own, weights = Interest(half_life=1, browsing=0.1).weigh(history, 10.0)
    assert own.tolist() == [0, 1]
    assert weights[0] == pytest.approx(0.1 * 0.5 + 0.3 * 0.5**0.5)


def test_co_occurrence_follows_shared_baskets(past: Past) -> None:
    popularity = fit_popularity(past, days=30)
    fitted = fit_co_occurrence(
        past, popularity, scope="basket", damping=0.5, half_life=1e9, browsing=0
    )
    skus = past.histories.skus.tolist()
    tea, cup, jug = skus.index("tea"), skus.index("cup"), skus.index("jug")
    assert fitted.neighbours[tea, :2].tolist() == [cup, jug]
    # Tea and cup share two baskets; both lie in three.
    assert fitted.strengths[tea, 0] == pytest.approx(2 / 3)
    assert fitted.strengths[tea, 1] == pytest.approx(1 / np.sqrt(3))
    assert fitted.strengths[skus.index("pot")].tolist() == [0, 0, 0, 0]


def _histories(items: list[np.ndarray], times: list[np.ndarray], catalogue: int) -> Histories:
    lengths = [len(one) for one in items]
    return Histories(
        customers=np.array([f"c{number:03}" for number in range(len(items))]),
        skus=np.array([f"s{number:06}" for number in range(catalogue)]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        items=np.concatenate(items).astype(np.int32),
        times=np.concatenate(times),
        kinds=np.full(sum(lengths), KIND_NUMBERS["purchase"], np.int8),
    )


def _together(past: Past, scope: str) -> NeighbourScorer:
    return fit_co_occurrence(
        past, fit_popularity(past, days=30), scope=scope, damping=0.5, half_life=30, browsing=0
    )


@pytest.mark.parametrize("scope", ["basket", "customer"])
def test_one_who_has_the_whole_catalogue_leaves_co_occurrence_small(scope: str) -> None:
    """All pairs of 100,000 items would be ten billion entries, 80 GB."""
    catalogue = 100_000
    whole, pair = np.arange(catalogue), np.array([catalogue - 2, catalogue - 1])
    # A robot that bought everything at once, and somebody with two items outside what it keeps.
    histories = _histories([whole, pair], [np.full(catalogue, 5.0), np.full(2, 6.0)], catalogue)
    fitted = _together(Past(histories, 10.0), scope)
    assert (fitted.strengths > 0).any(axis=1).sum() == CO_OCCURRENCE_GROUP + 2
    assert fitted.neighbours[pair, 0].tolist() == pair[::-1].tolist()


def test_of_a_customer_with_very_many_items_the_newest_count() -> None:
    many = CO_OCCURRENCE_GROUP + 20
    # The highest numbers are the oldest.
    items = np.arange(many)[::-1]
    past = Past(_histories([items], [np.arange(many, dtype=np.float64)], many), many + 1.0)
    known = (_together(past, "customer").strengths > 0).any(axis=1)
    assert np.flatnonzero(known).tolist() == list(range(CO_OCCURRENCE_GROUP))


def test_a_group_at_the_limit_counts_whole() -> None:
    past = Past(
        _histories(
            [np.arange(CO_OCCURRENCE_GROUP)], [np.zeros(CO_OCCURRENCE_GROUP)], CO_OCCURRENCE_GROUP
        ),
        1.0,
    )
    assert (_together(past, "customer").strengths > 0).all()


def test_ease_equals_its_closed_form() -> None:
    random = np.random.default_rng(4)
    tastes = (random.random((60, 7)) < 0.3).astype(np.float32)
    neighbours, strengths = solve_ease(sparse.csr_array(tastes), regularisation=5.0)
    inverse = np.linalg.inv(tastes.T @ tastes + 5.0 * np.eye(7))
    expected = np.eye(7) - inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0.0)
    found = np.zeros((7, 7))
    np.put_along_axis(found, neighbours, strengths, axis=1)
    assert found == pytest.approx(expected, abs=1e-4)
    assert (np.diff(strengths, axis=1) <= 0).all()


def test_habits_are_learned_from_second_baskets() -> None:
    items = np.repeat([0, 0, 1], 200)
    owners = np.concatenate([np.arange(200), np.arange(200), np.arange(200)])
    times = np.concatenate([np.zeros(200), np.full(200, 12.0), np.zeros(200)])
    habits = item_habits(items, owners, times, np.array([1, 1]), catalogue=3)
    assert habits.repeat_rates[0] > 0.95
    assert habits.repeat_rates[1] < 0.05
    assert habits.periods[0] == pytest.approx(12.0, abs=0.1)
    assert habits.repeat_rates[2] == pytest.approx(0.5)


def test_features_are_finite_for_any_history() -> None:
    habits = item_habits(
        np.array([0, 1]), np.array([0, 0]), np.zeros(2), np.array([], np.int64), catalogue=4
    )
    histories = [
        History(np.array([2], np.int32), np.array([5.0]), np.array([kind], np.int8))
        for kind in range(8)
    ]
    for history in histories:
        # The clock of a browser may run ahead: events may lie after now.
        for now in (4.0, 5.0, 900.0):
            items, features = own_item_features(history, now, habits)
            assert items.tolist() == [2]
            assert np.isfinite(features).all()


def test_a_first_visit_of_looks_alone_has_neighbours_where_tuning_gave_looks_no_weight() -> None:
    scorer = NeighbourScorer(
        Interest(half_life=30.0, browsing=0.0),
        neighbours=np.array([[1], [0], [0]], np.int32),
        strengths=np.array([[1.0], [1.0], [0.0]], np.float32),
        shares=np.array([0.1, 0.2, 0.9], np.float32),
    )
    view, purchase = KIND_NUMBERS["view"], KIND_NUMBERS["purchase"]
    looked = History(np.array([0], np.int32), np.array([9.0]), np.array([view], np.int8))
    assert scorer.evidence(looked, 10.0).argmax() == 1
    bought = History(
        np.array([0, 1], np.int32), np.array([9.0, 9.0]), np.array([view, purchase], np.int8)
    )
    scores = scorer.score(bought, 10.0)
    assert scores[0] > 100 * scores[1]
