"""A channel that another app brings is used like the shop's own."""

from collections.abc import Iterator, Sequence

import pytest

from guidance.campaigns.channels import Channel, Message, Outcome, register_channel, registry
from guidance.campaigns.models import CampaignMessage, ChannelLimit, Delivery, FrequencyCap
from guidance.campaigns.models import channels as channel_models
from guidance.campaigns.selectors.faults import message_faults
from guidance.campaigns.services.delivering import deliver_due
from guidance.content.models import MessageChannel
from tests import factories
from tests.campaigns.pushes import approved, publish, push, shopper

pytestmark = pytest.mark.django_db
SENT: list[Message] = []


class Texts(Channel):
    """Text messages, which keep what they were given."""

    key = "sms"
    label = "text message"
    order = 5
    push_texts = frozenset({MessageChannel.SMS})
    is_idempotent = True
    at_once = 100

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        SENT.extend(messages)
        return [Outcome.sent() for _message in messages]


@pytest.fixture(autouse=True)
def brought() -> Iterator[None]:
    SENT.clear()
    register_channel(Texts)
    yield
    del registry._channels["sms"]
    del channel_models._others["sms"]


def sms(**given: object) -> CampaignMessage:
    draft = factories.draft(kind="push", channel="sms", text="Oak mugs are back.")
    text = factories.publication(draft=draft, channel="sms")
    message = factories.campaign_message(channel="sms", publication=text, **given)
    publish(message)
    return message


def test_its_messages_are_planned_first_and_sent() -> None:
    both, one = shopper("null", "sms"), shopper("null")
    factories.contact_point(customer=both, channel="sms", address="+49 30 1")
    other = push(both, one)
    sms(step=other.step)
    plan = approved(other.step.campaign)
    told = dict(plan.entries.values_list("customer", "message__channel"))
    assert told == {both.pk: "sms", one.pk: "null"}
    assert deliver_due(channel="sms").sent == 1
    assert [(m.address, m.body) for m in SENT] == [("+49 30 1", "Oak mugs are back.")]
    assert Delivery.objects.get(customer=both).get_channel_display() == "text message"


def test_the_desk_takes_it_where_it_takes_any_and_fitting_texts_alone() -> None:
    message = sms()
    message.full_clean()
    for row in (ChannelLimit(channel="sms"), FrequencyCap(channel="sms", most=1, days=2)):
        row.full_clean()
    told = {"offers": [], "is_text_new": True, "is_subject_new": False}
    assert message_faults(message, **told) == {}
    inbox = factories.draft(kind="push", channel="inbox", text="Oak mugs are back.")
    message.publication = factories.publication(draft=inbox, channel="inbox")
    publish(message)
    assert set(message_faults(message, **told)) == {"publication"}
