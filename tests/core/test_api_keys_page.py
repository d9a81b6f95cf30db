"""Making and switching off API keys at the desk."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from guidance.core.models import ApiKey, AuditEntry
from guidance.core.roles import Role
from guidance.core.services.keys import hash_key

pytestmark = pytest.mark.django_db
ADD = reverse("admin:core_apikey_add")
GIVEN = {
    "name": "storefront pages",
    "scopes": ["read", "events"],
    "origins": "https://Shop.example\nhttps://www.shop.example:8443",
}


def test_a_new_key_is_shown_once_and_written_down(desk: Callable[..., Client]) -> None:
    client = desk(Role.ADMINISTRATOR)
    answer = client.post(ADD, GIVEN)
    key = ApiKey.objects.get()
    secret = answer.context["secret"]
    assert hash_key(secret) == key.sha256
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert key.scopes == ["read", "events"]
    assert key.origins == ["https://shop.example", "https://www.shop.example:8443"]
    assert AuditEntry.objects.get(verb="create_api_key").actor == answer.wsgi_request.user
    for page in ("changelist", "change"):
        args = [key.pk] if page == "change" else []
        shown = client.get(reverse(f"admin:core_apikey_{page}", args=args)).content.decode()
        assert key.prefix in shown
        assert secret not in shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("origins", "shop.example"),
        ("origins", "https://shop.example/path"),
        ("origins", "https://user@"),
        ("origins", "https://shop.example:port"),
        ("origins", "javascript:alert(1)"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_at_its_field(
    desk: Callable[..., Client], field: str, value: object
) -> None:
    answer = desk(Role.ADMINISTRATOR).post(ADD, {**GIVEN, field: value})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert not ApiKey.objects.exists()


def test_a_switched_off_key_says_so_and_cannot_be_changed_otherwise(
    desk: Callable[..., Client],
) -> None:
    client = desk(Role.ADMINISTRATOR)
    client.post(ADD, GIVEN)
    key = ApiKey.objects.get()
    url = reverse("admin:core_apikey_off", args=[key.pk])
    assert client.get(url).status_code == 405
    client.post(url)
    key.refresh_from_db()
    assert not key.is_active
    assert AuditEntry.objects.filter(verb="switch_off_api_key", object_id=key.pk).count() == 1
    change = reverse("admin:core_apikey_change", args=[key.pk])
    assert "switched off" in client.get(change).content.decode()
    client.post(change, {"is_active": "on", "name": "other"})
    key.refresh_from_db()
    assert (key.is_active, key.name) == (False, GIVEN["name"])


def test_only_an_administrator_makes_or_switches_off_keys(
    person: Callable[..., object], client: Client, desk: Callable[..., Client]
) -> None:
    desk(Role.ADMINISTRATOR).post(ADD, GIVEN)
    key = ApiKey.objects.get()
    for role in set(Role) - {Role.ADMINISTRATOR}:
        client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
        assert client.post(ADD, GIVEN).status_code == 403, role
        url = reverse("admin:core_apikey_off", args=[key.pk])
        assert client.post(url).status_code == 403, role
    assert ApiKey.objects.get().is_active
