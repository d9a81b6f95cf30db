"""Missing facts: filled in, written to the product, drafted at once."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from guidance.content.models import Draft, MissingFacts
from guidance.content.services.drafting import draft_products
from guidance.content.services.missing import supply_facts
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from tests.content.conftest import MakeProduct


@pytest.fixture
def thin(make_product: MakeProduct) -> MissingFacts:
    product = make_product("lamp", facts={"colour": "black"})
    draft_products(product_ids=[product.pk], kind="description", language="en", requested_by=None)
    return MissingFacts.objects.get()


def _values(row: MissingFacts, **values: str) -> dict[int, dict[str, str]]:
    return {row.pk: values}


def test_facts_filled_in_go_to_the_product_and_start_its_draft(
    thin: MissingFacts, mia: User
) -> None:
    words = {"material": "oak", "dimensions": "10 x 20 cm", "origin": "Denmark"}
    typed = {key: words.get(key, "every day") for key in thin.keys}
    supplied = supply_facts(values={thin.pk: typed}, actor=mia)
    assert (supplied.facts, supplied.drafted) == (len(thin.keys), 1)
    draft = Draft.objects.get()
    assert draft.requested_by == mia
    assert not MissingFacts.objects.exists()
    assert set(thin.keys) <= set(thin.product.attributes.values_list("key", flat=True))
    assert AuditEntry.objects.filter(verb="update_product", actor=mia).exists()


def test_too_few_facts_are_kept_and_the_product_stays_listed_for_the_rest(
    thin: MissingFacts, mia: User
) -> None:
    first, *rest = thin.keys
    supply_facts(values=_values(thin, **{first: "oak"}), actor=mia)
    assert MissingFacts.objects.get().keys == rest
    assert not Draft.objects.exists()


def test_a_fact_nobody_asked_for_and_an_empty_one_are_not_written(
    thin: MissingFacts, mia: User
) -> None:
    values = _values(thin, **{"price": "0", thin.keys[0]: " \x00 "})
    assert supply_facts(values=values, actor=mia).facts == 0
    assert thin.product.attributes.count() == 1


def test_one_fact_serves_every_language_that_waits_for_it(
    make_product: MakeProduct, mia: User
) -> None:
    product = make_product(
        "lamp", facts={"power": "9 W", "weight": "400 g"}, titles={"zh-hans": "台灯"}
    )
    for language in ("en", "zh-hans"):
        draft_products(
            product_ids=[product.pk], kind="description", language=language, requested_by=None
        )
    row = MissingFacts.objects.get(language="en")
    supply_facts(values=_values(row, **dict.fromkeys(row.keys, "oak")), actor=mia)
    assert MissingFacts.objects.filter(language="en").count() == 0


def test_who_may_not_change_products_supplies_nothing(
    thin: MissingFacts, person: Callable[..., User]
) -> None:
    with pytest.raises(PermissionDenied):
        supply_facts(values=_values(thin, material="oak"), actor=person(Role.MARKETER))


def test_the_grid_takes_what_is_typed_and_says_what_came_of_it(
    thin: MissingFacts, desk: Callable[..., Client]
) -> None:
    client = desk(Role.MERCHANDISER)
    page = client.get("/admin/content/missingfacts/").content.decode()
    names = [f"fact-{thin.pk}-{key}" for key in thin.keys]
    assert all(f'name="{name}"' in page for name in names)
    answer = client.post(
        "/admin/content/missingfacts/supply/", dict.fromkeys(names, "oak"), follow=True
    )
    assert "waits for a colleague" in answer.content.decode()
    assert Draft.objects.count() == 1
    assert client.get("/admin/content/missingfacts/supply/").status_code == 405


@pytest.mark.parametrize("row", ["²", "9223372036854775808", "1" * 50])
def test_a_field_of_no_row_is_left_out(desk: Callable[..., Client], row: str) -> None:
    sent = {f"fact-{row}-material": "oak"}
    answer = desk(Role.MERCHANDISER).post("/admin/content/missingfacts/supply/", sent, follow=True)
    assert "Nothing was filled in." in answer.content.decode()
