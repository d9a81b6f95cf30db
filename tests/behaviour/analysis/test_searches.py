"""Searches without results with worked-out answers."""

from datetime import date

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.searches import products_bought_after, searches
from guidance.core.models import Market
from guidance.customers.models import Customer
from tests import factories
from tests.behaviour.analysis.conftest import Tell


def test_phrases_are_counted_as_they_are_meant_with_their_shoppers(
    tell: Tell, scope: Scope
) -> None:
    people = tell(
        """
        a search 2 10:00 text=Oat_milk found=0
        a search 2 10:01 text=oat__MILK found=0
        b search 3 10:00 text=ｏａｔ_milk found=0
        b search 3 10:01 text=tea found=0
        b search 3 10:02 text=tea found=4
        b search 3 10:03 text=unknown
        c search 2026-04-01 00:00 text=tea found=0
        """
    )
    found = searches(scope)
    assert [(one.text, one.times, list(one.shoppers())) for one in found.phrases] == [
        ("oat milk", 3, sorted([people["a"], people["b"]])),
        ("tea", 1, [people["b"]]),
    ]
    assert found.days == {date(2026, 3, 2): (2, 2), date(2026, 3, 3): (4, 2)}


def test_what_was_bought_within_a_day_after(tell: Tell, scope: Scope) -> None:
    soya, rice = factories.product(), factories.product()
    people = tell(
        f"""
        a search 2 10:00 text=oat_milk found=0
        a purchase 3 10:00 product={soya.pk}
        b search 2 10:00 text=oat_milk found=0
        b purchase 3 10:00:00.001 product={soya.pk}
        c purchase 2 09:59 product={rice.pk}
        c search 2 10:00 text=oat_milk found=0
        d search 31 23:00 text=oat_milk found=0
        d purchase 2026-04-01 10:00 product={soya.pk}
        d purchase 2026-04-01 10:00 product={rice.pk}
        """
    )
    (phrase,) = searches(scope).phrases
    assert list(phrase.buyers()) == sorted([people["a"], people["d"]])
    assert products_bought_after(scope, phrase) == [(soya, 2), (rice, 1)]


def test_a_markets_searches_are_its_shoppers(tell: Tell, scope: Scope) -> None:
    Market.objects.create(key="de", name="DE", language="de", time_zone="Europe/Berlin")
    tell("a search 2 10:00 text=tee found=0\nb search 2 10:00 text=tea found=0")
    Customer.objects.filter(ref="a").update(language="de")
    found = searches(Scope(scope.period, "de"))
    assert [one.text for one in found.phrases] == ["tee"]
    assert found.days == {date(2026, 3, 2): (1, 1)}


def test_a_shop_where_everything_is_found(tell: Tell, scope: Scope) -> None:
    tell("a search 2 10:00 text=tea found=3")
    found = searches(scope)
    assert found.phrases == []
    assert found.days == {date(2026, 3, 2): (1, 0)}
