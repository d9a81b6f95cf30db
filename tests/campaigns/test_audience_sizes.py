"""Sizes of audiences: counted, or estimated with an interval that holds the truth."""

from datetime import timedelta

import pytest
from django.utils import timezone

from guidance.campaigns.selectors import audience_sizes
from guidance.campaigns.selectors.audience_sizes import (
    Sample,
    Size,
    overlaps,
    sample_members,
    size_of,
    wilson,
)
from guidance.customers.models import Customer
from tests import factories

pytestmark = pytest.mark.django_db
GOLD = {"field": "tier", "operator": "in", "value": ["gold"]}
EN = {"field": "language", "operator": "in", "value": ["en"]}


@pytest.fixture
def shop(db: None) -> None:
    """Three thousand shoppers: every third is gold, every second speaks English."""
    Customer.objects.bulk_create(
        Customer(
            ref=f"c{n}",
            tier="gold" if n % 3 == 0 else "",
            language="en" if n % 2 == 0 else "de",
        )
        for n in range(3000)
    )


@pytest.fixture
def small_sample(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of five hundred, and nothing that is counted for being small."""
    monkeypatch.setattr(audience_sizes, "SAMPLE", 500)
    monkeypatch.setattr(audience_sizes, "COUNTED_BELOW", 50)


def test_a_small_shop_is_counted(shop: None) -> None:
    told = factories.audience(rules={"all": [GOLD, EN]})
    size = size_of(told, at=timezone.now())
    assert (size, size.is_exact, str(size)) == (Size(500, 500, 500), True, "500")


def test_a_large_shop_is_estimated_with_the_truth_in_the_interval(small_sample: None) -> None:
    size = size_of(factories.audience(rules=GOLD), at=timezone.now())
    assert not size.is_exact
    assert size.low <= 1000 <= size.high
    assert size.high - size.low < 400
    assert str(size).startswith("about ")


def test_few_are_counted_to_the_last_one(shop: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience_sizes, "SAMPLE", 500)
    factories.customer(tier="onyx")
    onyx = {"field": "tier", "operator": "in", "value": ["onyx"]}
    assert size_of(factories.audience(rules=onyx), at=timezone.now()) == Size(1, 1, 1)


def test_an_estimate_is_told_in_three_digits() -> None:
    assert str(Size(411_873, 409_123, 414_670)) == "about 412,000 (409,000 to 415,000)"


def test_the_sample_is_spread_evenly_over_the_shoppers(small_sample: None) -> None:
    sample = Sample(3000)
    ids = sample.members(audience_sizes.Q())
    assert abs(len(ids) - 500) < 60
    firsts = sum(1 for one in ids if one <= Customer.objects.order_by("pk")[1499].pk)
    assert abs(firsts - len(ids) / 2) < 40


def test_wilsons_interval_is_the_one_in_the_books() -> None:
    low, high = wilson(5, 10)
    assert (round(low, 3), round(high, 3)) == (0.237, 0.763)
    assert wilson(0, 100)[0] == 0.0


def test_overlaps_tell_the_share_of_both_sides(shop: None) -> None:
    gold, english = factories.audience(rules=GOLD), factories.audience(rules=EN)
    (found,) = overlaps(gold, [english], at=timezone.now())
    assert found.together == Size(500, 500, 500)
    assert (found.share, round(found.share_of_other, 3)) == (0.5, 0.333)


@pytest.mark.parametrize("sample", [40_000, 30])
def test_sample_members_are_members(
    shop: None, monkeypatch: pytest.MonkeyPatch, sample: int
) -> None:
    monkeypatch.setattr(audience_sizes, "SAMPLE", sample)
    found = sample_members(factories.audience(rules=GOLD), at=timezone.now())
    assert len({one.pk for one in found}) == 20
    assert {one.tier for one in found} == {"gold"}


def test_an_unsaved_audience_has_a_size(shop: None) -> None:
    told = factories.audience(rules=GOLD)
    told.pk, told.rules = None, EN
    assert size_of(told, at=timezone.now() - timedelta(days=1)).count == 1500
