"""The zones that a shop's markets and shoppers are in."""

import pytest

from guidance.core.models import Market
from guidance.customers.selectors import shop_zones
from tests import factories


@pytest.mark.django_db
def test_every_zone_of_markets_and_shoppers_is_known_once() -> None:
    assert shop_zones() == sorted(set(Market.objects.values_list("time_zone", flat=True)))
    Market.objects.all().delete()
    factories.market(time_zone="Asia/Tokyo")
    for zone in ("", "Europe/Berlin", "Asia/Tokyo", "Europe/Berlin", "America/Lima", "nowhere"):
        factories.customer(time_zone=zone)
    assert shop_zones() == ["America/Lima", "Asia/Tokyo", "Europe/Berlin"]
