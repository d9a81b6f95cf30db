"""Statistics of fairness and health against figures worked out by hand or by simulation."""

import math

import numpy as np
import pytest

from models_ml.fairness.anonymity import too_small
from models_ml.fairness.calibration import miscalibration, score_bands
from models_ml.fairness.clusters import ClusterTable
from models_ml.fairness.concentration import coverage, gini, lorenz
from models_ml.fairness.exposure import QUANTITIES, group_exposures, position_discount
from models_ml.fairness.popularity import (
    BLOCKBUSTER,
    NICHE,
    head_of,
    popularity_lift,
    taste_groups,
)


def test_exposure_falls_with_the_position_as_in_dcg() -> None:
    found = position_discount(np.array([1, 3, 7]))
    assert found == pytest.approx([1.0, 0.5, 1 / 3])


def _exposure_table(shown: np.ndarray, bought: np.ndarray) -> ClusterTable:
    """Fill a table from (shoppers, groups) exposures and purchases; clicks are none."""
    values = np.zeros((*shown.shape, QUANTITIES))
    for place, part in ((0, shown), (2, bought)):
        values[:, :, place] = part
        values[:, :, place + 1] = part.sum(axis=1, keepdims=True)
    table = ClusterTable(shown.shape[1], QUANTITIES)
    table.add(values)
    return table


def test_a_group_shown_twice_as_much_as_it_is_wanted_has_a_ratio_of_two() -> None:
    # 40 shoppers see two items of A and two of B and buy one of A and three of B.
    shown = np.tile([2.0, 2.0], (40, 1))
    bought = np.tile([1.0, 3.0], (40, 1))
    first, second = group_exposures(_exposure_table(shown, bought))
    assert (first.exposure, first.bought, first.purchases) == (0.5, 0.25, 40)
    assert first.by_purchases is not None
    assert first.by_purchases.value == pytest.approx(2.0)
    assert second.by_purchases is not None
    assert second.by_purchases.value == pytest.approx(0.5 / 0.75)
    assert first.by_clicks is None, "nobody clicked, so clicks say nothing"


def test_a_groups_ratio_is_not_told_from_a_handful_of_purchases() -> None:
    bought = np.array([[1.0, 3.0]] * 9)
    first, second = group_exposures(_exposure_table(np.ones((9, 2)), bought))
    assert first.by_purchases is None
    assert second.by_purchases is not None


def test_intervals_of_the_exposure_ratio_hold_the_truth_as_often_as_they_say() -> None:
    # Group A has 30 % of exposure and 30 % of purchases; shoppers differ in how much they do.
    rng = np.random.default_rng(5)
    held, rounds = 0, 400
    for _round in range(rounds):
        lists = rng.poisson(rng.gamma(2.0, 1.5, 150))[:, None]
        orders = rng.poisson(rng.gamma(2.0, 1.0, 150))[:, None]
        taste = rng.beta(3, 7, (150, 1))
        shown = np.hstack([rng.binomial(10 * lists, taste), np.zeros_like(lists)]).astype(float)
        shown[:, 1:] = 10 * lists - shown[:, :1]
        bought = np.hstack([rng.binomial(orders, taste), np.zeros_like(orders)]).astype(float)
        bought[:, 1:] = orders - bought[:, :1]
        table = _exposure_table(shown, bought)
        found = table.ratio_of_shares(0, (0, 1), (2, 3), confidence=0.95)
        assert found is not None
        held += found.low <= 1.0 <= found.high
    assert 0.92 <= held / rounds <= 0.98


def test_a_ratios_interval_is_that_of_the_delta_method() -> None:
    # Clicks over seen decisions of four shoppers, worked out by hand: 6 / 12, residuals
    # (1 - 1, 0 - 1, 2 - 2, 3 - 2) with squares that add up to 2.
    clicks, seen = np.array([1.0, 0.0, 2.0, 3.0]), np.array([2.0, 2.0, 4.0, 4.0])
    table = ClusterTable(1, 2)
    table.add(np.stack([clicks[:2], seen[:2]], axis=1)[:, None, :])
    table.add(np.stack([clicks[2:], seen[2:]], axis=1)[:, None, :])
    found = table.ratio(0, 0, 1)
    assert found is not None
    error = math.sqrt(2 * 4 / 3) / 12
    assert found.value == 0.5
    assert found.high - found.value == pytest.approx(3.182446 * error, rel=1e-5)


