"""Suppressions: at once, for a shopper and for an address, lifted by a person who says why."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.core.ids import new_id
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.core.rows import Refused
from guidance.customers import hooks
from guidance.customers.models import Consent, Customer, Suppression
from guidance.customers.rows import ContactRow, CustomerRow
from guidance.customers.selectors import addresses, consenting, has_contact, reach, suppressed
from guidance.customers.services import (
    lift_suppression,
    merge_customer,
    rotate_contacts,
    rotate_suppressions,
    set_preferences,
    suppress,
    unsubscribe,
    upsert_customers,
)
from tests import factories

pytestmark = pytest.mark.django_db
Reason = Suppression.Reason
PROOF = {"text": "Unsubscribe", "where": "one_click", "by": "shopper"}


def _known(ref: str, address: str | None = None) -> Customer:
    contacts = [ContactRow(channel="email", address=address)] if address else []
    upsert_customers(rows=[CustomerRow(ref=ref, contacts=contacts)], source="api")
    return Customer.objects.get(ref=ref)


def _why(*customers: Customer, purpose: str = "") -> dict[int, str]:
    ids = [customer.pk for customer in customers]
    return suppressed(channel="email", customer_ids=ids, purpose=purpose)


def test_a_bounce_is_the_addresss_and_ends_with_it() -> None:
    mira, tom = _known("mira", "one@mail.example"), _known("tom", "one@mail.example")
    suppress(channel="email", reason=Reason.BOUNCED, source="smtp", address=" ONE@mail.example")
    assert _why(mira, tom) == {mira.pk: "bounced", tom.pk: "bounced"}
    _known("mira", "two@mail.example")
    assert _why(mira, tom) == {tom.pk: "bounced"}


def test_a_complaint_follows_the_shopper_to_another_address_and_is_an_event() -> None:
    mira = _known("mira", "one@mail.example")
    told: dict[str, Any] = {"channel": "email", "reason": Reason.COMPLAINED, "source": "esp"}
    assert suppress(**told, address="one@mail.example").is_new
    assert not suppress(**told, address="one@mail.example").is_new
    _known("mira", "two@mail.example")
    assert _why(mira) == {mira.pk: "complained"}
    assert Event.objects.get().kind == "complaint"
    assert AuditEntry.objects.filter(verb="suppress").count() == 1


def test_an_unsubscription_holds_for_its_purpose_and_other_channels_stay() -> None:
    mira = _known("mira")
    assert unsubscribe(
        customer_id=mira.pk, channel="email", purpose="marketing", source="x", proof=PROOF
    )
    assert not unsubscribe(
        customer_id=mira.pk, channel="email", purpose="marketing", source="x", proof=PROOF
    )
    assert _why(mira, purpose="marketing") == {mira.pk: "unsubscribed"}
    assert _why(mira, purpose="service") == {}
    assert suppressed(channel="sms", customer_ids=[mira.pk]) == {}
    consent = Consent.objects.get()
    assert (consent.is_granted, consent.proof) == (False, PROOF)
    assert Event.objects.get().kind == "unsubscribe"


def test_of_several_reasons_the_shoppers_own_word_is_told() -> None:
    mira = _known("mira", "one@mail.example")
    suppress(channel="email", reason=Reason.BOUNCED, source="x", address="one@mail.example")
    suppress(channel="email", reason=Reason.BY_HAND, source="desk", customer_id=mira.pk)
    assert _why(mira) == {mira.pk: "by_hand"}


def test_a_person_lifts_it_and_says_why(person: Callable[..., User]) -> None:
    mira, ana = _known("mira"), person(Role.COMPLIANCE)
    row = suppress(
        channel="email", reason=Reason.BY_HAND, source="desk", customer_id=mira.pk
    ).suppression
    with pytest.raises(Refused, match="why"):
        lift_suppression(suppression_id=row.pk, reason="  ", actor=ana)
    assert _why(mira)
    lift_suppression(suppression_id=row.pk, reason="she wrote to us", actor=ana)
    assert _why(mira) == {}
    entry = AuditEntry.objects.get(verb="lift_suppression")
    row.refresh_from_db()
    assert (entry.actor, row.lift_reason) == (ana, "she wrote to us")
    assert "she wrote" not in str(entry.details)
    with pytest.raises(Refused, match="already"):
        lift_suppression(suppression_id=row.pk, reason="again", actor=ana)
    suppress(channel="email", reason=Reason.BY_HAND, source="desk", customer_id=mira.pk)
    assert _why(mira) == {mira.pk: "by_hand"}


def test_allowing_again_lifts_the_shoppers_own_and_nothing_else() -> None:
    mira, key = _known("mira"), ("email", "marketing")
    unsubscribe(customer_id=mira.pk, channel="email", purpose="marketing", source="x", proof=PROOF)
    suppress(channel="email", reason=Reason.COMPLAINED, source="esp", customer_id=mira.pk)
    told = {"customer_id": mira.pk, "proofs": {key: PROOF}, "source": "page"}
    assert set_preferences(choices={key: True}, **told) == [key]
    assert set_preferences(choices={key: True}, **told) == []
    assert consenting(channel="email", purpose="marketing", customer_ids=[mira.pk]) == {mira.pk}
    assert _why(mira) == {mira.pk: "complained"}


def test_a_word_said_now_counts_after_one_of_a_clock_ahead() -> None:
    mira = _known("mira")
    Consent.objects.create(
        customer=mira, channel="email", purpose="marketing", is_granted=True, source="api",
        at=timezone.now() + timedelta(minutes=4),
    )  # fmt: skip
    unsubscribe(customer_id=mira.pk, channel="email", purpose="marketing", source="x", proof=PROOF)
    assert consenting(channel="email", purpose="marketing", customer_ids=[mira.pk]) == set()


@pytest.mark.parametrize("sparsest", [0, 8])
def test_the_newest_word_counts_for_each_customer_of_a_batch(
    sparsest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read as a range of the index, and one by one."""
    monkeypatch.setattr(reach, "SPARSEST", sparsest)
    customers = [factories.customer() for _ in range(3)]
    for customer, words in zip(customers, ([True], [True, False], [False, True]), strict=True):
        for word in words:
            Consent.objects.create(
                customer=customer, channel="email", purpose="marketing", is_granted=word, source="x"
            )
    ids = [customer.pk for customer in customers]
    found = consenting(channel="email", purpose="marketing", customer_ids=ids)
    assert found == {ids[0], ids[2]}
    assert consenting(channel="email", purpose="service", customer_ids=ids) == set()
    assert consenting(channel="email", purpose="marketing", customer_ids=ids[:2]) == {ids[0]}
    assert consenting(channel="email", purpose="marketing", customer_ids=ids[::2]) == found
    suppress(channel="email", reason=Reason.BY_HAND, source="desk", customer_id=ids[1])
    assert suppressed(channel="email", customer_ids=ids) == {ids[1]: "by_hand"}
    assert suppressed(channel="email", customer_ids=ids[::2]) == {}
    assert consenting(channel="email", purpose="marketing", customer_ids=[]) == set()


