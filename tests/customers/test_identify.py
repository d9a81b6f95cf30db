"""`POST identify`: an anonymous history becomes a customer's, once, on a server's signed word."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import DirtyDay, Event
from guidance.core.ids import new_id
from guidance.core.models import ApiKey, AuditEntry
from guidance.core.rows import Refused
from guidance.core.services import create_api_key
from guidance.core.services.keys import hash_key
from guidance.customers.contacts import decrypt_address
from guidance.customers.models import Consent, ContactPoint, Customer
from guidance.customers.rows import ConsentRow, ContactRow, CustomerRow
from guidance.customers.services import (
    ensure_customer,
    ensure_customers,
    merge_customer,
    upsert_customers,
)
from guidance.customers.signatures import sign

URL = "/api/v1/identify"
pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> tuple[ApiKey, str]:
    """The shop's server: its key and secret."""
    return create_api_key(name="server", scopes=["write"])


@pytest.fixture
def browser() -> APIClient:
    """A shopper's browser, whose key everybody can read."""
    _key, secret = create_api_key(name="browser", scopes=["read", "events"])
    return _client(secret)


def _client(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def _signed(secret: str, minutes: float = 10, **fields: Any) -> dict[str, Any]:
    """Sign as the shop's server does, which knows its secret and not our tables."""
    expires = int((timezone.now() + timedelta(minutes=minutes)).timestamp())
    body: dict[str, Any] = {"anonymous": "a1", "customer": "c1", "expires": expires}
    signature = sign(sha256_of_secret=hash_key(secret), **body)
    return body | {"signature": signature} | fields


def _event(customer: str) -> dict[str, Any]:
    now = timezone.now().isoformat()
    return {
        "id": str(new_id()),
        "kind": "search",
        "text": "tea",
        "customer": customer,
        "time": now,
    }


def test_the_signature_is_what_the_document_says() -> None:
    """HMAC-SHA256 keyed with the hexadecimal SHA-256 of the secret, computed here by openssl."""
    sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    assert hash_key("secret") == sha256
    signature = sign(sha256_of_secret=sha256, anonymous="a1", customer="c1", expires=1795430400)
    assert signature == "9b5c66c6d1e57316d34488ffbc7194aaf93b819ebc86fd0942671e7a2224f688"


def test_a_server_merges_an_anonymous_history_once(
    server: tuple[ApiKey, str], browser: APIClient
) -> None:
    browser.post("/api/v1/events", {"events": [_event("a1"), _event("a1"), _event("c1")]})
    DirtyDay.objects.all().delete()
    body = _signed(server[1])
    answer = _client(server[1]).post(URL, body)
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "customer": "c1",
        "merged": True,
        "moved": {"consents": 0, "contact_points": 0, "events": 2} | _others(answer),
    }
    customer = Customer.objects.get(ref="c1")
    assert (customer.is_anonymous, Event.objects.filter(customer=customer).count()) == (False, 3)
    assert DirtyDay.objects.count() == 1
    again = _client(server[1]).post(URL, body).json()
    assert (again["merged"], again["moved"]) == (False, {})
    assert AuditEntry.objects.filter(verb="merge_customer").count() == 1


def _others(answer: Any) -> dict[str, int]:
    """Rows of apps above, which move as well."""
    known = {"consents", "contact_points", "events"}
    return {name: count for name, count in answer.json()["moved"].items() if name not in known}


def test_a_browser_brings_what_a_server_signed(
    server: tuple[ApiKey, str], browser: APIClient
) -> None:
    assert browser.post(URL, _signed(server[1])).status_code == 403
    answer = browser.post(URL, _signed(server[1], key=server[0].prefix))
    assert (answer.status_code, answer.json()["merged"]) == (200, True)


