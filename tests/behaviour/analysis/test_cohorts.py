"""Cohorts with worked-out answers: weeks, months, the shop's midnight, what is not over yet."""

from dataclasses import replace
from datetime import date

from guidance.behaviour.analysis.cohorts import Cohort, cohorts
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.period import Period
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from tests.behaviour.analysis.conftest import Tell

LATER = date(2027, 1, 1)


def _found(
    scope: Scope, *, unit: str = "month", first: str = "purchase", again: str = "purchase",
    today: date = LATER,
) -> list[tuple[str, int, list[int]]]:  # fmt: skip
    return [_said(one) for one in cohorts(scope, unit=unit, first=first, again=again, today=today)]


def _said(cohort: Cohort) -> tuple[str, int, list[int]]:
    cells = [len(cell.shoppers) for cell in cohort.cells]
    return cohort.begins.isoformat(), len(cohort.shoppers), cells


def _days(first: date, last: date) -> Scope:
    return Scope(Period(first, last))


STORY = """
    a purchase 2026-01-10 10:00
    a purchase 2026-01-20 10:00
    a purchase 2026-03-01 10:00
    b purchase 2026-01-31 23:59:59
    b view 2026-02-10 10:00
    c purchase 2026-02-01 00:00
    c purchase 2026-03-31 23:59
    old purchase 2025-12-31 10:00
    old purchase 2026-02-10 10:00
    looks view 2026-02-10 10:00
    """


def test_shoppers_belong_to_the_month_of_their_first_purchase_ever(tell: Tell) -> None:
    tell(STORY)
    assert _found(_days(date(2026, 1, 1), date(2026, 3, 31))) == [
        ("2026-01-01", 2, [2, 0, 1]),
        ("2026-02-01", 1, [1, 1]),
    ]


def test_any_event_may_be_the_first_and_any_may_be_a_return(tell: Tell) -> None:
    tell(STORY)
    days = _days(date(2026, 1, 1), date(2026, 3, 31))
    assert _found(days, again="any")[0] == ("2026-01-01", 2, [2, 1, 1])
    assert _found(days, first="any")[1] == ("2026-02-01", 2, [1, 1])


def test_weeks_begin_on_monday_by_the_shops_clock(tell: Tell) -> None:
    """Sunday 8 March 2026 has 23 hours; Monday begins at four o'clock UTC."""
    tell(
        """
        a purchase 2026-03-08 23:59:59
        b purchase 2026-03-09 00:00
        a purchase 2026-03-15 23:59:59
        b purchase 2026-03-16 00:00
        """
    )
    assert _found(_days(date(2026, 3, 1), date(2026, 3, 31)), unit="week") == [
        ("2026-03-02", 1, [1, 1, 0, 0, 0]),
        ("2026-03-09", 1, [1, 1, 0, 0]),
    ]


def test_a_period_that_is_not_over_is_told_from_one_that_is(tell: Tell) -> None:
    tell(STORY)
    days = _days(date(2026, 1, 1), date(2026, 3, 31))

    def over(scope: Scope, today: date) -> list[bool]:
        found = cohorts(scope, unit="month", first="purchase", again="purchase", today=today)
        return [cell.is_over for cell in found[0].cells]

    assert over(days, LATER) == [True, True, True]
    assert over(days, date(2026, 3, 31)) == [True, True, False]
    short = replace(days, period=Period(date(2026, 1, 1), date(2026, 3, 30)))
    assert over(short, LATER) == [True, True, False]


def test_returns_are_no_purchases_and_a_merge_moves_the_first_purchase(tell: Tell) -> None:
    tell(
        """
        known purchase 2026-02-10 10:00
        known return 2026-03-10 10:00
        visitor purchase 2026-01-10 10:00
        """
    )
    days = _days(date(2026, 1, 1), date(2026, 3, 31))
    assert _found(days) == [("2026-01-01", 1, [1, 0, 0]), ("2026-02-01", 1, [1, 0])]
    Customer.objects.filter(ref="visitor").update(is_anonymous=True)
    merge_customer(anonymous_ref="visitor", customer_ref="known")
    tell("other view 2026-01-10 10:00")
    assert _found(days) == [("2026-01-01", 1, [1, 1, 0])]


def test_a_shop_without_purchases_has_no_cohorts(tell: Tell, scope: Scope) -> None:
    assert _found(scope) == []
    tell("a view 2 10:00")
    assert _found(scope) == []
