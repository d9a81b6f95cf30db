"""What counts as a decision's outcome, and the rollups that say so."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guidance.behaviour.models import DirtyDay, Event
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.core.models import Market
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from guidance.decisions.models import Decision, DecisionDayRollup, Outcome
from guidance.decisions.pages import why_not_counted
from guidance.decisions.services import record_answer, roll_up_decisions
from guidance.decisions.services.rollups import roll_up_decision_day

DAY = date(2026, 3, 10)
Make = Callable[..., Any]


def _rollup(day: date = DAY, source: str = "live", **group: str) -> DecisionDayRollup:
    roll_up_decisions(day, source)
    decided = "live" if source == "import" else source
    return DecisionDayRollup.objects.get(day=day, source=decided, **group)


def test_served_is_not_seen(decide: Make, happen: Make) -> None:
    decide()
    shown = decide(minutes=10)
    clicked = decide(minutes=20)
    happen("impression", shown)
    happen("impression", clicked)
    happen("click", clicked, minutes=1)
    happen("click", clicked, minutes=2)
    rollup = _rollup()
    assert (rollup.served, rollup.seen, rollup.clicked) == (3, 2, 1)


def test_a_click_without_an_impression_is_no_clicked_decision(decide: Make, happen: Make) -> None:
    happen("click", decide())
    rollup = _rollup()
    assert (rollup.seen, rollup.clicked) == (0, 0)


@pytest.mark.parametrize(
    ("minutes", "counts"), [(-6, False), (-4, True), (0, True), (24 * 60, True), (1441, False)]
)
def test_an_outcome_counts_within_a_day_and_a_small_clock_error(
    decide: Make, happen: Make, minutes: float, counts: bool
) -> None:
    happen("impression", decide(), minutes=minutes)
    assert _rollup().seen == int(counts)
    assert Outcome.objects.counted().count() == int(counts)
    assert Outcome.objects.not_counted().count() == int(not counts)


def test_another_shoppers_events_do_not_count(decide: Make, happen: Make) -> None:
    happen("impression", decide(), customer=Customer.objects.create(ref="stranger"))
    assert _rollup().seen == 0


def test_replayed_events_do_not_touch_live_decisions(decide: Make, happen: Make) -> None:
    live, replayed = decide(), decide(source="replay")
    happen("impression", live, source="replay")
    happen("purchase", live, source="replay", minutes=5)
    assert _rollup().seen == 0
    happen("impression", replayed)
    assert _rollup(source="replay").seen == 1
    assert set(DecisionDayRollup.objects.values_list("source", "converted")) == {
        ("live", 0),
        ("replay", 1),
    }


def test_a_purchase_counts_once_for_the_decision_seen_last(decide: Make, happen: Make) -> None:
    early = decide(surface="home")
    late = decide(minutes=30, surface="cart")
    unseen = decide(minutes=40, surface="product")
    happen("impression", early)
    happen("impression", late)
    happen("purchase", unseen, minutes=10, quantity=3)
    happen("purchase", unseen, minutes=11)
    assert [
        (r.surface, r.converted, r.revenue)
        for r in (_rollup(surface=surface) for surface in ("home", "cart", "product"))
    ] == [
        ("home", 0, Decimal(0)),
        ("cart", 1, Decimal("18.00")),
        ("product", 0, Decimal(0)),
    ]


@pytest.mark.parametrize(
    ("bought_after", "seen_after", "converted"),
    [(1440, 0, 1), (1441, 0, 0), (-1, 0, 0), (5, 10, 0), (10, 5, 1)],
)
def test_a_purchase_counts_within_a_day_of_a_decision_already_seen(
    decide: Make, happen: Make, bought_after: float, seen_after: float, converted: int
) -> None:
    decision = decide()
    happen("impression", decision, minutes=seen_after)
    happen("purchase", decision, minutes=bought_after)
    assert _rollup().converted == converted


def test_imported_purchases_count_for_live_decisions(decide: Make, happen: Make) -> None:
    decision = decide()
    happen("impression", decision)
    happen("purchase", decision, minutes=5, source="import")
    assert _rollup(source="import").converted == 1


def test_ratings_are_summed(decide: Make, happen: Make) -> None:
    first, second = decide(), decide(minutes=1)
    happen("rating", first, rating=5)
    happen("rating", second, rating=2)
    rollup = _rollup()
    assert (rollup.rating_sum, rollup.rating_count) == (7, 2)


@pytest.mark.parametrize(("days", "counted"), [(14, 1), (14.1, 0)])
def test_a_rating_counts_for_two_weeks_and_reopens_its_decisions_day(
    decide: Make, happen: Make, days: float, counted: int
) -> None:
    decision = decide()
    rating = happen("rating", decision, minutes=days * 24 * 60, rating=4)
    roll_up_decisions(rating.occurred_at.date(), "live")
    assert DecisionDayRollup.objects.get(day=DAY).rating_count == counted
    assert Outcome.objects.counted().count() == counted
    assert (why_not_counted(decision, rating) == "") is bool(counted)


def test_events_of_the_next_day_reopen_the_decisions_day(decide: Make, happen: Make) -> None:
    decision = decide(minutes=11 * 60)  # at 23:00
    roll_up_decisions(DAY, "live")
    happen("impression", decision, minutes=90)
    happen("purchase", decision, minutes=100)
    roll_up_decisions(date(2026, 3, 11), "live")
    rollup = DecisionDayRollup.objects.get()
    assert (rollup.day, rollup.seen, rollup.converted) == (DAY, 1, 1)


def test_rolling_up_again_changes_nothing_and_forgets_what_went(decide: Make) -> None:
    decide(arm="a", experiment="x")
    roll_up_decisions(DAY, "live")
    before = list(DecisionDayRollup.objects.values("served", "arm"))
    roll_up_decisions(DAY, "live")
    assert list(DecisionDayRollup.objects.values("served", "arm")) == before
    Decision.objects.all().delete()
    roll_up_decisions(DAY, "live")
    assert not DecisionDayRollup.objects.exists()


def test_one_day_takes_the_same_queries_at_any_size(
    decide: Make, happen: Make, django_assert_max_num_queries: Any
) -> None:
    for minute in range(40):
        decision = decide(minutes=minute, arm=f"arm-{minute % 4}", experiment="x")
        happen("impression", decision)
        happen("purchase", decision, minutes=1)
    with django_assert_max_num_queries(8):
        roll_up_decision_day(day=DAY, source="live", zone=ZoneInfo("UTC"))
    assert DecisionDayRollup.objects.count() == 4


def test_recording_decisions_marks_their_days_and_sources(shopper: Customer) -> None:
    record_answer(
        [
            Decision(customer=shopper, surface="home", policy="p", source=source, at=at)
            for source, at in [
                ("live", datetime(2026, 3, 10, 23, 59, tzinfo=UTC)),
                ("live", datetime(2026, 3, 10, 1, tzinfo=UTC)),
                ("replay", datetime(2026, 3, 11, 0, 1, tzinfo=UTC)),
            ]
        ],
        ref=shopper.ref,
        is_known=True,
        zone=ZoneInfo("UTC"),
        patience_ms=1_000,
    )
    assert Decision.objects.count() == 3
    assert sorted(DirtyDay.objects.values_list("day", "source")) == [
        (date(2026, 3, 10), "live"),
        (date(2026, 3, 11), "replay"),
    ]


def test_purchases_never_name_their_decision_and_are_no_outcome_rows(
    decide: Make, happen: Make
) -> None:
    decision = decide()
    happen("purchase", decision, minutes=1)
    click = happen("click", decision, minutes=1)
    assert [outcome.pk for outcome in Outcome.objects.counted()] == [click.pk]
    assert Event.objects.count() == 2


def test_the_rollups_of_events_bring_those_of_decisions_along(decide: Make, happen: Make) -> None:
    decision = decide()
    happen("impression", decision)
    mark_days(moments=[(decision.at, "live")])
    advance_rollups()
    assert DecisionDayRollup.objects.get().seen == 1


def test_a_visitors_decisions_become_the_customers(decide: Make, happen: Make) -> None:
    visitor = Customer.objects.create(ref="visitor", is_anonymous=True)
    happen("impression", decide(customer=visitor))
    roll_up_decisions(DAY, "live")
    merged = merge_customer(anonymous_ref="visitor", customer_ref="c1")
    assert merged.moved["decisions"] == 1
    assert Decision.objects.get().customer.ref == "c1"
    advance_rollups()
    assert DecisionDayRollup.objects.get().seen == 1


def test_a_decision_counts_on_the_shops_own_day(decide: Make) -> None:
    Market.objects.create(key="sg", name="Singapore", time_zone="Asia/Singapore", is_default=True)
    decide(minutes=5 * 60)  # 17:00 in UTC is 01:00 of the next day in Singapore
    roll_up_decisions(date(2026, 3, 11), "live")
    assert DecisionDayRollup.objects.get().day == date(2026, 3, 11)