def test_who_has_an_address_and_what_it_is() -> None:
    mira, tom = _known("mira", "one@mail.example"), _known("tom")
    ids = [mira.pk, tom.pk]
    assert has_contact(channel="email", customer_ids=ids) == {mira.pk}
    assert has_contact(channel="sms", customer_ids=ids) == set()
    assert addresses(channel="email", customer_ids=ids) == {mira.pk: "one@mail.example"}


def test_keys_rotate_without_losing_a_suppression(settings: Any) -> None:
    mira = _known("mira", "one@mail.example")
    told = {"channel": "email", "reason": Reason.BOUNCED, "source": "smtp"}
    suppress(**told, address="one@mail.example")
    suppress(**told, address="nobody@mail.example")
    settings.CONTACT_KEYS = ["new", *settings.CONTACT_KEYS]
    assert not suppress(**told, address="one@mail.example").is_new
    assert _why(mira) == {mira.pk: "bounced"}
    rotate_contacts()
    assert rotate_suppressions() == 1
    assert rotate_suppressions() == 0
    settings.CONTACT_KEYS = ["new"]
    assert _why(mira) == {mira.pk: "bounced"}
    late = _known("late", "nobody@mail.example")
    assert _why(late) == {late.pk: "bounced"}


def test_a_key_that_came_later_hides_no_suppression(settings: Any) -> None:
    """Between two steps of a rotation, and for an address written while it goes on."""
    mira = _known("mira", "one@mail.example")
    for address in ("one@mail.example", "two@mail.example"):
        suppress(channel="email", reason=Reason.BOUNCED, source="smtp", address=address)
    settings.CONTACT_KEYS = ["new", *settings.CONTACT_KEYS]
    rotate_contacts()
    tom = _known("tom", "two@mail.example")
    assert _why(mira, tom) == {mira.pk: "bounced", tom.pk: "bounced"}


def test_an_address_that_no_key_opens_is_left_out(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    mira = _known("mira", "one@mail.example")
    settings.CONTACT_KEYS = ["another"]
    tom = _known("tom", "two@mail.example")
    found = addresses(channel="email", customer_ids=[mira.pk, tom.pk])
    assert found == {tom.pk: "two@mail.example"}
    assert "1 addresses for email" in caplog.text
    assert "mail.example" not in caplog.text


def test_allowing_again_lifts_what_unsubscribed_the_address_too() -> None:
    told: dict[str, Any] = {"channel": "email", "source": "esp", "purpose": "marketing"}
    suppress(**told, reason=Reason.UNSUBSCRIBED, address="one@mail.example")
    mira, key = _known("mira", "one@mail.example"), ("email", "marketing")
    assert _why(mira) == {mira.pk: "unsubscribed"}
    set_preferences(customer_id=mira.pk, choices={key: True}, proofs={key: PROOF}, source="page")
    assert _why(mira) == {}


def test_a_suppression_follows_a_merge() -> None:
    visitor = factories.customer(ref="a-1", is_anonymous=True)
    suppress(channel="push", reason=Reason.BY_HAND, source="desk", customer_id=visitor.pk)
    merge = merge_customer(anonymous_ref="a-1", customer_ref="mira")
    assert merge.moved["suppressions"] == 1
    ids = [merge.customer.pk, visitor.pk]
    assert suppressed(channel="push", customer_ids=ids) == {merge.customer.pk: "by_hand"}
    unsubscribe(
        customer_id=visitor.pk, channel="email", purpose="marketing", source="x", proof=PROOF
    )
    assert _why(merge.customer) == {merge.customer.pk: "unsubscribed"}


def test_an_event_names_the_decision_that_led_to_the_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "_decision_finders", [])
    delivery, decision = new_id(), new_id()
    hooks.register_delivery_decisions({delivery: decision}.get)
    mira = _known("mira")
    unsubscribe(
        customer_id=mira.pk,
        channel="email",
        purpose="marketing",
        source="one_click",
        proof=PROOF,
        delivery=delivery,
    )
    assert Event.objects.get().decision == decision
    assert Suppression.objects.get().delivery == delivery
