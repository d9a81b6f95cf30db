"""Funnels with worked-out answers: order, windows, ties, the range's borders, merges."""

from datetime import date

import pytest

from guidance.behaviour.analysis.funnel import funnel_steps, has_time_left, lost_after
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.models import DirtyDay, Source
from guidance.behaviour.period import Period, Traffic
from guidance.behaviour.services.rollups import advance_rollups
from guidance.core.models import Market
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from tests.behaviour.analysis.conftest import Tell

USUAL = ["view", "cart", "purchase"]


def _reached(scope: Scope, people: dict[str, int], kinds: list[str], window: int = 7) -> list[str]:
    """Return the pseudonyms that reached each step, as words."""
    names = {pk: ref for ref, pk in people.items()}
    steps = funnel_steps(scope, kinds, window)
    return [" ".join(sorted(names[pk] for pk in step.shoppers)) for step in steps]


def test_steps_count_in_order_of_time(tell: Tell, scope: Scope) -> None:
    people = tell(
        """
        whole view 2 10:00
        whole cart 2 10:05
        whole purchase 2 10:30
        backward purchase 2 10:00
        backward cart 2 10:05
        backward view 2 10:30
        skips view 2 10:00
        skips purchase 2 10:30
        looks view 2 10:00
        """
    )
    assert _reached(scope, people, USUAL) == ["backward looks skips whole", "whole", "whole"]
    assert _reached(scope, people, ["purchase", "view"]) == ["backward skips whole", "backward"]


def test_the_window_runs_from_the_first_step_and_any_first_step_will_do(
    tell: Tell, scope: Scope
) -> None:
    people = tell(
        """
        late view 10 10:00
        late cart 11 10:00
        late purchase 17 10:00:00.001
        just view 10 10:00
        just cart 11 10:00
        just purchase 17 10:00
        again view 10 10:00
        again cart 11 10:00
        again view 21 10:00
        again cart 22 10:00
        again purchase 23 10:00
        torn view 10 10:00
        torn cart 11 10:00
        torn view 21 10:00
        torn purchase 22 10:00
        """
    )
    assert _reached(scope, people, USUAL) == ["again just late torn"] * 2 + ["again just"]
    assert _reached(scope, people, USUAL, window=11)[2] == "again just late"
    assert _reached(scope, people, USUAL, window=12)[2] == "again just late torn"


def test_events_at_one_moment_are_taken_in_the_order_of_the_steps(tell: Tell, scope: Scope) -> None:
    people = tell(
        """
        a view 2 10:00
        a purchase 2 10:00
        a cart 2 10:00
        b purchase 2 10:00 basket=1
        b purchase 2 10:00 basket=1
        c purchase 2 10:00
        c purchase 2 10:00:01
        """
    )
    assert _reached(scope, people, USUAL) == ["a", "a", "a"]
    assert _reached(scope, people, ["purchase", "view"]) == ["a b c", "a"]
    assert _reached(scope, people, ["purchase", "purchase"]) == ["a b c", "c"]


def test_only_the_first_step_must_lie_in_the_days_by_the_shops_clock(
    tell: Tell, scope: Scope
) -> None:
    """The clocks go forward on 8 March: the last day's end is four hours before UTC's, not five."""
    people = tell(
        """
        before view 2026-02-28 23:59:59
        before purchase 1 00:00:01
        first view 1 00:00
        last view 31 23:59:59.999
        last purchase 2026-04-02 10:00
        after view 2026-04-01 00:00
        after purchase 2026-04-01 00:01
        """
    )
    assert _reached(scope, people, ["view", "purchase"]) == ["first last", "last"]
    assert has_time_left(scope, 7, date(2026, 4, 7))
    assert not has_time_left(scope, 7, date(2026, 4, 8))


def test_the_median_time_is_that_since_the_latest_step_before(tell: Tell, scope: Scope) -> None:
    tell(
        """
        a view 2 10:00
        a view 2 10:10
        a cart 2 10:20
        a cart 2 11:00
        b view 2 10:00
        b cart 2 10:30
        c view 2 10:00
        c cart 3 10:00
        """
    )
    first, second = funnel_steps(scope, ["view", "cart"], 7)
    assert (first.median, second.median) == (
        None,
        30 * 60 * 1000,
    )


def test_who_is_lost_and_who_goes_on_add_up(tell: Tell, scope: Scope) -> None:
    people = tell("a view 2 10:00\nb view 2 10:00\nb cart 2 10:01\nc cart 2 10:00")
    steps = funnel_steps(scope, ["view", "cart"], 7)
    assert list(lost_after(steps, 0)) == [people["a"]]
    assert len(lost_after(steps, 0)) + len(steps[1].shoppers) == len(steps[0].shoppers)


def test_a_merged_visitor_and_a_late_event_complete_the_shoppers_way(
    tell: Tell, scope: Scope
) -> None:
    people = tell("visitor view 2 10:00\nknown purchase 3 10:00")
    assert _reached(scope, people, USUAL) == ["visitor", "", ""]
    Customer.objects.filter(ref="visitor").update(is_anonymous=True)
    merge_customer(anonymous_ref="visitor", customer_ref="known")
    assert scope.is_being_counted()
    advance_rollups()
    assert not scope.is_being_counted()
    assert _reached(scope, people, ["view", "purchase"]) == ["known", "known"]
    tell("known cart 2 22:00")
    assert not DirtyDay.objects.exists()
    assert _reached(scope, people, USUAL) == ["known"] * 3


def test_replayed_traffic_is_apart_and_imported_history_counts_as_live(
    tell: Tell, scope: Scope
) -> None:
    people = tell(
        f"""
        lived view 2 10:00
        lived purchase 2 10:01 source={Source.REPLAY}
        kept view 2 10:00 source={Source.IMPORT}
        kept purchase 2 10:01
        again view 2 10:00 source={Source.REPLAY}
        """
    )
    replayed = Scope(Period(scope.period.first, scope.period.last, Traffic.REPLAY))
    assert _reached(scope, people, ["view", "purchase"]) == ["kept lived", "kept"]
    assert _reached(replayed, people, ["view", "purchase"]) == ["again", ""]


@pytest.mark.parametrize(
    ("key", "expected"), [("us", "by-zone"), ("de", "by-language both"), ("", "all")]
)
def test_a_market_is_where_its_shoppers_zone_or_else_language_says(
    tell: Tell, scope: Scope, key: str, expected: str
) -> None:
    Market.objects.create(key="de", name="DE", language="de", time_zone="Europe/Berlin")
    people = tell("\n".join(f"{ref} view 2 10:00" for ref in ("by-zone", "by-language", "both")))
    tell("nobody-knows view 2 10:00")
    Customer.objects.filter(ref="by-zone").update(time_zone="America/New_York", language="de")
    Customer.objects.filter(ref="by-language").update(language="DE")
    Customer.objects.filter(ref="both").update(time_zone="Europe/Berlin", language="en")
    if key:
        (found,) = _reached(Scope(scope.period, key), people, ["view"])
        assert set(found.split()) == set(expected.split())
    else:
        (step,) = funnel_steps(scope, ["view"], 7)
        assert len(step.shoppers) == 4


def test_nobody_is_in_an_empty_shops_funnel(scope: Scope) -> None:
    assert [len(step.shoppers) for step in funnel_steps(scope, USUAL, 7)] == [0, 0, 0]
