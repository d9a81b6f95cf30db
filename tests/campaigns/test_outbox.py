"""The outbox: each message once, checked again as it leaves, and every one accounted for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from guidance.campaigns.channels import Outcome
from guidance.campaigns.models import (
    Coupon,
    Delivery,
    FrequencyCap,
    PushPlan,
    Verdict,
)
from guidance.campaigns.services.approval import stop_campaign
from guidance.campaigns.services.claiming import (
    MOST_SENDERS,
    claim,
    renew,
    sending,
)
from guidance.campaigns.services.delivering import (
    MOST_ATTEMPTS,
    deliver_due,
    recover_deliveries,
    settle,
    sweep_deliveries,
)
from guidance.content.models import PublishedCopy
from guidance.customers.selectors import suppressed
from guidance.customers.tokens import read_unsubscribe_token
from guidance.decisions.models import Decision
from tests import factories
from tests.campaigns.pushes import allow, approved, push, shopper
from tests.campaigns.recorders import Careless, Recorder, states

pytestmark = pytest.mark.django_db
V, State = Verdict, Delivery.State


def test_every_message_leaves_once_and_is_logged_as_a_decision(recorder: type[Recorder]) -> None:
    plan = approved(push(shopper("null"), shopper("null")).step.campaign)
    assert deliver_due(channel="null").sent == 2
    assert deliver_due(channel="null").sent == 0
    assert states(plan) == {("sent", V.SEND): 2}
    keys = [message.idempotency_key for message in recorder.got]
    assert sorted(keys) == sorted(str(pk) for pk in plan.deliveries.values_list("pk", flat=True))
    logged = Decision.objects.filter(surface="push")
    assert {str(one.pk) for one in logged} == set(keys)
    assert logged[0].context["campaign"] == plan.campaign.key


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda plan, who: allow(who, "null", is_granted=False), V.NO_CONSENT),
        (
            lambda plan, who: factories.suppression(
                customer=who, channel="null", reason="unsubscribed"
            ),
            V.SUPPRESSED,
        ),
        (
            lambda plan, who: (
                FrequencyCap.objects.create(most=1, days=1)
                and factories.delivery(customer=who, state="sent", sent_at=timezone.now())
            ),
            V.CAP,
        ),
        (lambda plan, who: _product(plan).update(stock=0), V.OUT_OF_STOCK),
        (lambda plan, who: PublishedCopy.objects.update(status="stale"), V.PRICE_CHANGED),
        (lambda plan, who: PublishedCopy.objects.update(status="withdrawn"), V.TEXT_WITHDRAWN),
    ],
)
def test_what_changed_since_the_approval_becomes_a_recorded_exclusion(
    recorder: type[Recorder], change: object, reason: Verdict
) -> None:
    who = shopper("null")
    plan = approved(push(who).step.campaign)
    change(plan, who)  # type: ignore[operator]
    deliver_due(channel="null")
    assert states(plan) == {("cancelled", reason): 1}
    assert not recorder.got
    plan.refresh_from_db()
    assert plan.state == PushPlan.State.APPROVED


def _product(plan: PushPlan) -> object:
    text = plan.entries.filter(verdict=V.SEND)[0].message.publication
    return type(text.product).objects.filter(pk=text.product_id)


def test_a_campaign_changed_after_approval_sends_nothing_until_it_is_as_approved(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    campaign = plan.campaign
    campaign.priority = 99
    campaign.save()
    deliver_due(channel="null")
    assert states(plan) == {("waiting", V.SEND): 1}
    campaign.priority = 50
    campaign.save()
    deliver_due(channel="null")
    assert states(plan) == {("sent", V.SEND): 1}


def test_what_a_worker_holds_when_somebody_stops_the_campaign_does_not_leave(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    held = claim(channel="null", most=9, now=timezone.now())
    stop_campaign(campaign=plan.campaign, reason="typo", actor=factories.user())
    Delivery.objects.filter(pk=held[0].pk).update(lease_until=timezone.now() - timedelta(1))
    sweep_deliveries()
    deliver_due(channel="null")
    assert states(plan) == {("cancelled", V.STOPPED): 1}
    assert not recorder.got


def test_a_shopper_in_two_campaigns_gets_one_where_the_cap_is_one(
    recorder: type[Recorder],
) -> None:
    who = shopper("null")
    FrequencyCap.objects.create(most=1, days=7)
    first = approved(push(who).step.campaign)
    message = push(who)
    factories.delivery(customer=who, message=message)
    deliver_due(channel="null")
    assert states(first) == {("sent", V.SEND): 1}
    other = Delivery.objects.get(message=message)
    assert (other.state, other.reason) == ("cancelled", V.CAP)


def test_a_refusal_is_tried_again_under_the_same_key_and_given_up_in_the_end(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    recorder.answers.extend([Outcome.retry("busy")] * MOST_ATTEMPTS)
    for _attempt in range(MOST_ATTEMPTS):
        assert deliver_due(channel="null").sent == 0
        plan.deliveries.update(due_at=timezone.now())
    assert states(plan) == {("cancelled", V.GIVEN_UP): 1}
    assert len({message.idempotency_key for message in recorder.got}) == 1
    assert len(recorder.got) == MOST_ATTEMPTS


def test_a_dead_workers_messages_go_out_again_where_the_receiver_knows_them(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    claim(channel="null", most=9, now=timezone.now() - timedelta(hours=1))
    plan.deliveries.update(due_at=timezone.now() - timedelta(hours=2))
    claim(channel="null", most=9, now=timezone.now() - timedelta(hours=1))
    assert states(plan) == {("sending", V.SEND): 1}
    sweep_deliveries()
    deliver_due(channel="null")
    assert states(plan) == {("sent", V.SEND): 1}


def test_what_a_sender_held_waits_again_as_soon_as_it_is_gone_and_no_sooner(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    with sending("null") as lease:
        (held,) = claim(channel="null", most=9, now=timezone.now(), lease=lease)
        recover_deliveries()
        assert states(plan) == {("sending", V.SEND): 1}
        assert not OrmQ.objects.exists()
    recover_deliveries()
    assert states(plan) == {("waiting", V.SEND): 1}
    (asked,) = OrmQ.objects.all()
    assert (asked.func(), asked.args()) == ("guidance.campaigns.tasks.deliver", ("null",))
    assert renew([held]) == []
    assert deliver_due(channel="null").sent == 1
    recover_deliveries()
    assert states(plan) == {("sent", V.SEND): 1}


@pytest.mark.parametrize("recorder", [Careless], indirect=True)
def test_what_a_gone_sender_had_handed_over_is_in_doubt_and_nothing_else(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null"), shopper("null")).step.campaign)
    with sending("null") as lease:
        handed, kept = claim(channel="null", most=9, now=timezone.now(), lease=lease)
        renew([handed])
    recover_deliveries()
    assert states(plan) == {("in_doubt", V.SEND): 1, ("waiting", V.SEND): 1}
    # A sender that was not dead after all sends no more of what it held.
    assert renew([handed, kept]) == []
    deliver_due(channel="null")
    assert states(plan) == {("in_doubt", V.SEND): 1, ("sent", V.SEND): 1}


@pytest.mark.django_db(transaction=True)
def test_no_more_senders_work_at_a_channel_than_it_has_places_for(
    recorder: type[Recorder],
) -> None:
    approved(push(shopper("null")).step.campaign)
    met, done = threading.Barrier(MOST_SENDERS + 1), threading.Event()

    def work() -> bool:
        try:
            with sending("null") as lease:
                met.wait(30)
                done.wait(30)
                return lease is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(MOST_SENDERS) as others:
        at_work = [others.submit(work) for _place in range(MOST_SENDERS)]
        met.wait(30)
        assert deliver_due(channel="null").sent == 0
        done.set()
        assert all(one.result() for one in at_work)
    assert deliver_due(channel="null").sent == 1


def test_a_slow_worker_writes_nothing_about_what_another_took_over(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    slow = claim(channel="null", most=9, now=timezone.now())
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep_deliveries()
    assert deliver_due(channel="null").sent == 1
    assert settle(slow, [Outcome.retry("late")]).waiting == 0
    assert renew(slow) == []
    assert states(plan) == {("sent", V.SEND): 1}
    assert plan.deliveries.get().attempts == 1


@pytest.mark.parametrize("recorder", [Careless], indirect=True)
def test_over_a_channel_that_knows_no_keys_only_what_was_handed_over_is_in_doubt(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(shopper("null"), shopper("null")).step.campaign)
    plan.deliveries.update(due_at=timezone.now() - timedelta(hours=2))
    held = claim(channel="null", most=9, now=timezone.now() - timedelta(hours=1))
    Delivery.objects.filter(pk=held[0].pk).update(handed_at=timezone.now())
    sweep_deliveries()
    assert states(plan) == {("in_doubt", V.SEND): 1, ("waiting", V.SEND): 1}
    deliver_due(channel="null")
    assert states(plan) == {("in_doubt", V.SEND): 1, ("sent", V.SEND): 1}


def test_an_offers_message_carries_a_coupon_and_who_finds_none_left_is_told_of(
    recorder: type[Recorder],
) -> None:
    people = [shopper("null") for _n in range(3)]
    message = push(*people)
    offer = factories.offer(campaign=message.step.campaign, is_pooled=True, cost=Decimal(1))
    Coupon.objects.bulk_create(Coupon(offer=offer, code=f"ONE{n}") for n in range(5))
    plan = approved(message.step.campaign)
    # Three others got one elsewhere meanwhile.
    Coupon.objects.filter(code__in=["ONE0", "ONE1", "ONE2"]).delete()
    deliver_due(channel="null")
    assert states(plan) == {("sent", V.SEND): 2, ("cancelled", V.NO_COUPON): 1}
    codes = {one.data["coupon"] for one in recorder.got}
    assert codes == set(Coupon.objects.exclude(customer=None).values_list("code", flat=True))
    assert all(one.data["coupon"] in one.body for one in recorder.got)
    offer.refresh_from_db()
    assert offer.given == 2


def test_a_message_that_never_left_gives_its_coupon_back(recorder: type[Recorder]) -> None:
    message = push(shopper("null"))
    offer = factories.offer(campaign=message.step.campaign)
    approved(message.step.campaign)
    recorder.answers.append(Outcome.refused("blocked"))
    deliver_due(channel="null")
    offer.refresh_from_db()
    assert (offer.given, Coupon.objects.count()) == (0, 0)


def test_an_address_that_does_not_exist_is_written_to_no_more(recorder: type[Recorder]) -> None:
    who = shopper("null")
    approved(push(who).step.campaign)
    recorder.answers.append(Outcome.refused("no_mailbox", is_bounce=True))
    deliver_due(channel="null")
    assert suppressed(channel="null", customer_ids=[who.pk]) == {who.pk: "bounced"}


def test_nobody_gets_what_was_meant_for_a_visitor_they_became(recorder: type[Recorder]) -> None:
    visitor, customer = shopper("null"), shopper("null")
    plan = approved(push(visitor).step.campaign)
    visitor.merged_into = customer
    visitor.save()
    deliver_due(channel="null")
    assert states(plan) == {("cancelled", V.MERGED): 1}


def test_a_batch_takes_as_many_statements_however_many_messages(
    recorder: type[Recorder],
) -> None:
    counts = []
    for size in (2, 20):
        people = [shopper("null", tier=("gold", "")[n % 2]) for n in range(size)]
        message = push(*people)
        factories.offer(campaign=message.step.campaign)
        approved(message.step.campaign)
        with CaptureQueriesContext(connection) as captured:
            assert deliver_due(channel="null").sent == size
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_each_shopper_reads_their_own_code_and_links_in_words_rendered_once(
    recorder: type[Recorder],
) -> None:
    people = [shopper("null", ref=f"<{n}>&", tier=("gold", "")[n % 2]) for n in range(6)]
    message = push(*people)
    message.template = "{greeting} {text} {code} {unsubscribe} {preferences}"
    message.save()
    offer = factories.offer(campaign=message.step.campaign, is_pooled=True)
    Coupon.objects.bulk_create(Coupon(offer=offer, code=f"<ONE{n}>&") for n in range(6))
    approved(message.step.campaign)
    deliver_due(channel="null")
    told = {one.customer_ref: one for one in recorder.got}
    for person in people:
        one = told[person.ref]
        mine = Coupon.objects.get(customer=person).code
        assert mine in one.body
        assert ("gold" in one.body) == (person.tier == "gold")
        token = one.body.split("/u/")[1].split()[0].strip("/")
        assert read_unsubscribe_token(token).customer == person.ref
        assert "mark" not in one.body
