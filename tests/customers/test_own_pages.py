"""The shoppers' own pages: one click unsubscribes, a look changes nothing, choices are kept."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guidance.behaviour.models import Event
from guidance.core.ids import new_id
from guidance.customers.models import Consent, Customer, Suppression
from guidance.customers.rows import ContactRow, CustomerRow
from guidance.customers.selectors import consenting, suppressed
from guidance.customers.services import merge_customer, suppress, upsert_customers
from guidance.customers.tokens import (
    BadToken,
    preferences_token,
    preferences_url,
    read_unsubscribe_token,
    unsubscribe_headers,
    unsubscribe_token,
)
from tests import factories

pytestmark = pytest.mark.django_db
CLICK = {"List-Unsubscribe": "One-Click"}
EMAIL_OFFERS = {"channel": "email", "purpose": "marketing"}


@pytest.fixture
def mira() -> Customer:
    contacts = [ContactRow(channel="email", address="mira@mail.example")]
    row = CustomerRow(ref="mira", language="en", contacts=contacts)
    upsert_customers(rows=[row], source="api")
    customer = Customer.objects.get()
    Consent.objects.create(customer=customer, is_granted=True, source="api", **EMAIL_OFFERS)
    return customer


def _consents(customer: Customer) -> bool:
    return bool(consenting(customer_ids=[customer.pk], **EMAIL_OFFERS))


def test_the_headers_are_those_of_rfc_8058(settings: Any) -> None:
    settings.PUBLIC_URL = "https://shop.example"
    headers = unsubscribe_headers(customer="mira", delivery=new_id(), **EMAIL_OFFERS)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<https://shop\.example/u/(\S+)>", headers["List-Unsubscribe"])
    assert found
    assert read_unsubscribe_token(found[1]).customer == "mira"


def test_a_mail_program_unsubscribes_in_one_click(mira: Customer) -> None:
    """As a mail program sends it: no cookie, no redirect followed, a form of one field."""
    delivery = new_id()
    url = reverse("unsubscribe", args=[_token("mira", delivery=delivery)])
    client = Client(enforce_csrf_checks=True)
    for _again in range(2):
        answer = client.post(url, CLICK)
        assert answer.status_code == 200
        assert not answer.cookies
    assert not _consents(mira)
    assert suppressed(channel="email", customer_ids=[mira.pk]) == {mira.pk: "unsubscribed"}
    assert Suppression.objects.get().delivery == delivery
    assert Event.objects.get().kind == "unsubscribe"
    proof = Consent.objects.get(is_granted=False).proof
    assert (proof["by"], proof["text"]) == ("shopper", "Unsubscribe")
    urlencoded = "application/x-www-form-urlencoded"
    answer = client.post(url, "List-Unsubscribe=One-Click", content_type=urlencoded)
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_look_at_the_link_changes_nothing(mira: Customer, method: str) -> None:
    answer = getattr(Client(), method)(reverse("unsubscribe", args=[_token("mira")]))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert _consents(mira)
    assert not Suppression.objects.exists()


def test_a_post_that_is_no_click_changes_nothing(mira: Customer) -> None:
    assert Client().post(reverse("unsubscribe", args=[_token("mira")])).status_code == 400
    assert _consents(mira)


@pytest.mark.parametrize("name", ["unsubscribe", "preferences"])
def test_a_made_up_or_cut_link_opens_nothing(mira: Customer, name: str) -> None:
    token = _token("mira") if name == "unsubscribe" else preferences_token(customer="mira")
    other = _token("mira") if name == "preferences" else preferences_token(customer="mira")
    for bad in (token[:-1], "x" + token, "x", other):
        assert Client().get(reverse(name, args=[bad])).status_code == 404
        assert Client().post(reverse(name, args=[bad]), CLICK).status_code == 404
    assert _consents(mira)
    with pytest.raises(BadToken):
        read_unsubscribe_token(token[:-1])


def test_a_link_outlives_a_changed_secret_that_is_kept_as_a_fallback(
    mira: Customer, settings: Any
) -> None:
    token = _token("mira")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert read_unsubscribe_token(token).customer == "mira"
    assert _token("mira") != token
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadToken):
        read_unsubscribe_token(token)


def test_a_visitors_link_unsubscribes_the_customer_they_became(mira: Customer) -> None:
    factories.customer(ref="visitor", is_anonymous=True)
    token = _token("visitor")
    merge_customer(anonymous_ref="visitor", customer_ref="mira")
    Client().post(reverse("unsubscribe", args=[token]), CLICK)
    assert not _consents(mira)


def test_the_page_shows_each_choice_and_keeps_what_is_chosen(mira: Customer) -> None:
    url = reverse("preferences", args=[preferences_token(customer="mira")])
    client = Client(enforce_csrf_checks=True)
    page = client.get(url).content.decode()
    assert 'name="email.marketing" checked' in page
    assert 'name="inbox.marketing">' in page
    shown = {"shown.email.marketing": "1", "shown.inbox.marketing": "1"}
    answer = client.post(url, {**shown, "inbox.marketing": "on"}, follow=True)
    assert "Saved." in answer.content.decode()
    assert not _consents(mira)
    inbox = Consent.objects.get(channel="inbox")
    assert inbox.is_granted
    assert inbox.proof["text"] == "Message in the shop: Offers, news and reminders"
    assert (inbox.source, inbox.proof["version"]) == ("preference_page", "2026-11 en")
    before = Consent.objects.count()
    client.post(url, {**shown, "inbox.marketing": "on"})
    assert Consent.objects.count() == before
    client.post(url, {**shown, "email.marketing": "on", "inbox.marketing": "on"})
    assert _consents(mira)
    assert suppressed(channel="email", customer_ids=[mira.pk]) == {}


def test_what_the_page_did_not_show_stays_as_it_is(mira: Customer) -> None:
    url = reverse("preferences", args=[preferences_token(customer="mira")])
    Client().post(url, {})
    Client().post(url, {"shown.sms.marketing": "1", "sms.marketing": "on"})
    assert _consents(mira)
    assert Consent.objects.count() == 1


def test_the_page_says_when_a_bounce_holds_messages_back(mira: Customer) -> None:
    Reason = Suppression.Reason
    suppress(channel="email", reason=Reason.BOUNCED, source="smtp", address="mira@mail.example")
    page = Client().get(reverse("preferences", args=[preferences_token(customer="mira")]))
    assert "held back" in page.content.decode()
    contacts = [ContactRow(channel="email", address="new@mail.example")]
    upsert_customers(rows=[CustomerRow(ref="mira", contacts=contacts)], source="api")
    page = Client().get(reverse("preferences", args=[preferences_token(customer="mira")]))
    assert "held back" not in page.content.decode()


def test_what_a_shopper_must_be_told_is_no_choice(mira: Customer) -> None:
    Consent.objects.create(
        customer=mira, channel="email", purpose="transactional", is_granted=True, source="api"
    )
    page = Client().get(reverse("preferences", args=[preferences_token(customer="mira")]))
    assert "transactional" not in page.content.decode()


def test_a_link_that_unsubscribes_opens_nothing_else(mira: Customer) -> None:
    url = reverse("unsubscribe", args=[unsubscribe_token(customer="mira", **EMAIL_OFFERS)])
    assert "/preferences/" not in Client().post(url, CLICK).content.decode()


@pytest.mark.parametrize(
    ("language", "spoken"), [("zh-hans", "zh-hans"), ("zh", "zh-hans"), ("en", "en"), ("fr", "en")]
)
def test_the_pages_speak_the_customers_language(mira: Customer, language: str, spoken: str) -> None:
    Customer.objects.update(language=language)
    for url in (
        reverse("preferences", args=[preferences_token(customer="mira")]),
        reverse("unsubscribe", args=[_token("mira")]),
    ):
        answer = Client().get(url)
        assert f'<html lang="{spoken}">' in answer.content.decode()
        assert answer["Content-Language"] == spoken
        assert "<script" not in answer.content.decode()


def test_the_preference_links_address_is_absolute(settings: Any) -> None:
    settings.PUBLIC_URL = "https://shop.example"
    assert preferences_url(customer="mira").startswith("https://shop.example/preferences/")


def _token(customer: str, **given: Any) -> str:
    return unsubscribe_token(customer=customer, **EMAIL_OFFERS, **given)
