"""How fast messages leave: the paces of channels and providers, and who asks to be left alone."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from guidance.campaigns.channels import Outcome
from guidance.campaigns.models import (
    ChannelLimit,
    Delivery,
    Verdict,
)
from guidance.campaigns.services.claiming import (
    take_tokens,
)
from guidance.campaigns.services.delivering import (
    deliver_due,
)
from guidance.core.models import AuditEntry
from tests.campaigns.pushes import approved, push, shopper
from tests.campaigns.recorders import Recorder, states

pytestmark = pytest.mark.django_db
V, State = Verdict, Delivery.State


def test_a_channel_sends_no_more_a_second_than_it_may_and_nothing_while_stopped(
    recorder: type[Recorder],
) -> None:
    limit = ChannelLimit.objects.create(channel="null", per_second=3)
    now = timezone.now()
    assert [take_tokens(channel="null", wanted=2, now=now) for _time in range(3)] == [2, 1, 0]
    assert take_tokens(channel="null", wanted=9, now=now + timedelta(seconds=0.7)) == 2
    assert take_tokens(channel="null", wanted=9, now=now + timedelta(seconds=60)) == 3
    limit.refresh_from_db()
    limit.is_stopped = True
    limit.save()
    plan = approved(push(shopper("null")).step.campaign)
    deliver_due(channel="null")
    assert states(plan) == {("waiting", V.SEND): 1}


def test_the_stricter_limit_of_channel_and_provider_holds() -> None:
    ChannelLimit.objects.create(channel="email", per_second=9)
    ChannelLimit.objects.create(channel="email", provider="sendgrid", per_second=4)
    now = timezone.now()
    take = partial(take_tokens, channel="email", now=now)
    assert take(wanted=50, provider="sendgrid") == 4
    assert take(wanted=50, provider="sendgrid") == 0
    # Over another provider what is left of the channel's own.
    assert take(wanted=50, provider="mailgun") == 5
    ChannelLimit.objects.filter(provider="sendgrid").update(is_stopped=True)
    later = now + timedelta(seconds=9)
    assert take_tokens(channel="email", wanted=50, provider="sendgrid", now=later) == 0
    assert take_tokens(channel="email", wanted=50, provider="mailgun", now=later) == 9


class Tired(Recorder):
    """A provider that may be asked to be left alone."""

    provider = "tired"
    at_once = 1


@pytest.mark.parametrize("recorder", [Tired], indirect=True)
def test_what_is_lacking_here_is_not_taken_for_a_providers_wish(recorder: type[Recorder]) -> None:
    approved(push(shopper("null")).step.campaign)
    recorder.answers.append(Outcome.retry("secret", after=300.0, is_asked=False))
    deliver_due(channel="null")
    assert len(recorder.got) == 1
    assert not ChannelLimit.objects.filter(provider="tired").exists()


@pytest.mark.parametrize("recorder", [Tired], indirect=True)
def test_a_provider_that_asks_to_wait_is_left_alone_with_all_messages(
    recorder: type[Recorder],
) -> None:
    plan = approved(push(*(shopper("null") for _n in range(4))).step.campaign)
    recorder.answers.extend([Outcome.sent(), Outcome.retry("provider", after=120.0)])
    deliver_due(channel="null")
    assert len(recorder.got) == 2
    assert states(plan) == {("sent", V.SEND): 1, ("waiting", V.SEND): 3}
    deliver_due(channel="null")
    assert len(recorder.got) == 2
    assert AuditEntry.objects.filter(verb="pause_provider").count() == 1
    limit = ChannelLimit.objects.get(provider="tired")
    assert limit.paused_until is not None
    assert timedelta(seconds=100) < limit.paused_until - timezone.now() <= timedelta(seconds=120)
    ChannelLimit.objects.update(paused_until=timezone.now())
    Delivery.objects.update(due_at=timezone.now())
    deliver_due(channel="null")
    assert states(plan) == {("sent", V.SEND): 4}
