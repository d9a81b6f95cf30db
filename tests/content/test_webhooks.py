"""Webhooks: told of every publication and withdrawal, at least once, in order, and to the desk."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from standardwebhooks.webhooks import Webhook

from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import (
    PublishedCopy,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)
from guidance.content.services import webhook_delivery
from guidance.content.services.labels import take_over
from guidance.content.services.publication import withdraw_copy
from guidance.content.services.refusals import Invalid
from guidance.content.services.review import approve_draft
from guidance.content.services.webhook_delivery import (
    MOST_ATTEMPTS,
    delay_after,
    deliver_due,
    sweep_webhooks,
)
from guidance.content.services.webhook_endpoints import (
    create_endpoint,
    reseal_secrets,
    rotate_secret,
    secrets_of,
    send_test,
)
from guidance.core.hooks import schedules
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from tests import factories
from tests.content.conftest import MakeDraft
from tests.content.https_server import Receiver, receiving, silence, status

ROOT = Path(__file__).resolve().parents[2]
BOTH = ["copy.published", "copy.withdrawn"]


@pytest.fixture
def receiver(tmp_path: Path, settings: Any) -> Iterator[Receiver]:
    with receiving(tmp_path, "127.0.0.1") as server:
        settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        settings.WEBHOOK_CA_FILE = server.ca_file
        yield server


@pytest.fixture
def hook(receiver: Receiver, db: None) -> WebhookEndpoint:
    return factories.webhook_endpoint(url=receiver.url)


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    bodies = [json.loads(call.body) for call in receiver.calls]
    return [(body["type"], body["data"]["sku"], body["data"]["status"]) for body in bodies]


def test_a_publication_and_its_withdrawal_are_told_in_order_and_signed(
    receiver: Receiver, make_draft: MakeDraft, mia: User
) -> None:
    hook, secret = create_endpoint(name="shop", url=receiver.url, events=BOTH, actor=None)
    first = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="A wrong claim")
    assert deliver_due(endpoint_id=hook.pk).sent == 2
    assert told(receiver) == [
        ("copy.published", "mug", "live"), ("copy.withdrawn", "mug", "withdrawn")
    ]  # fmt: skip
    for call, message in zip(receiver.calls, WebhookMessage.objects.order_by("id"), strict=True):
        body = Webhook(secret).verify(call.body, call.headers)
        assert body["data"] | {"status": ""} == {
            "content_id": str(first.pk), "sku": "mug", "kind": "description",
            "language": "en", "channel": "", "market": "", "segment": "", "variant": "",
            "version": 1, "status": "",
        }  # fmt: skip
        assert call.headers["webhook-id"] == message.message_id
        assert first.text.encode() not in call.body
    assert not WebhookMessage.objects.exclude(status="sent").exists()


def test_stale_copy_is_told_as_withdrawn_and_a_take_over_as_published(
    receiver: Receiver, hook: WebhookEndpoint, make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    publication = approve_draft(draft_id=draft.pk, version=1, actor=mia)
    take_over(publication=publication, actor=mia, statement="I answer for it.")
    glass = AttributeRow(key="material", value="glass", language="en")
    update_product(product=draft.product, actor=None, attributes=[glass])
    deliver_due(endpoint_id=hook.pk)
    assert told(receiver) == [
        ("copy.published", "mug", "live"), ("copy.published", "mug", "live"),
        ("copy.withdrawn", "mug", "stale"),
    ]  # fmt: skip


def test_a_change_that_is_rolled_back_is_told_to_nobody(
    hook: WebhookEndpoint, make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    with transaction.atomic():
        approve_draft(draft_id=draft.pk, version=1, actor=mia)
        transaction.set_rollback(True)
    assert not WebhookMessage.objects.exists()


def test_an_endpoint_hears_only_what_it_asked_for_and_none_that_is_off(
    make_draft: MakeDraft, mia: User, django_capture_on_commit_callbacks: Any
) -> None:
    factories.webhook_endpoint(name="w", events=["copy.withdrawn"])
    wanting = factories.webhook_endpoint(name="p", events=["copy.published"])
    off = factories.webhook_endpoint(name="off")
    WebhookEndpoint.objects.filter(pk=off.pk).update(is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    assert [one.endpoint for one in WebhookMessage.objects.all()] == [wanting]
    tasks = [task.func() for task in OrmQ.objects.all()]
    assert "guidance.content.tasks.deliver_webhooks" in tasks


def test_what_a_change_queues_and_the_schedule_runs_delivers(
    receiver: Receiver, hook: WebhookEndpoint, make_draft: MakeDraft, mia: User,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    (recurring,) = [one for one in schedules() if one.key == "webhooks"]
    draft = make_draft("mug")
    OrmQ.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        approve_draft(draft_id=draft.pk, version=1, actor=mia)
    (task,) = OrmQ.objects.all()
    assert import_string(recurring.function)() == 1
    import_string(task.func())(*task.args())
    assert [call[1] for call in told(receiver)] == ["mug"]


def test_a_failure_is_tried_again_later_under_the_same_id(
    receiver: Receiver, hook: WebhookEndpoint
) -> None:
    message = factories.webhook_message(endpoint=hook)
    receiver.answers.append(status(500))
    assert deliver_due(endpoint_id=hook.pk).failed == 1
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("waiting", 1)
    assert message.due_at > timezone.now()
    assert deliver_due(endpoint_id=hook.pk) == webhook_delivery.Delivered()
    WebhookMessage.objects.update(due_at=timezone.now())
    assert deliver_due(endpoint_id=hook.pk).sent == 1
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    codes = [(attempt.status_code, attempt.problem) for attempt in message.history.order_by("id")]
    assert codes == [(500, "refused"), (204, "")]


def test_messages_wait_behind_one_that_fails_until_it_failed_often(
    receiver: Receiver, hook: WebhookEndpoint
) -> None:
    first = factories.webhook_message(endpoint=hook, body='{"n":1}')
    factories.webhook_message(endpoint=hook, body='{"n":2}')
    receiver.answers.append(status(503))
    deliver_due(endpoint_id=hook.pk)
    assert [call.body for call in receiver.calls] == [b'{"n":1}']
    WebhookMessage.objects.filter(pk=first.pk).update(attempts=webhook_delivery.HOLDS_THE_LINE)
    deliver_due(endpoint_id=hook.pk)
    assert [call.body for call in receiver.calls] == [b'{"n":1}', b'{"n":2}']


def test_attempts_spread_over_about_a_day_and_end(
    receiver: Receiver, hook: WebhookEndpoint
) -> None:
    waits = [delay_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert timedelta(hours=18) < sum(waits, timedelta()) < timedelta(hours=36)
    message = factories.webhook_message(endpoint=hook, attempts=MOST_ATTEMPTS - 1)
    receiver.answers.append(status(500))
    deliver_due(endpoint_id=hook.pk)
    message.refresh_from_db()
    assert message.status == "dead"
    assert deliver_due(endpoint_id=hook.pk).sent == 0


def test_a_server_may_ask_to_be_left_alone_or_say_that_it_is_gone(
    receiver: Receiver, hook: WebhookEndpoint
) -> None:
    message = factories.webhook_message(endpoint=hook)
    receiver.answers.extend([status(429, Retry_After="3600"), status(410)])
    deliver_due(endpoint_id=hook.pk)
    message.refresh_from_db()
    assert message.due_at > timezone.now() + timedelta(minutes=59)
    WebhookMessage.objects.update(due_at=timezone.now())
    deliver_due(endpoint_id=hook.pk)
    message.refresh_from_db()
    hook.refresh_from_db()
    assert (message.status, hook.is_active) == ("dead", False)
    assert AuditEntry.objects.filter(verb="switch_off_webhook").exists()


def test_a_private_address_is_not_called_and_the_desk_says_why(
    receiver: Receiver, hook: WebhookEndpoint, settings: Any, desk: Callable[..., Client]
) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    message = factories.webhook_message(endpoint=hook)
    deliver_due(endpoint_id=hook.pk)
    assert receiver.calls == []
    assert WebhookAttempt.objects.get().problem == "private_address"
    client = desk(Role.ADMINISTRATOR)
    for page in ("", f"{message.pk}/change/"):
        shown = client.get(f"/admin/content/webhookmessage/{page}").content.decode()
        assert "the address lies inside the house" in shown


def test_both_secrets_sign_for_a_day_and_then_only_the_new_one(
    receiver: Receiver, db: None
) -> None:
    hook, old = create_endpoint(name="shop", url=receiver.url, events=BOTH, actor=None)
    new = rotate_secret(endpoint=hook, actor=None)
    factories.webhook_message(endpoint=hook)
    deliver_due(endpoint_id=hook.pk)
    (call,) = receiver.calls
    for secret in (old, new):
        Webhook(secret).verify(call.body, call.headers)
    WebhookEndpoint.objects.update(previous_until=timezone.now())
    hook.refresh_from_db()
    assert secrets_of(hook) == [new]


@pytest.mark.django_db
def test_secrets_are_stored_sealed_and_move_to_a_new_key(settings: Any) -> None:
    hook, secret = create_endpoint(name="a", url="https://a.example", events=BOTH, actor=None)
    other = factories.webhook_endpoint()
    assert secret.encode() not in bytes(hook.secret)
    assert secret[6:].encode() not in bytes(hook.secret)
    settings.CONTACT_KEYS = ["a new key", *settings.CONTACT_KEYS]
    assert reseal_secrets() == 2
    settings.CONTACT_KEYS = ["a new key"]
    hook.refresh_from_db()
    assert secrets_of(hook) == [secret]
    call_command("rotate_webhook_keys", verbosity=0)
    WebhookEndpoint.objects.filter(pk=other.pk).update(secret=hook.secret)
    factories.webhook_message(endpoint=other)
    deliver_due(endpoint_id=other.pk)
    assert WebhookAttempt.objects.get().problem == "secret"


@pytest.mark.django_db
def test_two_processes_never_tell_one_endpoint_at_once() -> None:
    hook = factories.webhook_endpoint()
    factories.webhook_message(endpoint=hook)
    until = timezone.now() + timedelta(seconds=30)
    WebhookEndpoint.objects.update(lease=hook.pk, lease_expires_at=until)
    assert deliver_due(endpoint_id=hook.pk).is_held
    assert not WebhookAttempt.objects.exists()


@pytest.mark.django_db
def test_the_sweeper_asks_for_what_is_due_and_forgets_what_is_long_delivered() -> None:
    long_ago = timezone.now() - timedelta(days=31)
    factories.webhook_message(status="sent", sent_at=long_ago)
    factories.webhook_message(due_at=timezone.now() + timedelta(hours=1))
    hook = factories.webhook_message().endpoint
    assert sweep_webhooks() == 1
    (task,) = OrmQ.objects.all()
    assert list(task.args()) == [str(hook.pk)]
    assert not WebhookMessage.objects.filter(status="sent").exists()


@pytest.mark.django_db
def test_what_was_given_up_long_ago_is_forgotten_and_the_audit_trail_says_how_much() -> None:
    for days in (89, 91, 200):
        factories.webhook_message(status="dead", created_at=timezone.now() - timedelta(days=days))
    dead = WebhookMessage.objects.order_by("created_at").first()
    WebhookAttempt.objects.create(message=dead)
    sweep_webhooks()
    sweep_webhooks()
    assert WebhookMessage.objects.get().created_at > timezone.now() - timedelta(days=90)
    entry = AuditEntry.objects.get(verb="forget_dead_webhooks")
    assert entry.object_label.startswith("2 ")


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_was_sending_is_sent_again(receiver: Receiver) -> None:
    hook = factories.webhook_endpoint(url=receiver.url)
    message = factories.webhook_message(endpoint=hook)
    receiver.answers.append(silence)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.content.deliver_once", str(hook.pk)],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": _database_url(),
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_CA_FILE": receiver.ca_file,
        },
    )
    try:
        assert receiver.arrived.wait(60)
    finally:
        process.kill()
        process.wait()
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("waiting", 0)
    assert deliver_due(endpoint_id=hook.pk).is_held
    WebhookEndpoint.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep_webhooks() == 1
    assert deliver_due(endpoint_id=hook.pk).sent == 1
    assert {call.headers["webhook-id"] for call in receiver.calls} == {message.message_id}
    assert len(receiver.calls) == 2


def _database_url() -> str:
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    host = str(told["HOST"]).replace("/", "%2F")
    return f"postgres://{told['USER']}:{told['PASSWORD']}@{host}:{told['PORT']}/{told['NAME']}"


def test_a_webhook_is_made_tried_and_changed_at_the_desk(
    receiver: Receiver, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ADMINISTRATOR)
    url = "/admin/content/webhookendpoint/"
    sent = {"name": "Shop", "url": "http://shop.example", "events": ["copy.published"]}
    assert "Write an https address" in client.post(f"{url}add/", sent).content.decode()
    page = client.post(f"{url}add/", sent | {"url": receiver.url})
    hook = WebhookEndpoint.objects.get()
    secret = secrets_of(hook)[0]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert secret not in client.get(f"{url}{hook.pk}/change/").content.decode()

    tried = client.post(f"{url}{hook.pk}/test/", follow=True)
    assert "on its way" in tried.content.decode()
    deliver_due(endpoint_id=hook.pk)
    (call,) = receiver.calls
    assert Webhook(secret).verify(call.body, call.headers)["type"] == "webhook.test"

    rotated = client.post(f"{url}{hook.pk}/rotate/").content.decode()
    hook.refresh_from_db()
    assert secrets_of(hook)[0] in rotated
    change = {"name": "Shop 2", "url": receiver.url, "events": ["copy.withdrawn"]}
    client.post(f"{url}{hook.pk}/change/", change)
    client.post(f"{url}{hook.pk}/switch/", {"to": "off"})
    hook.refresh_from_db()
    assert (hook.name, hook.events, hook.is_active) == ("Shop 2", ["copy.withdrawn"], False)
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"create_webhook", "test_webhook", "rotate_webhook_secret", "update_webhook",
            "switch_off_webhook"} <= verbs  # fmt: skip
    entries = json.dumps(list(AuditEntry.objects.values_list("details", flat=True)))
    assert "whsec_" not in entries


def test_a_dead_message_is_sent_again_by_a_click(
    receiver: Receiver, hook: WebhookEndpoint, desk: Callable[..., Client]
) -> None:
    message = factories.webhook_message(endpoint=hook, status="dead", attempts=12)
    client = desk(Role.ADMINISTRATOR)
    client.post(f"/admin/content/webhookmessage/{message.pk}/resend/")
    assert deliver_due(endpoint_id=hook.pk).sent == 1
    again = client.post(f"/admin/content/webhookmessage/{message.pk}/resend/", follow=True)
    assert "sent again" in again.content.decode()
    twice = client.post(f"/admin/content/webhookmessage/{message.pk}/resend/", follow=True)
    assert "waits to be sent already" in twice.content.decode()
    assert receiver.calls[0].headers["webhook-id"] == message.message_id


def test_the_test_message_of_a_switched_off_webhook_is_refused(
    hook: WebhookEndpoint, root: User, desk: Callable[..., Client]
) -> None:
    WebhookEndpoint.objects.update(is_active=False)
    hook.refresh_from_db()
    with pytest.raises(Invalid, match="switched off"):
        send_test(endpoint=hook, actor=root)