def test_later_rows_of_the_visitor_are_the_customers(
    server: tuple[ApiKey, str], browser: APIClient
) -> None:
    sent = _event("a1")
    browser.post("/api/v1/events", {"events": [sent]})
    _client(server[1]).post(URL, _signed(server[1]))
    customer = Customer.objects.get(ref="c1")
    assert ensure_customer(ref="a1") == customer
    assert ensure_customers(refs=["a1", "c1"]) == {"a1": customer.pk, "c1": customer.pk}
    answer = browser.post("/api/v1/events", {"events": [sent, _event("a1")]}).json()
    assert answer == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert Event.objects.filter(customer=customer).count() == 2
    upsert_customers(rows=[CustomerRow(ref="a1", tier="gold")], source="api")
    customer.refresh_from_db()
    assert customer.tier == "gold"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"signature": "0" * 64}, 403, "bad_signature"),
        ({"customer": "c2"}, 403, "bad_signature"),
        ({"anonymous": "a2"}, 403, "bad_signature"),
        ({"key": "sg_nobody"}, 403, "bad_signature"),
        ({"expires": 1}, 403, "expired"),
        ({"expires": 9_999_999_999}, 400, "out_of_range"),
        ({"expires": 10**30}, 400, "out_of_range"),
        ({"expires": "soon"}, 400, "wrong_type"),
        ({"signature": "é" * 64}, 400, "malformed"),
        ({"signature": None}, 400, "wrong_type"),
        ({"anonymous": "a\n1"}, 400, "malformed"),
        ({"customer": ""}, 400, "malformed"),
        ({"shop": "x"}, 400, "unknown_field"),
    ],
)
def test_what_no_server_vouches_for_is_refused(
    fields: dict[str, Any], status: int, code: str, server: tuple[ApiKey, str]
) -> None:
    answer = _client(server[1]).post(URL, _signed(server[1]) | fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Customer.objects.exists()


def test_a_signature_runs_out(server: tuple[ApiKey, str]) -> None:
    answer = _client(server[1]).post(URL, _signed(server[1], minutes=-1))
    assert (answer.status_code, answer.json()["code"]) == (403, "expired")


def test_a_key_that_cannot_write_cannot_sign(browser: APIClient) -> None:
    key, secret = create_api_key(name="other browser", scopes=["events"])
    assert browser.post(URL, _signed(secret, key=key.prefix)).status_code == 403


def test_a_key_switched_off_cannot_sign(server: tuple[ApiKey, str], browser: APIClient) -> None:
    ApiKey.objects.filter(pk=server[0].pk).update(is_active=False)
    assert browser.post(URL, _signed(server[1], key=server[0].prefix)).status_code == 403


def test_a_reading_key_may_not_identify(server: tuple[ApiKey, str]) -> None:
    _key, secret = create_api_key(name="reader", scopes=["read"])
    body = _signed(server[1], key=server[0].prefix)
    assert _client(secret).post(URL, body).status_code == 403
    assert APIClient().post(URL, body).status_code == 401


def test_a_visitor_is_merged_into_one_customer_only(server: tuple[ApiKey, str]) -> None:
    merge_customer(anonymous_ref="a1", customer_ref="c2")
    answer = _client(server[1]).post(URL, _signed(server[1]))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_merged")
    assert ensure_customer(ref="a1").ref == "c2"


def test_a_known_customer_is_not_merged_away(server: tuple[ApiKey, str]) -> None:
    upsert_customers(rows=[CustomerRow(ref="a1")], source="api")
    answer = _client(server[1]).post(URL, _signed(server[1]))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_anonymous")


def test_one_step_leads_from_any_pseudonym_to_its_customer() -> None:
    merge_customer(anonymous_ref="a1", customer_ref="c1")
    with pytest.raises(Refused, match="known customer"):
        merge_customer(anonymous_ref="c1", customer_ref="c2")
    merge_customer(anonymous_ref="a2", customer_ref="a1")
    keys = Customer.objects.filter(ref__in=["a1", "a2"]).values_list("merged_into__ref", flat=True)
    assert list(keys) == ["c1", "c1"]


def test_nobody_is_merged_into_themselves() -> None:
    with pytest.raises(Refused, match="same pseudonym"):
        merge_customer(anonymous_ref="a1", customer_ref="a1")
    merge_customer(anonymous_ref="a1", customer_ref="c1")
    with pytest.raises(Refused, match="known customer"):
        merge_customer(anonymous_ref="c1", customer_ref="a1")


def test_consents_and_addresses_follow_and_stay_readable() -> None:
    yes = ConsentRow(channel="email", purpose="marketing", granted=True)
    rows = [
        CustomerRow(
            ref="a1",
            consents=[yes],
            contacts=[
                ContactRow(channel="email", address="old@mail.example"),
                ContactRow(channel="push", address="token"),
            ],
        ),
        CustomerRow(ref="c1", contacts=[ContactRow(channel="email", address="new@mail.example")]),
    ]
    upsert_customers(rows=rows, source="api")
    Customer.objects.filter(ref="a1").update(is_anonymous=True)
    merge = merge_customer(anonymous_ref="a1", customer_ref="c1")
    assert (merge.moved["consents"], merge.moved["contact_points"]) == (1, 1)
    assert Consent.objects.get().customer == merge.customer
    points = ContactPoint.objects.all()
    assert {
        (p.customer_id, decrypt_address(p.ciphertext, customer_id=p.customer_id, channel=p.channel))
        for p in points
    } == {(merge.customer.pk, "new@mail.example"), (merge.customer.pk, "token")}
