"""Markets: a time zone that is none would stop every event, so nobody can enter one."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from guidance.core.models import Market
from guidance.core.roles import Role
from guidance.core.selectors import default_market


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "europe/berlin"])
@pytest.mark.django_db
def test_a_market_needs_a_real_time_zone(name: str, desk: Callable[..., Client]) -> None:
    market = Market(key="x", name="X", time_zone=name)
    with pytest.raises(ValidationError, match="time_zone"):
        market.full_clean()
    form = {"key": "x", "name": "X", "language": "en", "currency": "EUR", "time_zone": name}
    desk(Role.ADMINISTRATOR).post("/admin/core/market/add/", form)
    assert not Market.objects.exists()


@pytest.mark.django_db
def test_a_shop_without_a_default_market_has_its_first_and_none_has_a_plain_one() -> None:
    assert (default_market().language, default_market().currency) == ("en", "USD")
    for key, currency in (("b", "CNY"), ("a", "EUR")):
        Market.objects.create(key=key, name=key, currency=currency)
    assert default_market().currency == "EUR"
    Market.objects.filter(key="b").update(is_default=True)
    assert default_market().currency == "CNY"
