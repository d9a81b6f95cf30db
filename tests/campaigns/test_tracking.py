"""A provider's webhooks, posted as Postmark posts them: each suppresses at once, and once."""

import base64
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, RejectReason
from django.test import Client
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.channels.bounces import is_for_good
from guidance.customers.models import Consent, Customer, Suppression
from guidance.customers.rows import ContactRow, CustomerRow
from guidance.customers.selectors import suppressed
from guidance.customers.services import upsert_customers
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/anymail/postmark/tracking/"
MIRA = "mira@mail.example"
BOUNCE = {
    "RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "TypeCode": 1, "MessageID": "pm-1",
    "Email": "Mira@mail.example", "BouncedAt": "2026-01-01T00:00:00Z",
    "Description": "no such user",
}  # fmt: skip
COMPLAINT = {**BOUNCE, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512}
STOPPED = {
    "RecordType": "SubscriptionChange", "MessageID": "pm-1", "Recipient": MIRA,
    "SuppressSending": True, "SuppressionReason": "ManualSuppression", "Origin": "Recipient",
    "ChangedAt": "2026-01-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def mira() -> Customer:
    contacts = [ContactRow(channel="email", address=MIRA)]
    upsert_customers(rows=[CustomerRow(ref="mira", contacts=contacts)], source="api")
    return Customer.objects.get()


def _post(told: dict[str, Any], secret: str = "provider:for tests alone") -> int:
    basic = "Basic " + base64.b64encode(secret.encode()).decode()
    answer = Client(raise_request_exception=False).post(
        URL, told, content_type="application/json", headers={"Authorization": basic}
    )
    return answer.status_code


def _why(customer: Customer) -> str:
    return suppressed(channel="email", customer_ids=[customer.pk]).get(customer.pk, "")


@pytest.mark.parametrize(
    ("told", "reason", "event"),
    [
        (BOUNCE, "bounced", None),
        (COMPLAINT, "complained", "complaint"),
        (STOPPED, "unsubscribed", "unsubscribe"),
    ],
)
def test_what_a_provider_tells_suppresses_at_once_and_once(
    mira: Customer, told: dict[str, Any], reason: str, event: str | None
) -> None:
    assert [_post(told), _post(told)] == [200, 200]
    assert _why(mira) == reason
    assert Suppression.objects.get().source == "anymail:postmark"
    assert [one.kind for one in Event.objects.all()] == ([event] if event else [])
    if reason == "unsubscribed":
        consent = Consent.objects.get()
        assert (consent.is_granted, consent.purpose) == (False, "marketing")
        assert consent.proof["by"] == "shopper"


def test_the_delivery_says_who_is_meant_from_what_and_by_which_decision(mira: Customer) -> None:
    """Its metadata came back, though the address is somebody else's by now."""
    message = factories.campaign_message(channel="email", campaign__purpose="service")
    sent = {"state": "sent", "sent_at": timezone.now()}
    delivery = factories.delivery(message=message, customer=mira, **sent)
    told = {**STOPPED, "Recipient": "old@mail.example", "Metadata": {"delivery": str(delivery.pk)}}
    _post(told)
    row = Suppression.objects.get()
    assert (row.customer, row.purpose, row.delivery) == (mira, "service", delivery.pk)
    assert Event.objects.get().decision == delivery.pk


@pytest.mark.parametrize("event", ["Open", "Delivery"])
def test_what_says_nothing_against_sending_suppresses_nothing(mira: Customer, event: str) -> None:
    told = {"RecordType": event, "MessageID": "pm-1", "Recipient": MIRA}
    assert _post(told) == 200
    assert not Suppression.objects.exists()


def test_a_full_mailbox_is_not_a_bounce_for_good(mira: Customer) -> None:
    assert _post({**BOUNCE, "Type": "SoftBounce", "TypeCode": 4096}) == 200
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("raw", "is_good"),
    [
        ({"bounce": {"bounceType": "Permanent", "bounceSubType": "General"}}, True),
        ({"bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}}, False),
        ({"event": "hard_bounce"}, True),
        ({"event": "soft_bounce"}, False),
        ({"event": "bounce", "hard_bounce": True}, True),
        ({"event": "bounce", "hard_bounce": False}, False),
        ({"event": "bounce", "type": "bounce"}, True),
        ({"event": "bounce", "type": "blocked"}, False),
        ({"msys": {"message_event": {"type": "bounce", "bounce_class": "30"}}}, True),
        ({"msys": {"message_event": {"type": "bounce", "bounce_class": "22"}}}, False),
        ({"type": "activity.soft_bounced", "data": {"type": "soft_bounced"}}, False),
        ({"type": "email.bounced", "data": {"bounce": {"type": "Permanent"}}}, True),
        ({"type": "email.bounced", "data": {"bounce": {"type": "Transient"}}}, False),
    ],
)
def test_each_provider_says_in_its_own_way_whether_a_bounce_is_for_good(
    raw: dict[str, Any], is_good: bool
) -> None:
    told = AnymailTrackingEvent(
        event_type="bounced", reject_reason=RejectReason.BOUNCED, esp_event=raw
    )
    assert is_for_good(told) is is_good


def test_an_unsubscription_from_what_must_be_told_is_one_from_offers(mira: Customer) -> None:
    message = factories.campaign_message(channel="email", campaign__purpose="transactional")
    sent = {"state": "sent", "sent_at": timezone.now()}
    delivery = factories.delivery(message=message, customer=mira, **sent)
    _post({**STOPPED, "Metadata": {"delivery": str(delivery.pk)}})
    assert Suppression.objects.get().purpose == "marketing"


def test_an_address_of_nobody_known_is_suppressed_all_the_same() -> None:
    _post(STOPPED)
    contacts = [ContactRow(channel="email", address=MIRA)]
    upsert_customers(rows=[CustomerRow(ref="mira", contacts=contacts)], source="api")
    assert _why(Customer.objects.get()) == "unsubscribed"


def test_without_the_secret_nothing_is_believed(mira: Customer) -> None:
    assert _post(BOUNCE, secret="provider:guessed") == 400
    assert not Suppression.objects.exists()


def test_only_the_provider_in_use_is_listened_to() -> None:
    answer = Client().post("/anymail/sendgrid/tracking/", {}, content_type="application/json")
    assert answer.status_code == 404
