"""Who may call the API, and what refusals look like."""

from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from guidance.core import throttling
from guidance.core.models import ApiKey
from guidance.core.services import create_api_key
from guidance.core.throttling import ApiKeyThrottle

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def _client(secret: str, **headers: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", **headers)
    return client


def test_a_call_without_a_key_is_a_401_problem() -> None:
    answer = APIClient().post("/api/v1/events", {"events": []})
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "API key" in answer.json()["detail"]


def test_an_unknown_or_switched_off_key_is_refused() -> None:
    key, secret = create_api_key(name="old", scopes=["events"])
    ApiKey.objects.filter(pk=key.pk).update(is_active=False)
    for wrong in (secret, "sg_nonsense"):
        assert _client(wrong).post("/api/v1/events", {"events": []}).status_code == 401


def test_a_key_without_the_scope_is_refused() -> None:
    _key, secret = create_api_key(name="reader", scopes=["read"])
    answer = _client(secret).post("/api/v1/events", {"events": []})
    assert (answer.status_code, answer["Content-Type"]) == (403, PROBLEM)


def test_a_browser_on_another_site_is_refused() -> None:
    _key, secret = create_api_key(name="b", scopes=["read"], origins=["https://shop.example"])
    url = "/api/v1/recommendations?surface=none"
    assert _client(secret, HTTP_ORIGIN="https://evil.example").get(url).status_code == 401
    assert _client(secret, HTTP_ORIGIN="https://shop.example").get(url).status_code != 401


def test_a_browsers_key_is_of_no_use_outside_a_browser() -> None:
    _key, secret = create_api_key(name="b", scopes=["read"], origins=["https://shop.example"])
    answer = _client(secret).get("/api/v1/recommendations?surface=none")
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert "origin" in answer.json()["detail"]


def test_a_key_is_stored_as_a_hash_only() -> None:
    key, secret = create_api_key(name="s", scopes=["read"])
    assert secret.startswith(key.prefix)
    stored = " ".join(str(value) for value in ApiKey.objects.values_list().get(pk=key.pk))
    assert secret not in stored


def test_a_key_that_calls_too_often_is_told_when_to_come_back(
    storefront: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiKeyThrottle, "rate", 2)
    answers = [storefront.post("/api/v1/events", {"events": []}) for _ in range(3)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) >= 1


def test_calls_counted_by_another_process_count_here_too(
    storefront: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiKeyThrottle, "rate", 10)
    monkeypatch.setattr(throttling, "SHARE_SECONDS", 0.0)
    for _ in range(6):
        assert storefront.post("/api/v1/events", {"events": []}).status_code == 200
    ApiKeyThrottle.counts.clear()  # as another process, which counted nothing itself
    codes = [storefront.post("/api/v1/events", {"events": []}).status_code for _ in range(6)]
    assert codes == [200] * 4 + [429] * 2


@pytest.mark.django_db(transaction=True)
def test_a_count_that_cannot_be_shared_lets_calls_through(
    storefront: APIClient, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(throttling, "SHARE_SECONDS", 0.0)
    broken = {**settings.CACHES["default"], "LOCATION": "no_such_table"}
    settings.CACHES = {**settings.CACHES, "default": broken}
    assert storefront.get("/api/v1/campaigns").status_code == 200


def test_an_unknown_address_under_the_api_is_a_problem_document(storefront: APIClient) -> None:
    answer = storefront.get("/api/v1/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


def test_broken_json_is_a_400_problem(storefront: APIClient) -> None:
    answer = storefront.post("/api/v1/events", "{", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)


def test_the_openapi_schema_names_every_route() -> None:
    answer = APIClient().get(reverse("api:schema"), HTTP_ACCEPT="application/vnd.oai.openapi")
    assert answer.status_code == 200
    assert b"/api/v1/recommendations" in answer.content


@pytest.mark.parametrize("probe", ["healthz", "readyz", "metrics"])
def test_probes_answer_without_a_key(probe: str) -> None:
    assert APIClient().get(f"/{probe}").status_code == 200
