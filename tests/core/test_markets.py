"""Markets: a time zone that is none would stop every event, so nobody can enter one."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from guidance.core.models import Market
from guidance.core.roles import Role


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "europe/berlin"])
@pytest.mark.django_db
def test_a_market_needs_a_real_time_zone(name: str, desk: Callable[..., Client]) -> None:
    market = Market(key="x", name="X", time_zone=name)
    with pytest.raises(ValidationError, match="time_zone"):
        market.full_clean()
    form = {"key": "x", "name": "X", "language": "en", "currency": "EUR", "time_zone": name}
    desk(Role.ADMINISTRATOR).post("/admin/core/market/add/", form)
    assert not Market.objects.exists()
