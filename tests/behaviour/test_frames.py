"""Interactions for training: real behaviour only, by the customer merged into."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from guidance.behaviour import frames
from guidance.behaviour.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_frame_holds_every_event_about_a_product_but_replays_and_impressions() -> None:
    tea, ann = factories.product(sku="tea"), factories.customer()
    at = timezone.now() - timedelta(days=1)
    common = {"customer": ann, "product": tea, "occurred_at": at}
    factories.event(kind="purchase", basket="b1", quantity=3, **common)
    factories.event(kind="view", source="import", **common)
    factories.event(kind="view", source="replay", **common)
    factories.event(kind="impression", **common)
    Event.objects.create(kind="search", customer=ann, occurred_at=at, text="tea")
    frame = frames.interactions().sort_values("kind").reset_index(drop=True)
    assert frame["kind"].tolist() == ["purchase", "view"]
    assert frame["item"].tolist() == ["tea", "tea"]
    assert frame["customer"].tolist() == [str(ann.pk)] * 2
    assert frame["quantity"].tolist() == [3, 1]
    assert frame["basket"].isna().tolist() == [False, True]
    assert (frame["time"] == at).all()


def test_a_merged_visitor_s_rows_are_the_customer_s() -> None:
    ann = factories.customer()
    factories.event(customer=factories.customer(merged_into=ann))
    assert frames.interactions()["customer"].tolist() == [str(ann.pk)]


def test_until_leaves_out_that_moment_and_everything_after() -> None:
    at = timezone.now()
    for hours in (2, 1, 0):
        factories.event(occurred_at=at - timedelta(hours=hours))
    assert len(frames.interactions(until=at - timedelta(hours=1))) == 1


def test_no_events_make_an_empty_frame_with_the_right_columns() -> None:
    frame = frames.interactions()
    assert frame.empty
    assert list(frame.columns) == ["customer", "item", "time", "kind", "basket", "quantity"]


def test_chunks_lose_nothing(monkeypatch: pytest.MonkeyPatch, factory_events: Callable) -> None:
    monkeypatch.setattr(frames, "CHUNK", 2)
    factory_events(5)
    assert len(frames.interactions()) == 5


@pytest.fixture
def factory_events() -> Callable[[int], None]:
    def make(count: int) -> None:
        tea, ann = factories.product(), factories.customer()
        for _ in range(count):
            factories.event(product=tea, customer=ann)

    return make
