"""Staff and scripts: told by the shop, by a person of the desk, or found; counted in no figure."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.services import exclude_customers, merge_customer, take_customers
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/customers"


def test_the_shop_says_who_is_staff_and_the_sums_follow(storefront: APIClient) -> None:
    customer = factories.customer(ref="c1")
    take_customers(most=10)
    told = {"customers": [{"ref": "c1", "excluded_as": "staff"}]}
    assert storefront.post(URL, told).json()["updated"] == 1
    customer.refresh_from_db()
    assert (customer.excluded_as, customer.excluded_source) == ("staff", "api")
    assert take_customers(most=10) == [customer.pk]
    assert storefront.post(URL, told).json()["unchanged"] == 1
    assert take_customers(most=10) == []
    answer = storefront.post(URL, {"customers": [{"ref": "c1", "excluded_as": "ghost"}]}).json()
    assert answer["rejected"][0]["code"] == "unknown_excluded_as"


def test_a_person_says_what_a_shopper_is_and_no_rule_says_otherwise(
    desk: Callable[..., Client],
) -> None:
    customer = factories.customer(ref="mira")
    page = f"/admin/customers/customer/{customer.pk}/change/"
    url = f"/admin/customers/customer/{customer.pk}/exclude/"
    assert desk(Role.MARKETER).post(url, {"excluded_as": "bot"}).status_code == 403
    assert "excluded-as" not in desk(Role.MARKETER).get(page).content.decode()
    agent = desk(Role.SUPPORT_AGENT)
    answer = agent.post(url, {"excluded_as": "ghost"}, follow=True).content.decode()
    assert "Choose what the shopper counts as." in answer
    answer = agent.post(url, {"excluded_as": "bot"}, follow=True).content.decode()
    assert '<option value="bot" selected>' in answer
    agent.post(url, {"excluded_as": ""})
    assert AuditEntry.objects.filter(verb="exclude_customer").count() == 2
    told = {"customer_ids": [customer.pk], "excluded_as": "bot", "source": "rule"}
    assert exclude_customers(**told) == 0
    customer.refresh_from_db()
    assert customer.excluded_as == ""


def test_what_a_visitor_is_they_are_as_a_customer() -> None:
    visitor = factories.customer(ref="visitor", is_anonymous=True)
    exclude_customers(customer_ids=[visitor.pk], excluded_as="staff", source="desk")
    merge_customer(anonymous_ref="visitor", customer_ref="mira")
    assert Customer.objects.get(ref="mira").excluded_as == "staff"
