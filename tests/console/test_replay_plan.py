"""Who comes when: sessions, visits, the sample, and where shoppers look."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from guidance.behaviour.rows import IncomingEvent
from guidance.console.replay.plan import is_examined, plan_sessions
from guidance.console.replay.visits import Clicked, Shift, Shown, own_events, reactions
from guidance.core.ids import derived_id, new_id

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def _event(kind: str, minutes: float, sku: str | None = "tea", **more: Any) -> IncomingEvent:
    time = START + timedelta(minutes=minutes)
    more.setdefault("customer", "c1")
    return IncomingEvent(
        id=derived_id(time, kind, sku, more), kind=kind, time=time, sku=sku, **more
    )


def _plan(*events: IncomingEvent, shoppers: int = 100) -> list[Any]:
    return plan_sessions(events, shoppers=shoppers, seed=1)


def test_sessions_are_those_the_files_name() -> None:
    first, second = _plan(
        _event("view", 0, session="s1"),
        _event("view", 50, session="s1"),
        _event("view", 55, session="s2"),
        _event("cart", 52, session="s1"),
    )
    assert [event.kind for event in first.events] == ["view", "view", "cart"]
    assert len(second.events) == 1


def test_unnamed_events_make_a_session_until_a_pause_of_half_an_hour() -> None:
    sessions = _plan(_event("purchase", 0), _event("purchase", 29), _event("purchase", 60))
    assert [len(session.events) for session in sessions] == [2, 1]


def test_a_visit_comes_before_its_sessions_first_event_and_always_at_the_same_time() -> None:
    session, *_ = _plan(_event("search", 0, None, text="tea"), _event("purchase", 5))
    lead = session.events[0].time - session.arrives_at
    assert timedelta(seconds=19) < lead <= timedelta(seconds=121)
    [again] = plan_sessions(session.events, shoppers=1, seed=99)
    assert again.arrives_at == session.arrives_at


def test_returns_and_reviews_bring_nobody_to_the_home_page() -> None:
    returned, rated, bought = _plan(
        _event("return", 0), _event("rating", 100, rating=4), _event("purchase", 200)
    )
    assert (returned.arrives_at, rated.arrives_at) == (None, None)
    assert bought.arrives_at is not None


def test_what_is_bought_next_may_be_bought_in_a_later_session() -> None:
    browsing, buying, after = _plan(
        _event("view", 0, "cup", session="a"),
        _event("purchase", 600, "tea", session="b"),
        _event("purchase", 601, "pot", session="b"),
        _event("view", 900, "tea", session="c"),
    )
    assert browsing.bought_next == buying.bought_next == {"tea", "pot"}
    assert after.bought_next == frozenset()


def test_sessions_of_all_shoppers_come_in_order_of_time() -> None:
    events = [_event("view", minute, customer=f"c{minute % 7}") for minute in range(0, 900, 45)]
    starts = [session.starts_at for session in _plan(*reversed(events))]
    assert starts == sorted(starts)


def test_the_sample_is_seeded_and_grows_without_losing_anybody() -> None:
    events = [_event("view", number, customer=f"c{number}") for number in range(200)]

    def sample(shoppers: int, seed: int) -> set[str]:
        planned = plan_sessions(events, shoppers=shoppers, seed=seed)
        return {session.shopper for session in planned}

    assert len(sample(20, 1)) == 20
    assert sample(20, 1) == sample(20, 1) < sample(50, 1)
    assert sample(20, 1) != sample(20, 2)
    assert len(sample(500, 1)) == 200


@pytest.mark.parametrize("position", [1, 2, 5, 10])
def test_positions_are_examined_as_often_as_documented(position: int) -> None:
    examined = sum(is_examined(position=position, seed=3, visit=str(n)) for n in range(4000))
    assert examined / 4000 == pytest.approx(1 / math.log2(1 + position), abs=0.03)


def _shown(*skus: str) -> Shown:
    return Shown(new_id(), skus)


def test_every_item_shown_is_an_impression_and_only_wanted_ones_are_clicked() -> None:
    clicks, seen = set(), 0
    for number in range(60):
        [session] = _plan(_event("purchase", 0, "pot", customer=f"c{number}"))
        events = list(reactions(session, _shown("tea", "cup", "pot"), seed=5))
        shown = [event for event in events if event.kind == "impression"]
        assert [(event.sku, event.position) for event in shown] == [
            ("tea", 1),
            ("cup", 2),
            ("pot", 3),
        ]
        clicked = [event for event in events if event.kind == "click"]
        clicks |= {event.sku for event in clicked}
        seen += len(clicked)
        assert all(event.time < session.events[0].time for event in events)
    assert clicks == {"pot"}
    assert 15 < seen < 45  # position 3 is examined every second time


def test_the_same_visit_gives_the_same_ids_whatever_was_shown_or_decided() -> None:
    [session] = _plan(_event("purchase", 0))
    first = [event.id for event in reactions(session, _shown("tea", "cup"), seed=5)]
    again = [event.id for event in reactions(session, _shown("cup", "tea"), seed=5)]
    assert len(set(first)) == 3  # two impressions; the first position is always examined
    assert set(again) <= set(first)
    assert len(set(again)) >= 2


def test_a_shift_keeps_the_original_time_and_none_changes_nothing() -> None:
    event = _event("purchase", 0)
    moved = Shift(timedelta(weeks=3))(event)
    assert moved.time == event.time + timedelta(weeks=3)
    assert (moved.id, moved.original_time) == (event.id, event.time)
    assert Shift(timedelta(0))(event) is event


def test_a_rating_names_the_decision_whose_item_its_shopper_clicked() -> None:
    session, rated = _plan(
        _event("purchase", 0, "tea"),
        *[_event("rating", 5000, sku, rating=5) for sku in ("tea", "cup")],
    )
    shown, clicked = _shown("tea"), Clicked()
    clicked.remember("c1", list(reactions(session, shown, seed=1)))
    named = {event.sku: event.decision_id for event in own_events(rated, clicked)}
    assert named == {"tea": shown.decision_id, "cup": None}
    body = msgspec.json.decode(msgspec.json.encode(list(own_events(rated, clicked))))
    assert [("decision_id" in row) for row in body] == [row["sku"] == "tea" for row in body]
