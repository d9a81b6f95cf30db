"""The endpoint of the shop's own sender at the desk: its secret is shown once."""

import re
from collections.abc import Callable

from django.test import Client

from guidance.campaigns.channels.endpoints import secrets_of
from guidance.campaigns.models import PushEndpoint
from guidance.core.models import AuditEntry
from guidance.core.roles import Role

URL = "/admin/campaigns/pushendpoint/"
TOLD = {"name": "Sender", "url": "https://sender.example/hooks?token=abc"}


def _secret(page: str) -> str:
    found = re.search(r'value="(whsec_[^"]+)"', page)
    assert found
    return found[1]


def test_an_endpoint_is_made_rotated_and_switched_off(desk: Callable[..., Client]) -> None:
    client = desk(Role.ADMINISTRATOR)
    first = _secret(client.post(f"{URL}add/", TOLD).content.decode())
    endpoint = PushEndpoint.objects.get()
    assert secrets_of(endpoint) == [first]
    assert first not in client.get(f"{URL}{endpoint.pk}/change/").content.decode()
    second = _secret(client.post(f"{URL}{endpoint.pk}/rotate/").content.decode())
    assert secrets_of(PushEndpoint.objects.get()) == [second, first]
    again = client.post(f"{URL}add/", TOLD)
    assert "Another endpoint is in use" in again.content.decode()
    client.post(f"{URL}{endpoint.pk}/change/", {**TOLD, "name": "Old"})
    assert PushEndpoint.objects.get().is_active is False
    assert PushEndpoint.objects.get().name == "Old"
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"create_push_endpoint", "rotate_push_secret", "update_push_endpoint"} <= verbs
    assert "token" not in str(list(AuditEntry.objects.values_list("details", flat=True)))


def test_an_address_that_is_not_https_is_refused_with_the_field_named(
    desk: Callable[..., Client],
) -> None:
    answer = desk(Role.ADMINISTRATOR).post(f"{URL}add/", TOLD | {"url": "http://sender.example"})
    assert "Write an https address" in answer.content.decode()
    assert not PushEndpoint.objects.exists()
