"""Rules from the desk to the storefront: written, checked, warned of, previewed, obeyed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.catalog.models import Category, Product
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.conflicts import find_conflicts
from guidance.recommendations.models import Rule, Surface
from guidance.recommendations.services.merchandising import delete_rules, save_rule
from guidance.training.models import ModelVersion
from tests import factories

URL = "/api/v1/recommendations"


def _ask(storefront: APIClient, **query: object) -> list[str]:
    response = storefront.get(URL, {"surface": "home", **query})
    assert response.status_code == 200, response.json()
    return [item["sku"] for item in response.json()[0]["items"]]


def _rule(kind: str, **given: Any) -> Rule:
    sku = given.pop("sku", None)
    product = Product.objects.get(sku=sku) if sku else None
    rule = Rule(name=f"a {kind}", kind=kind, product=product, **given)
    save_rule(rule=rule, actor=None)
    return rule


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "pin"},
        {"kind": "pin", "position": 1, "factor": 2.0},
        {"kind": "pin", "position": 1, "product": None},
        {"kind": "boost", "factor": 0.0},
        {"kind": "block", "brand": "Uji"},
        {"kind": "block", "product": None},
        {"kind": "quota", "at_most": 1},
        {"kind": "quota", "at_most": 1, "product": None},
        {"kind": "diversity", "percent": 50},
        {"kind": "diversity", "percent": 101, "product": None},
        {"kind": "exposure_floor", "percent": 50, "product": None},
        {"kind": "block", "starts_at": timezone.now(), "ends_at": timezone.now()},
    ],
)
def test_the_database_refuses_a_rule_that_says_too_little_or_too_much(
    db: None, wrong: dict[str, Any]
) -> None:
    wrong = {"starts_at": None, "ends_at": None, **wrong}
    if wrong["starts_at"]:
        wrong["ends_at"] = wrong["starts_at"]
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.rule(**wrong)


def test_a_rule_holds_from_the_next_answer_until_it_is_taken_away_and_both_are_audited(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    assert _ask(storefront)[0] == "P16"
    rule = _rule("block", sku="P16")
    assert "P16" not in _ask(storefront)
    delete_rules(rules=[rule], actor=None)
    assert _ask(storefront)[0] == "P16"
    verbs = AuditEntry.objects.filter(object_type="recommendations.rule").values_list("verb")
    assert sorted(verb for (verb,) in verbs) == ["create_rule", "delete_rule"]


def test_a_rule_holds_on_its_surface_and_in_its_time_alone(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    other = Surface.objects.create(key="other", name="Other")
    now, hour = timezone.now(), timedelta(hours=1)
    _rule("block", sku="P16", surface=other)
    _rule("block", sku="P16", starts_at=now + hour)
    _rule("block", sku="P16", ends_at=now - hour)
    _rule("block", sku="P16", is_active=False)
    assert _ask(storefront)[0] == "P16"
    _rule("block", sku="P16", starts_at=now - hour, ends_at=now + hour, surface=home)
    assert "P16" not in _ask(storefront)


def test_a_pin_says_who_chose_and_the_decision_names_the_rule(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    rule = _rule("pin", sku="P02", position=2)
    (answer,) = storefront.get(URL, {"surface": "home"}).json()
    assert answer["items"][1]["sku"] == "P02"
    assert answer["items"][1]["reason"] == "Chosen by the shop"
    assert "rules" not in answer["items"][1]
    logged = Decision.objects.get(pk=answer["decision_id"]).items
    assert [item["rules"] for item in logged] == [[], [rule.pk], [], []]


def test_margin_freshness_and_category_shape_the_answer(
    storefront: APIClient, home: Surface, sold: None, products: dict[str, Product]
) -> None:
    Product.objects.filter(sku="P16").update(cost="9.00")
    margin = _rule("min_margin", percent=20)
    assert "P16" not in _ask(storefront)
    delete_rules(rules=[margin], actor=None)
    old = timezone.now() - timedelta(days=90)
    Product.objects.filter(sku="P18").update(created_at=old, updated_at=timezone.now())
    _rule("freshness", days=30)
    assert "P18" not in _ask(storefront)
    above = Category.objects.create(path="Coffee", names={})
    below = Category.objects.create(path="Coffee > Beans", names={}, parent=above)
    Product.objects.filter(sku="P20").update(category=below, updated_at=timezone.now())
    _rule("block", category=above)
    assert "P20" not in _ask(storefront)


def test_a_boost_reaches_what_the_model_does_not_know(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    Product.objects.create(sku="fresh", title="Fresh", brand="Uji", stock=3)
    assert "fresh" not in _ask(storefront, customer="ann")
    _rule("boost", brand="Uji", factor=100.0)
    assert "fresh" in _ask(storefront, customer="ann")


def test_everything_blocked_answers_nothing_and_logs_it(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    for number in range(12):
        _rule("block", sku=f"P{2 * number:02d}")
        _rule("block", sku=f"P{2 * number + 1:02d}")
    assert _ask(storefront) == []
    assert Decision.objects.get().items == []
    assert "leave no product" in " ".join(conflict.text for conflict in find_conflicts())


def test_exploration_logs_propensities_and_never_shows_what_has_sold_out(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    Surface.objects.update(exploration=1.0)
    Product.objects.filter(sku__in=["P16", "P17"]).update(stock=0)
    shown = set()
    for _ in range(30):
        shown |= set(_ask(storefront))
    assert not shown & {"P16", "P17"}
    assert len(shown) > 4
    logged = [item for decision in Decision.objects.all() for item in decision.items]
    assert all(0 < item["propensity"] < 1 for item in logged)


def test_statements_do_not_grow_with_rules(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    shopper: Customer,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    _rule("block", category=Category.objects.first())
    Rule.objects.update(category=factories.category())
    _ask(storefront, customer="ann")
    with django_assert_max_num_queries(100) as few:
        _ask(storefront, customer="ann")
    for number in range(20):
        _rule("boost", sku=f"P{number:02d}", factor=1.5)
    _ask(storefront, customer="ann")
    with django_assert_max_num_queries(100) as many:
        _ask(storefront, customer="ann")
    assert len(many) == len(few)


def test_conflicts_are_named_on_saving_and_on_the_list(
    desk: Callable[..., Client], home: Surface, products: dict[str, Product]
) -> None:
    _rule("pin", sku="P00", position=1)
    _rule("quota", category=products["P00"].category, at_most=0)
    client = desk(Role.MERCHANDISER)
    form = {"name": "no P00", "kind": "block", "product": products["P00"].pk, "is_active": "on"}
    page = client.post(reverse("admin:recommendations_rule_add"), form, follow=True)
    said = [str(message) for message in page.context["messages"]]
    assert "“a pin” pins what “no P00” takes off the surface: it will not be shown." in said
    texts = {conflict.text for conflict in page.context["conflicts"]}
    assert "“a quota” allows none of what “a pin” pins: the pin wins." in texts
    for name in ("another", "sold out"):
        Product.objects.filter(sku="P02").update(stock=0)
        _rule("pin", sku="P02", position=1, surface=home).name = name
    assert any("sold out or hidden" in conflict.text for conflict in find_conflicts())
    assert any("pin to the same place" in conflict.text for conflict in find_conflicts())


def test_floors_that_cannot_be_held_are_named(home: Surface, products: dict[str, Product]) -> None:
    tea, ware = (factories.category() for _shelf in range(2))
    Product.objects.filter(sku__lt="P12").update(category=tea)
    Product.objects.filter(sku__gte="P12").update(category=ware)
    home.limit = 10
    home.save()
    days = {"days": 3_000}
    _rule("exposure_floor", category=tea, percent=60, surface=home, **days)
    assert find_conflicts() == []
    other = _rule("exposure_floor", category=ware, percent=50, surface=home, **days)
    (found,) = find_conflicts()
    assert found.text == f"Floors keep 110 % of the places of {home}: some get fewer."
    assert len(found.rules) == 2
    other.delete()
    quota = _rule("quota", category=tea, at_most=6)
    assert find_conflicts() == []
    Rule.objects.filter(pk=quota.pk).update(at_most=5)
    (found,) = find_conflicts()
    assert "keeps 6 places for what “a quota” allows 5 of." in found.text
    quota.delete()
    _rule("block", category=tea)
    texts = [one.text for one in find_conflicts()]
    assert any("keeps places for what “a block” takes off the surface." in one for one in texts)


def test_the_form_says_in_words_what_a_rule_lacks(
    desk: Callable[..., Client], products: dict[str, Product]
) -> None:
    client, url = desk(Role.MERCHANDISER), reverse("admin:recommendations_rule_add")
    for form, field in (
        ({"kind": "pin", "product": products["P00"].pk}, "position"),
        ({"kind": "block"}, "product"),
        ({"kind": "block", "brand": "nobody's"}, "brand"),
        ({"kind": "boost", "product": products["P00"].pk, "factor": "0"}, "factor"),
        ({"kind": "quota", "at_most": "1"}, "per"),
        ({"kind": "exposure_floor", "percent": "20"}, "days"),
    ):
        page = client.post(url, {"name": "x", **form})
        assert page.status_code == 200
        assert field in page.context["adminform"].form.errors, form
    assert not Rule.objects.exists()


def test_a_kind_s_form_empties_what_the_kind_does_not_use(
    desk: Callable[..., Client], products: dict[str, Product]
) -> None:
    form = {"name": "x", "kind": "block", "product": products["P00"].pk, "factor": "2"}
    desk(Role.MERCHANDISER).post(reverse("admin:recommendations_rule_add"), form)
    assert Rule.objects.get().factor is None
