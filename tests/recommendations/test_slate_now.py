"""What sold out since a process last looked is never shown, however an answer is chosen."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from django.utils import timezone

from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.recommendations.models import Surface
from guidance.recommendations.selectors import find_shopper
from guidance.recommendations.services import Asked, answer_shopper
from guidance.recommendations.state import state
from guidance.training.models import ModelVersion
from tests import factories


def _answer(
    surfaces: Sequence[Surface], at: datetime, *, whole_pools: bool
) -> list[list[tuple[str, object]]]:
    """Answer from rules and a catalogue as they were before the change."""
    asked = Asked(list(surfaces), at=at, customer="ann", seed=4)
    shopper = find_shopper(ref="ann", index=state.index, at=asked.at, with_replay=False)
    answers = answer_shopper(
        asked, shopper, rules=state.rules, version=state.version, whole_pools=whole_pools
    )
    return [[(item["sku"], item["propensity"]) for item in one.items] for one in answers]


@pytest.mark.parametrize("exploration", [0.0, 0.5])
@pytest.mark.parametrize("change", [{"stock": 0}, {"is_hidden": True}])
def test_it_is_noticed_whether_it_would_be_chosen_or_not(
    version: ModelVersion,
    shopper: Customer,
    home: Surface,
    exploration: float,
    change: dict[str, object],
) -> None:
    home.exploration = exploration
    surfaces = [home, factories.surface(key="cart", limit=3)]
    state.refresh()
    now = timezone.now()
    order = [sku for one in _answer(surfaces, now, whole_pools=True) for sku, _propensity in one]
    assert len(order) > 5
    for gone in (order[:1], order[1:4], order[-1:], sorted(set(state.index.order) - set(order))):
        Product.objects.filter(sku__in=gone).update(**change)
        found = _answer(surfaces, now, whole_pools=False)
        assert found == _answer(surfaces, now, whole_pools=True)
        assert not set(gone) & {sku for one in found for sku, _propensity in one}
        assert all(found)
        Product.objects.update(stock=5, is_hidden=False)
