"""The shop's own sender: a real HTTPS receiver that checks signatures by the standard's library."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from guidance.campaigns.channels import Outcome, Result, channel_of, channels
from guidance.campaigns.channels.endpoints import (
    create_push_endpoint,
    reseal_push_secrets,
    rotate_push_secret,
    save_push_endpoint,
    secrets_of,
)
from guidance.campaigns.models import PushEndpoint
from guidance.core.models import AuditEntry
from tests.campaigns.messages import message
from tests.content.https_server import Receiver, hang_up, receiving, status

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(tmp_path: Path, settings: Any) -> Iterator[Receiver]:
    with receiving(tmp_path, "127.0.0.1") as server:
        settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.WEBHOOK_CA_FILE = server.ca_file
        yield server


def _made(receiver: Receiver) -> tuple[PushEndpoint, str]:
    return create_push_endpoint(name="sender", url=receiver.url, actor=None)


def _send(*messages: Any) -> list[Outcome]:
    return channel_of("webhook").send(messages)


def test_a_message_arrives_signed_under_its_idempotency_key(receiver: Receiver) -> None:
    _endpoint, secret = _made(receiver)
    sent = message(channel="webhook", data={"offer": "TEA10"}, language="zh-hans", body="绿茶")
    assert [one.result for one in _send(sent, message())] == [Result.SENT] * 2
    call = receiver.calls[0]
    told = Webhook(secret).verify(call.body, call.headers)
    assert call.headers["webhook-id"] == sent.idempotency_key
    assert told["type"] == "message.send"
    assert told["data"]["delivery_id"] == str(sent.delivery_id)
    assert (told["data"]["body"], told["data"]["data"]) == ("绿茶", {"offer": "TEA10"})
    assert told["data"]["customer"] == "mira"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(call.body, call.headers)


def test_both_secrets_sign_until_the_earlier_one_is_past(receiver: Receiver) -> None:
    endpoint, old = _made(receiver)
    new = rotate_push_secret(endpoint=endpoint, actor=None)
    _send(message())
    for secret in (old, new):
        Webhook(secret).verify(receiver.calls[0].body, receiver.calls[0].headers)
    PushEndpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    _send(message())
    Webhook(new).verify(receiver.calls[1].body, receiver.calls[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(receiver.calls[1].body, receiver.calls[1].headers)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(503, Retry_After="30"), Outcome.retry("receiver", "HTTP 503", 30.0)),
        (status(429), Outcome.retry("receiver", "HTTP 429")),
        (status(500), Outcome.retry("receiver", "HTTP 500")),
        (status(401), Outcome.retry("receiver", "HTTP 401")),
        (status(302), Outcome.retry("receiver", "HTTP 302")),
        (status(422), Outcome.refused("receiver", "HTTP 422")),
    ],
)
def test_an_answer_says_whether_to_come_again(
    receiver: Receiver, answer: Any, expected: Outcome
) -> None:
    _made(receiver)
    receiver.answers.append(answer)
    assert _send(message()) == [expected]


def test_a_receiver_that_is_gone_is_called_no_more_and_its_messages_wait(
    receiver: Receiver,
) -> None:
    endpoint, _secret = _made(receiver)
    receiver.answers.append(status(410))
    outcomes = _send(message(), message())
    assert [one.result for one in outcomes] == [Result.RETRY] * 2
    assert len(receiver.calls) == 1
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert not channels()["webhook"].is_open()


def test_a_lost_answer_is_asked_for_again_under_the_same_key(receiver: Receiver) -> None:
    _made(receiver)
    receiver.answers.append(hang_up)
    sent = message()
    (first,) = _send(sent)
    assert (first.result, first.reason) == (Result.RETRY, "connection")
    (second,) = _send(sent)
    assert second.result == Result.SENT
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1


def test_an_address_inside_the_house_is_not_called(receiver: Receiver, settings: Any) -> None:
    _made(receiver)
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    (outcome,) = _send(message())
    assert (outcome.result, outcome.reason) == (Result.RETRY, "private_address")
    assert not receiver.calls


def test_a_certificate_nobody_vouches_for_is_not_trusted(receiver: Receiver, settings: Any) -> None:
    _made(receiver)
    settings.WEBHOOK_CA_FILE = None
    (outcome,) = _send(message())
    assert (outcome.result, outcome.reason) == (Result.RETRY, "certificate")


def test_a_channel_keeps_its_connection_over_batches_until_it_is_closed(
    receiver: Receiver,
) -> None:
    _made(receiver)
    channel = channel_of("webhook")
    for _batch in range(2):
        sent = channel.send([message(), message()])
        assert [one.result for one in sent] == [Result.SENT] * 2
    assert receiver.connections == 1
    channel.close()
    assert channel.send([message()])[0].result == Result.SENT
    assert (receiver.connections, len(receiver.calls)) == (2, 5)
    channel.close()


def test_a_kept_connection_does_not_outlive_an_endpoint_that_moved(receiver: Receiver) -> None:
    endpoint, _secret = _made(receiver)
    with closing(channel_of("webhook")) as channel:
        channel.send([message()])
        endpoint.url = f"https://localhost:{receiver.port}/hooks"
        save_push_endpoint(endpoint=endpoint, changed=["url"], actor=None)
        (outcome,) = channel.send([message()])
    # The receiver's certificate is for its number, not for that name.
    assert (outcome.result, outcome.reason) == (Result.RETRY, "certificate")


def test_without_an_endpoint_messages_wait() -> None:
    (outcome,) = _send(message())
    assert (outcome.result, outcome.reason) == (Result.RETRY, "no_endpoint")


def test_one_endpoint_is_in_use_at_a_time(receiver: Receiver) -> None:
    first, _secret = _made(receiver)
    with pytest.raises(ValidationError):
        _made(receiver)
    first.is_active = False
    save_push_endpoint(endpoint=first, changed=["is_active"], actor=None)
    _made(receiver)
    assert AuditEntry.objects.filter(object_type="campaigns.pushendpoint").count() == 3
    with pytest.raises(ValidationError):
        create_push_endpoint(name="plain", url="http://shop.example", actor=None)


def test_secrets_are_sealed_and_move_to_a_new_key(receiver: Receiver, settings: Any) -> None:
    _endpoint, secret = _made(receiver)
    assert secret.encode() not in bytes(PushEndpoint.objects.get().secret)
    settings.CONTACT_KEYS = ["new", *settings.CONTACT_KEYS]
    assert reseal_push_secrets() == 1
    assert reseal_push_secrets() == 0
    settings.CONTACT_KEYS = ["new"]
    assert secrets_of(PushEndpoint.objects.get()) == [secret]
    settings.CONTACT_KEYS = ["lost"]
    (outcome,) = _send(message())
    assert (outcome.result, outcome.reason) == (Result.RETRY, "secret")
