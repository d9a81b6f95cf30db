"""A shopper's page: every message and why not, across campaigns, however many there were."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from guidance.campaigns.models import Delivery, FrequencyCap, Verdict
from guidance.campaigns.panels import MESSAGES
from guidance.campaigns.services.delivering import deliver_due
from guidance.customers.models import Customer
from tests import factories
from tests.campaigns.pushes import approved, proposed, push, shopper

pytestmark = pytest.mark.django_db


def told(customer: Customer) -> list[tuple[Any, Any]]:
    """What was decided and what became of it, the latest first."""
    return [(str(row[2]), str(row[3])) for row in MESSAGES.rows(customer.pk)]


def test_a_message_of_long_ago_is_still_told_as_sent_after_many_others(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    mira = shopper("null")
    approved(push(mira).step.campaign)
    deliver_due(channel="null")
    triggered = factories.campaign_message(campaign__trigger="cart_left")
    for _n in range(40):
        factories.delivery(
            customer=mira,
            message=triggered,
            state="sent",
            sent_at=timezone.now(),
            due_at=timezone.now() + timedelta(hours=1),
        )
    with django_assert_num_queries(5):
        found = told(mira)
    assert len(found) == 41
    assert ("gets a message: nowhere (a rehearsal), wording a", "sent") in found
    assert ("a cart was left, step 1: nowhere (a rehearsal), wording a", "sent") in found


def test_the_rule_that_decided_is_told_with_its_figures() -> None:
    tired, silent, held = shopper("null"), shopper(), shopper("null")
    FrequencyCap.objects.create(most=1, days=7)
    factories.delivery(customer=tired, state="sent", sent_at=timezone.now())
    plan = proposed(push(tired, silent, held, holdout_percent=30).step.campaign)
    plan.entries.filter(customer=held).update(verdict=Verdict.HOLDOUT, message=None)
    assert told(tired)[0][0] == "had enough messages (1 in 7 days, over all channels)"
    assert told(silent)[0][0] == "no consent"
    assert told(held)[0][0] == "in the holdout (30 % of the audience)"


def test_what_was_decided_at_sending_is_told_beside_what_was_planned() -> None:
    mira = shopper("null")
    message = push(mira, budget=50, currency="USD")
    approved(message.step.campaign)
    Delivery.objects.update(state="cancelled", reason=Verdict.BUDGET)
    assert told(mira) == [
        (
            "gets a message: nowhere (a rehearsal), wording a",
            "cancelled: the budget is spent on others (50.00 USD)",
        )
    ]


def test_what_a_visitor_was_told_is_on_the_page_of_whom_they_became() -> None:
    visitor, mira = shopper("null"), shopper("null")
    approved(push(visitor).step.campaign)
    Customer.objects.filter(pk=visitor.pk).update(merged_into=mira)
    assert len(told(mira)) == 1


def test_a_visitor_who_was_held_out_got_nothing_though_the_customer_did() -> None:
    visitor, mira = shopper("null"), shopper("null")
    plan = approved(push(visitor, mira).step.campaign)
    plan.entries.filter(customer=visitor).update(verdict=Verdict.HOLDOUT, message=None)
    Delivery.objects.filter(customer=visitor).delete()
    deliver_due(channel="null")
    Customer.objects.filter(pk=visitor.pk).update(merged_into=mira)
    assert sorted(state for _decided, state in told(mira)) == ["nothing to send", "sent"]
