"""Opens and clicks as providers tell them, through their real webhook views."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.channels.responses import is_machine
from guidance.campaigns.models import Campaign, Delivery
from guidance.campaigns.selectors.effect import effect_of
from guidance.campaigns.services.delivering import deliver_due
from guidance.customers.tokens import preferences_url, unsubscribe_url
from guidance.decisions.models import Decision
from tests import factories
from tests.campaigns.pushes import approved, push, shopper

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.campaigns.provider_urls")]
SECRET = "for tests alone"
MIRA = "mira@mail.example"


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_WEBHOOK_SIGNING_KEY": SECRET}


@pytest.fixture
def sent() -> Delivery:
    message = factories.campaign_message(channel="email")
    now = timezone.now()
    customer = factories.customer(ref="mira")
    return factories.delivery(message=message, customer=customer, state="sent", sent_at=now)


def _post(path: str, told: Any) -> None:
    basic = "Basic " + base64.b64encode(b"provider:for tests alone").decode()
    answer = Client().post(
        path, json.dumps(told), content_type="application/json", headers={"Authorization": basic}
    )
    assert answer.status_code == 200


def postmark(delivery: Delivery, kind: str, *, url: str = "", machine: bool = False) -> None:
    _post(
        "/anymail/postmark/tracking/",
        {
            "RecordType": {"open": "Open", "click": "Click"}[kind],
            "FirstOpen": True,
            "MessageID": "pm-1",
            "Recipient": MIRA,
            "ReceivedAt": timezone.now().isoformat(),
            "OriginalLink": url,
            "Metadata": {"delivery": str(delivery.pk)},
        },
    )


def mailgun(delivery: Delivery, kind: str, *, url: str = "", machine: bool = False) -> None:
    at = str(int(timezone.now().timestamp()))
    key = hmac.new(SECRET.encode(), f"{at}token".encode(), hashlib.sha256)
    told = {
        "event": {"open": "opened", "click": "clicked"}[kind],
        "id": "Ase7i2zsRYeDXztHGENqRA",
        "timestamp": float(at),
        "recipient": MIRA,
        "message": {"headers": {"message-id": "mg-1"}},
        "client-info": {"client-type": "browser", "bot": "apple" if machine else ""},
        "user-variables": {"delivery": str(delivery.pk)},
        "url": url,
    }
    signature = {"timestamp": at, "token": "token", "signature": key.hexdigest()}
    _post("/every/mailgun/tracking/", {"signature": signature, "event-data": told})


def brevo(delivery: Delivery, kind: str, *, url: str = "", machine: bool = False) -> None:
    told = {"open": "proxy_open" if machine else "unique_opened", "click": "click"}
    _post(
        "/every/brevo/tracking/",
        {
            "event": told[kind],
            "email": MIRA,
            "id": 1,
            "ts_event": int(timezone.now().timestamp()),
            "message-id": "<br-1@smtp-relay.example>",
            "X-Mailin-custom": json.dumps({"delivery": str(delivery.pk)}),
            "link": url,
        },
    )


def sparkpost(delivery: Delivery, kind: str, *, url: str = "", machine: bool = False) -> None:
    told = {
        "type": kind,
        "event_id": "92356927693813856",
        "timestamp": str(int(timezone.now().timestamp())),
        "rcpt_to": MIRA,
        "rcpt_meta": {"delivery": str(delivery.pk)},
        "target_link_url": url,
        "user_agent_parsed": {"is_proxy": True, "is_prefetched": machine},
    }
    _post("/every/sparkpost/tracking/", [{"msys": {"track_event": told}}])


Provider = Callable[..., None]
every = pytest.mark.parametrize("tell", [postmark, mailgun, brevo, sparkpost])
telling = pytest.mark.parametrize("tell", [mailgun, brevo, sparkpost])


@every
def test_an_open_and_a_click_are_events_of_the_messages_decision_once_each(
    sent: Delivery, tell: Provider
) -> None:
    for kind in ("open", "open", "click", "open", "click"):
        tell(sent, kind, url="https://shop.example/p/1")
    told = Event.objects.order_by("kind").values_list(
        "kind", "decision", "customer", "source", "position"
    )
    assert list(told) == [
        ("click", sent.pk, sent.customer_id, "live", 1),
        ("impression", sent.pk, sent.customer_id, "live", 1),
    ]


@telling
def test_what_a_provider_says_a_machine_opened_nobody_opened(
    sent: Delivery, tell: Provider
) -> None:
    tell(sent, "open", machine=True)
    assert not Event.objects.exists()
    tell(sent, "open")
    assert Event.objects.get().kind == "impression"


@every
def test_the_way_out_is_no_click(sent: Delivery, tell: Provider) -> None:
    out = {"customer": "mira", "channel": "email", "purpose": "marketing"}
    for url in (unsubscribe_url(**out), preferences_url(customer="mira")):
        tell(sent, "click", url=url)
    assert not Event.objects.exists()


def test_a_message_nobody_knows_is_nobodys_open(sent: Delivery) -> None:
    unknown = Delivery(pk=Decision().pk)
    postmark(unknown, "open")
    assert not Event.objects.exists()


def test_a_message_of_a_shopper_who_merged_is_opened_by_whom_they_became(sent: Delivery) -> None:
    postmark(sent, "open")
    other = factories.customer(ref="mira at home")
    Delivery.objects.update(customer=other)
    sent.refresh_from_db()
    postmark(sent, "open")
    postmark(sent, "click")
    assert Event.objects.count() == 2
    assert Event.objects.get(kind="click").customer == other


def test_an_open_that_comes_before_the_outbox_has_written_is_kept(sent: Delivery) -> None:
    Delivery.objects.update(state="sending", sent_at=None)
    postmark(sent, "open")
    Delivery.objects.update(state="sent", sent_at=timezone.now())
    postmark(sent, "open")
    assert Event.objects.get().decision == sent.pk


def test_the_effect_counts_what_providers_tell() -> None:
    campaign: Campaign = push(*(shopper("null") for _n in range(3))).step.campaign
    plan = approved(campaign)
    deliver_due(channel="null")
    first, second, _third = plan.deliveries.order_by("id")
    mailgun(first, "open")
    brevo(second, "click", url="https://shop.example/p/1")
    brevo(second, "click", url="https://shop.example/p/1")
    effect = effect_of(plan, now=timezone.now() + timedelta(minutes=1))
    assert effect is not None
    assert (effect.messages, effect.opened, effect.clicked) == (3, 2, 1)


def test_sendgrid_says_it_with_a_word_of_its_own() -> None:
    assert is_machine({"event": "open", "sg_machine_open": True})
    assert not is_machine({"event": "open", "sg_machine_open": False})
