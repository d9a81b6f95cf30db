"""The figures that the gate reads, against values worked out by hand."""

import numpy as np
import pytest

from models_ml.data.history import EMPTY, History
from models_ml.recommender.cases import Case
from models_ml.recommender.evaluate import evaluate, ndcg, paired_interval
from models_ml.recommender.ranking import top_items

SECOND = 1 / np.log2(3)


def case(relevant: list[int], owned: list[int] | None = None, unrankable: int = 0) -> Case:
    count = len(owned or [])
    bought = History(np.array(owned or [], np.int32), np.zeros(count), np.full(count, 4, np.int8))
    return Case("anna", 0, bought if owned else EMPTY, np.array(relevant), unrankable)


def test_ndcg_of_a_hit_in_second_place_of_two_relevant() -> None:
    assert ndcg(np.array([9, 3, 8]), np.array([3, 5]), 2) == pytest.approx(SECOND / (1 + SECOND))


def test_ndcg_divides_by_ten_places_however_many_were_bought() -> None:
    assert ndcg(np.arange(10), np.arange(40), 40) == pytest.approx(1.0)


def test_ndcg_counts_bought_items_that_nobody_could_rank() -> None:
    assert ndcg(np.array([3]), np.array([3]), 2) == pytest.approx(1 / (1 + SECOND))


def test_top_items_orders_equals_by_number_and_leaves_out_what_is_barred() -> None:
    scores = np.array([1.0, 5.0, -np.inf, 1.0, 5.0])
    assert top_items(scores, 5).tolist() == [1, 4, 0, 3]
    assert top_items(scores, 2).tolist() == [1, 4]


def test_evaluation_of_both_protocols() -> None:
    catalogue = 40
    cases = [case([0, 30], owned=[0]), case([35])]
    scores = -np.arange(catalogue, dtype=np.float32)
    shares = np.full(catalogue, 0.25)
    found = evaluate(lambda place, one: scores, cases, shares)

    assert found.ndcgs == pytest.approx([1 / (1 + SECOND), 0.0])
    assert found.repeats_allowed.ndcg_at_10 == pytest.approx(found.ndcgs.mean())
    assert found.repeats_allowed.hr_at_10 == 0.5
    assert found.repeats_allowed.coverage == 10 / catalogue
    assert found.repeats_allowed.novelty == pytest.approx(2.0)
    assert found.new_only.customers == 2
    assert found.new_only.hr_at_10 == 0.0
    assert found.new_only.coverage == 11 / catalogue


def test_who_only_bought_again_does_not_count_where_only_the_new_does() -> None:
    shares = np.full(12, 0.1)
    found = evaluate(lambda place, one: np.arange(12.0), [case([3], owned=[3]), case([11])], shares)
    assert found.repeats_allowed.customers == 2
    assert found.new_only.customers == 1
    assert found.new_only.ndcg_at_10 == 1.0


def test_paired_interval_holds_the_mean_and_narrows_with_customers() -> None:
    random = np.random.default_rng(0)
    a = random.normal(0.03, 0.1, 2_000)
    mean, low, high = paired_interval(a, np.zeros(2_000), seed=1)
    assert low < mean < high
    assert mean == pytest.approx(a.mean())
    expected = 1.96 * a.std() / np.sqrt(2_000)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.1)
    assert paired_interval(a, np.zeros(2_000), seed=1) == (mean, low, high)


def test_paired_interval_refuses_arrays_of_different_customers() -> None:
    with pytest.raises(ValueError, match="cannot pair"):
        paired_interval(np.zeros(3), np.zeros(4), seed=1)
