"""The customers' pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from guidance.core.roles import Role
from guidance.customers.models import Consent, Suppression
from guidance.customers.services import suppress
from tests import factories


@pytest.mark.parametrize("key", ["²", "9223372036854775808", "1" * 5_000])
def test_a_customer_that_cannot_be_is_not_there(desk: Callable[..., Client], key: str) -> None:
    answer = desk(Role.ADMINISTRATOR).get(f"/admin/customers/customer/{key}/change/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_a_person_stops_messages_and_another_lets_them_go_again(
    desk: Callable[..., Client],
) -> None:
    customer = factories.customer(ref="mira")
    agent = desk(Role.SUPPORT_AGENT)
    told = {"customer": "mira", "channel": "email", "purpose": "", "note": "asked by phone"}
    answer = agent.post("/admin/customers/suppression/add/", told | {"customer": "nobody"})
    assert "No shopper goes by this pseudonym" in answer.content.decode()
    agent.post("/admin/customers/suppression/add/", told)
    row = Suppression.objects.get()
    assert (row.customer, row.reason, row.note) == (customer, "by_hand", "asked by phone")
    lift = f"/admin/customers/suppression/{row.pk}/lift/"
    assert agent.post(lift, {"reason": "asked again"}).status_code == 403
    officer = desk(Role.COMPLIANCE)
    answer = officer.post(lift, {"reason": ""}, follow=True)
    assert "Say why it is lifted." in answer.content.decode()
    page = officer.post(lift, {"reason": "asked again"}, follow=True).content.decode()
    assert "asked again" in page
    row.refresh_from_db()
    assert row.lifted_by is not None
    assert row.lifted_by.username == "a-compliance"


def test_the_list_shows_pseudonyms_and_never_an_address(desk: Callable[..., Client]) -> None:
    address = "mira@mail.example"
    row = suppress(
        channel="email", reason=Suppression.Reason.BOUNCED, source="smtp", address=address
    ).suppression
    client = desk(Role.MARKETER)
    for url in ("", f"{row.pk}/change/"):
        page = client.get(f"/admin/customers/suppression/{url}").content.decode()
        assert "mira@" not in page
        assert row.fingerprint not in page
    assert (
        "an address of nobody known" in client.get("/admin/customers/suppression/").content.decode()
    )


def test_a_customers_page_shows_consents_with_their_proof(desk: Callable[..., Client]) -> None:
    customer = factories.customer()
    Consent.objects.create(
        customer=customer, channel="email", purpose="marketing", is_granted=True, source="api",
        proof={"text": "Send me offers.", "version": "3", "where": "checkout"},
    )  # fmt: skip
    page = desk(Role.SUPPORT_AGENT).get(f"/admin/customers/customer/{customer.pk}/change/")
    assert "Send me offers. · 3 · checkout" in page.content.decode()
