"""Drift: told where a distribution or a quality changed, silent where few events came."""

import numpy as np
import pytest

from models_ml.data.drift import (
    OTHER,
    compare_counts,
    compare_means,
    count_bands,
    price_bands,
)


def test_the_index_is_the_published_sum_over_shares() -> None:
    shift = compare_counts({"a": 500, "b": 500}, {"a": 250, "b": 750})
    assert shift is not None
    by_hand = (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)
    assert shift.index == pytest.approx(by_hand)
    assert shift.now == {"a": 0.25, "b": 0.75}
    assert shift.passes(0.25)
    assert not shift.passes(0.30)


def test_the_same_distribution_at_another_volume_is_no_drift() -> None:
    shift = compare_counts({"a": 900, "b": 90}, {"a": 10, "b": 1})
    assert shift is not None
    assert shift.index == pytest.approx(0.0)
    assert not shift.passes(0.1)


def test_few_events_that_may_be_chance_do_not_alarm() -> None:
    before = {"a": 5_000, "b": 5_000}
    few, many = compare_counts(before, {"a": 2, "b": 4}), compare_counts(before, {"a": 20, "b": 40})
    assert few is not None
    assert many is not None
    assert few.index == pytest.approx(many.index)
    assert not few.passes(0.1)
    assert many.passes(0.1)


def test_what_chance_makes_stays_under_its_limit_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(3)
    shares = [0.5, 0.3, 0.15, 0.05]
    over = 0
    for _ in range(400):
        first, second = (random.multinomial(n, shares) for n in (2_000, 300))
        shift = compare_counts(
            dict(zip("abcd", first, strict=True)), dict(zip("abcd", second, strict=True))
        )
        assert shift is not None
        over += shift.index > shift.by_chance
    assert 0.02 < over / 400 < 0.09


def test_a_group_never_seen_before_is_drift_and_stays_finite() -> None:
    shift = compare_counts({"view": 1_000}, {"view": 500, "search": 500})
    assert shift is not None
    assert np.isfinite(shift.index)
    assert shift.now == {"view": 0.5, "search": 0.5}
    assert shift.passes(1.0)


def test_rare_groups_are_compared_as_one() -> None:
    before = {f"c{n}": 100.0 - n for n in range(50)}
    shift = compare_counts(before, before)
    assert shift is not None
    assert len(shift.before) == 21
    assert shift.before[OTHER] > 0
    assert sum(shift.before.values()) == pytest.approx(1.0)


def test_nothing_on_a_side_is_not_compared() -> None:
    assert compare_counts({}, {"a": 1}) is None
    assert compare_counts({"a": 1}, {"a": 0}) is None
    assert compare_means(np.array([1.0]), np.array([1.0, 0.0])) is None


def test_price_bands_hold_about_the_same_weight_each() -> None:
    prices = np.random.default_rng(1).lognormal(2.0, 1.0, 5_000)
    ones = np.ones(len(prices))
    counts = count_bands(prices, ones, price_bands(prices, ones))
    assert len(counts) == 10
    assert max(counts.values()) - min(counts.values()) <= 2
    assert sum(counts.values()) == len(prices)


def test_one_price_is_one_band() -> None:
    prices, ones = np.full(5, 2.5), np.ones(5)
    assert sum(count_bands(prices, ones, price_bands(prices, ones)).values()) == 5
    assert price_bands(np.array([]), np.array([])).tolist() == []
    assert count_bands(prices, ones, np.array([])) == {"all": 5.0}


def test_a_quality_that_fell_is_told_apart_from_one_that_wobbles() -> None:
    random = np.random.default_rng(2)
    before = random.random(2_000) * 0.8
    same, worse = random.random(300) * 0.8, random.random(300) * 0.5
    wobble, fall = compare_means(before, same), compare_means(before, worse)
    assert wobble is not None
    assert fall is not None
    assert not wobble.passes(0.05)
    assert fall.passes(0.2)
    assert fall.at_least < fall.lost == pytest.approx(1 - worse.mean() / before.mean())
