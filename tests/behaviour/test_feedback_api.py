"""`POST feedback`: a shopper's satisfaction with a decision becomes a rating event."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.behaviour.services.ingest import time_of
from guidance.core.ids import derived_id, new_id
from guidance.core.services import create_api_key

URL = "/api/v1/feedback"


def _feedback(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "decision_id": str(new_id()),
        "customer": "c1",
        "rating": 4,
    } | fields


def test_feedback_becomes_a_rating_of_the_decision(storefront: APIClient) -> None:
    sent = _feedback(text="just what I wanted")
    answer = storefront.post(URL, sent)
    assert (answer.status_code, answer.json()) == (201, {"status": "recorded"})
    event = Event.objects.get()
    assert (event.kind, event.rating, event.text) == ("rating", 4, "just what I wanted")
    assert str(event.decision) == sent["decision_id"]
    assert event.occurred_at == time_of(event.pk)
    assert abs(event.occurred_at - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(("thumb", "stars"), [("up", 5), ("down", 1)])
def test_a_thumb_is_kept_as_the_most_or_the_fewest_stars(
    storefront: APIClient, thumb: str, stars: int
) -> None:
    sent = _feedback(thumb=thumb)
    del sent["rating"]
    assert storefront.post(URL, sent).status_code == 201
    assert Event.objects.get().rating == stars


def test_the_same_feedback_again_is_a_duplicate(storefront: APIClient) -> None:
    sent = _feedback()
    storefront.post(URL, sent)
    answer = storefront.post(URL, sent)
    assert (answer.status_code, answer.json()) == (200, {"status": "duplicate"})
    assert Event.objects.count() == 1


def test_the_same_id_with_another_rating_is_a_conflict(storefront: APIClient) -> None:
    sent = _feedback()
    storefront.post(URL, sent)
    answer = storefront.post(URL, sent | {"rating": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Event.objects.get().rating == 4


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rating": 0}, "out_of_range"),
        ({"rating": None}, "missing_field"),
        ({"thumb": "up"}, "missing_field"),
        ({"rating": None, "thumb": "sideways"}, "unknown_thumb"),
        ({"rating": 6}, "out_of_range"),
        ({"rating": "4"}, "wrong_type"),
        ({"id": "f3b1e9ac-5f5e-4d5c-9a3c-3f2a1b0c9d8e"}, "not_uuid7"),
        ({"decision_id": None}, "wrong_type"),
        ({"customer": "c\x001"}, "malformed"),
        ({"text": "a\x00"}, "bad_text"),
        ({"sku": "coffee"}, "unknown_product"),
        ({"id": str(derived_id(timezone.now() - timedelta(days=100), "old"))}, "too_old"),
        ({"id": str(derived_id(timezone.now() + timedelta(days=1), "new"))}, "clock_skew"),
    ],
)
def test_bad_feedback_gets_a_problem_document(
    fields: dict[str, Any], code: str, storefront: APIClient
) -> None:
    answer = storefront.post(URL, _feedback(**fields))
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["code"] == code
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_feedback_needs_the_scope_events() -> None:
    _key, secret = create_api_key(name="reader", scopes=["read", "write"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.post(URL, _feedback()).status_code == 403