def test_a_figure_that_fell_to_nothing_is_a_fall_by_everything() -> None:
    values = np.zeros((30, 2, 2))
    values[:, 0] = np.stack([np.arange(30) % 2, np.ones(30)], axis=1)
    values[:, 1, 1] = 1.0
    table = ClusterTable(2, 2)
    table.add(values)
    found = table.relative_change(0, 1, 0, 1)
    assert found is not None
    assert found.value == -1.0
    assert found.high < 0


def test_gini_is_zero_for_equals_and_near_one_for_one_winner() -> None:
    assert gini(np.full(8, 3.0)) == pytest.approx(0.0)
    assert gini(np.array([0.0, 0.0, 0.0, 4.0])) == pytest.approx(0.75)  # (n - 1) / n
    assert gini(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.25)
    assert gini(np.zeros(3)) is None


def test_coverage_counts_what_was_shown_at_all() -> None:
    assert coverage(np.array([0.0, 0.1, 5.0, 0.0])) == 0.5
    assert coverage(np.zeros(0)) is None


def test_the_lorenz_curve_runs_from_nothing_to_everything() -> None:
    products, exposure = lorenz(np.array([1.0, 3.0]), points=2)
    assert products == [0.0, 0.5, 1.0]
    assert exposure == [0.0, 0.25, 1.0]


def test_the_lift_is_the_relative_difference_of_average_popularities() -> None:
    # GAP of profiles .2, of lists .3: Abdollahpouri et al. 2019 give (.3 - .2) / .2.
    own, shown = np.array([0.1, 0.3] * 10), np.array([0.3, 0.3] * 10)
    found = popularity_lift(own, shown)
    assert (found.shoppers, found.own, found.shown) == (20, pytest.approx(0.2), pytest.approx(0.3))
    assert found.lift is not None
    assert found.lift.value == pytest.approx(0.5)


def test_the_head_is_the_most_popular_fifth_of_what_is_known_at_all() -> None:
    popularity = np.array([0.0, 0.9, 0.1, 0.2, 0.3, 0.4])
    assert head_of(popularity).tolist() == [False, True, False, False, False, False]
    assert not head_of(np.zeros(4)).any()


def test_tastes_are_told_apart_in_fifths() -> None:
    groups = taste_groups(np.arange(10) / 10)
    assert (groups == NICHE).nonzero()[0].tolist() == [0, 1]
    assert (groups == BLOCKBUSTER).nonzero()[0].tolist() == [8, 9]


def test_miscalibration_is_stecks_divergence() -> None:
    # p = (.7, .3), q = (1, 0): q~ = .99 q + .01 p = (.997, .003).
    found = miscalibration(np.array([[7.0, 3.0], [1.0, 1.0]]), np.array([[5.0, 0.0], [2.0, 2.0]]))
    by_hand = 0.7 * math.log(0.7 / 0.997) + 0.3 * math.log(0.3 / 0.003)
    assert found == pytest.approx([by_hand, 0.0])


def test_score_bands_hold_as_many_items_each_and_equal_scores_together() -> None:
    scores = np.concatenate([np.arange(50.0), np.full(50, 99.0)])
    clicked = scores > 40
    bands = score_bands(scores, clicked, np.zeros(100, dtype=bool))
    assert sum(band.items for band in bands) == 100
    assert bands[-1].low == bands[-1].high == 99.0
    assert [band.clicked / band.items for band in bands] == sorted(
        band.clicked / band.items for band in bands
    )
    assert score_bands(np.zeros(0), np.zeros(0), np.zeros(0)) == []


def test_small_groups_are_withheld_with_one_more_where_subtraction_would_tell() -> None:
    assert too_small({"gold": 100, "silver": 30, "platin": 3}, 20) == {"platin", "silver"}
    assert too_small({"gold": 100, "silver": 30, "x": 15, "y": 15}, 20) == {"x", "y"}
    assert too_small({"gold": 100, "silver": 30}, 20) == set()
    assert too_small({"gold": 3}, 20) == {"gold"}
    assert too_small({"gold": 100, "silver": 30, "nobody": 0}, 20) == set()
    assert too_small({"gold": 100, "silver": 3, "nobody": 0}, 20) == {"silver", "gold"}


def test_people_in_two_small_groups_protect_each_other_once() -> None:
    people = {"a": {*range(12)}, "b": {*range(12)}, "c": {*range(100, 150)}}
    sizes = {group: len(own) for group, own in people.items()}

    def together(groups: set[str]) -> int:
        return len(set().union(*(people[group] for group in groups)))

    assert too_small(sizes, 20) == {"a", "b"}
    assert too_small(sizes, 20, together) == {"a", "b", "c"}
