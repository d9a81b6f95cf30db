"""RFM with worked-out answers: scores of equals, returns, orders, currencies, every segment."""

from datetime import date

import numpy as np
import pytest

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.segments import (
    SEGMENTS,
    Buyers,
    buyers,
    days_since,
    scores,
    segment_of,
)
from tests.behaviour.analysis.conftest import Tell


def test_scores_are_shares_of_others_with_less_and_equals_score_alike() -> None:
    assert list(scores(np.array([10, 20, 30, 40, 50]))) == [1, 2, 3, 4, 5]
    assert list(scores(np.array([50, 10, 40, 20, 30]))) == [5, 1, 4, 2, 3]
    assert list(scores(np.array([1, 1, 1, 1, 2]))) == [1, 1, 1, 1, 5]
    assert list(scores(np.array([1, 1, 2, 2, 2]))) == [1, 1, 3, 3, 3]
    assert list(scores(np.array([7]))) == [1]
    assert list(scores(np.array([], dtype=np.int64))) == []


def test_orders_are_baskets_and_money_is_net_of_returns(tell: Tell, scope: Scope) -> None:
    people = tell(
        """
        a purchase 2 10:00 basket=1 price=10.10 quantity=2
        a purchase 2 10:00 basket=1 price=1.99
        a purchase 2 10:00 basket=2 price=5
        a purchase 9 10:00 price=1
        a purchase 9 10:00 price=1
        a return 20 10:00 price=10.10
        a purchase 2026-02-28 10:00 price=1000
        b purchase 31 23:59 price=3
        b return 31 23:59 price=5
        only-returns return 5 10:00 price=5
        looks view 5 10:00
        """
    )
    found = buyers(scope)
    assert list(found.shoppers) == sorted([people["a"], people["b"]])
    a = list(found.shoppers).index(people["a"])
    assert (found.orders[a], found.cents[a], str(found.last[a])) == (3, 1909, "2026-03-09")
    assert found.cents[1 - a] == -200
    assert list(days_since(found, date(2026, 3, 31))) == ([22, 0] if a == 0 else [0, 22])


def test_money_of_another_currency_is_not_added_up(tell: Tell, scope: Scope) -> None:
    people = tell(
        """
        both purchase 2 10:00 price=10 basket=1
        both purchase 2 10:00 price=900 basket=2 currency=EUR
        none purchase 2 10:00 price=5 currency=
        euro purchase 2 10:00 price=700 currency=EUR
        """
    )
    found = buyers(scope)
    assert dict(zip(found.shoppers.tolist(), found.cents.tolist(), strict=True)) == {
        people["both"]: 1000,
        people["none"]: 500,
    }
    assert found.elsewhere == 1


@pytest.mark.parametrize(
    ("recency", "frequency", "money", "orders", "expected"),
    [
        (4, 4, 5, 9, "best"),
        (5, 5, 4, 9, "loyal"),
        (4, 3, 4, 2, "large"),
        (5, 1, 3, 1, "new"),
        (5, 3, 3, 2, "promising"),
        (3, 4, 1, 5, "slipping"),
        (3, 1, 4, 1, "slipping"),
        (2, 4, 1, 5, "lost_best"),
        (1, 1, 5, 1, "lost_best"),
        (3, 3, 3, 2, "middle"),
        (2, 3, 4, 2, "asleep"),
        (1, 1, 1, 1, "asleep"),
    ],
)
def test_a_buyer_is_in_the_first_segment_that_holds(
    recency: int, frequency: int, money: int, orders: int, expected: str
) -> None:
    one = [np.array([value]) for value in (1, 0, orders, 0, recency, frequency, money)]
    found = Buyers(*one, elsewhere=0)  # type: ignore[arg-type]
    (place,) = segment_of(found)
    assert SEGMENTS[place].key == expected


def test_every_buyer_is_in_one_segment(tell: Tell, scope: Scope) -> None:
    tell("\n".join(f"s{n} purchase {n} 10:00 price={n * n % 17}" for n in range(1, 29)))
    found = buyers(scope)
    assert np.bincount(segment_of(found), minlength=len(SEGMENTS)).sum() == 28


def test_nobody_bought(scope: Scope) -> None:
    found = buyers(scope)
    assert (len(found.shoppers), len(segment_of(found)), found.elsewhere) == (0, 0, 0)
