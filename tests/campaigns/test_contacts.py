"""One budget of contacts for campaigns, onboarding prompts and the assistant's follow-ups."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from guidance.campaigns import hooks
from guidance.campaigns.models import Contact, Delivery, FrequencyCap, Verdict
from guidance.campaigns.panels import MESSAGES
from guidance.campaigns.services.contacts import give_back_contact, take_contact
from guidance.campaigns.services.delivering import deliver_due
from guidance.customers.services import merge_customer
from tests import factories
from tests.campaigns.pushes import approved, proposed, push, shopper

pytestmark = pytest.mark.django_db


def test_what_an_app_said_leaves_a_campaign_less() -> None:
    mira, tom = shopper("null"), shopper("null")
    FrequencyCap.objects.create(most=1, days=7)
    assert take_contact(customer_id=mira.pk, source="onboarding") is not None
    plan = proposed(push(mira, tom).step.campaign)
    verdicts = dict(plan.entries.values_list("customer", "verdict"))
    assert verdicts == {mira.pk: Verdict.CAP, tom.pk: Verdict.SEND}


def test_what_is_said_after_the_approval_counts_as_the_message_leaves() -> None:
    mira = shopper("null")
    FrequencyCap.objects.create(most=1, days=7)
    approved(push(mira, priority=10).step.campaign)
    assert take_contact(customer_id=mira.pk, source="assistant.follow_up") is not None
    deliver_due(channel="null")
    assert Delivery.objects.get().reason == Verdict.CAP


def test_a_spent_budget_gives_nothing_until_its_days_are_over_or_it_is_given_back() -> None:
    mira = shopper()
    FrequencyCap.objects.create(most=2, days=7)
    factories.delivery(customer=mira, state="sent", sent_at=timezone.now() - timedelta(days=2))
    first = take_contact(customer_id=mira.pk, source="onboarding")
    assert first is not None
    assert take_contact(customer_id=mira.pk, source="onboarding") is None
    later = timezone.now() + timedelta(days=6)
    assert take_contact(customer_id=mira.pk, source="onboarding", now=later) is not None
    Contact.objects.exclude(pk=first.pk).delete()
    give_back_contact(contact=first)
    assert take_contact(customer_id=mira.pk, source="onboarding") is not None


@pytest.mark.parametrize(("priority", "is_given"), [(40, False), (60, False), (70, True)])
def test_what_waits_with_a_higher_priority_goes_first(priority: int, is_given: bool) -> None:
    mira = shopper("null")
    FrequencyCap.objects.create(most=1, days=7)
    factories.delivery(customer=mira, message=push(mira, priority=60))
    found = take_contact(customer_id=mira.pk, source="onboarding", priority=priority)
    assert (found is not None) == is_given


def test_a_cap_of_one_channel_is_not_an_apps() -> None:
    mira = shopper("null")
    FrequencyCap.objects.create(most=1, days=7, channel="null")
    factories.delivery(customer=mira, state="sent", sent_at=timezone.now())
    assert take_contact(customer_id=mira.pk, source="onboarding") is not None


def test_what_must_be_told_is_never_capped() -> None:
    mira = shopper("null")
    FrequencyCap.objects.create(most=1, days=7)
    take_contact(customer_id=mira.pk, source="onboarding")
    approved(push(mira, purpose="transactional").step.campaign)
    assert deliver_due(channel="null").sent == 1


def test_contacts_follow_a_visitor_and_stand_on_the_page() -> None:
    visitor, mira = shopper(is_anonymous=True), shopper()
    take_contact(customer_id=visitor.pk, source="onboarding")
    merge_customer(anonymous_ref=visitor.ref, customer_ref=mira.ref)
    assert [row[1] for row in MESSAGES.rows(mira.pk)] == ["onboarding"]


@pytest.fixture
def counted() -> Iterator[dict[int, int]]:
    """An app that keeps its own rows and counts them itself."""
    told: dict[int, int] = {}

    def counter(ids: Sequence[int], since: datetime) -> Mapping[int, int]:
        return {one: told[one] for one in ids if one in told}

    hooks.register_contact_counter("test", counter)
    yield told
    del hooks._counters["test"]


def test_an_app_may_count_its_own_rows(counted: dict[int, int]) -> None:
    mira = shopper()
    FrequencyCap.objects.create(most=2, days=7)
    counted[mira.pk] = 2
    assert take_contact(customer_id=mira.pk, source="onboarding") is None
    counted[mira.pk] = 1
    assert take_contact(customer_id=mira.pk, source="onboarding") is not None


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_get_no_more_than_the_cap() -> None:
    mira = shopper()
    FrequencyCap.objects.create(most=3, days=7)

    def ask(_n: int) -> bool:
        try:
            return take_contact(customer_id=mira.pk, source="onboarding") is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        assert sum(workers.map(ask, range(24))) == 3
