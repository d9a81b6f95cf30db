"""The thread through the whole house: event, recommendation, decision, click, rollup."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import DayRollup, Event
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface


def _event(kind: str, at: datetime, **more: object) -> dict[str, object]:
    return {"id": str(new_id()), "kind": kind, "customer": "c1", "time": at.isoformat(), **more}


@pytest.mark.django_db
def test_an_event_becomes_a_recommendation_and_its_click_reaches_the_rollup(
    storefront: APIClient,
) -> None:
    Product.objects.create(sku="tea", title="Green tea")
    Surface.objects.create(key="home", name="Home")
    now = timezone.now() - timedelta(minutes=1)
    bought = _event("purchase", now, sku="tea")
    answer = storefront.post("/api/v1/events", {"events": [bought]}).json()
    assert answer == {"accepted": 1, "duplicates": 0, "rejected": []}

    shown = storefront.get("/api/v1/recommendations?surface=home&customer=c1").json()[0]
    assert [item["sku"] for item in shown["items"]] == ["tea"]
    assert Decision.objects.get(pk=shown["decision_id"]).customer.ref == "c1"

    click = _event("click", now, sku="tea", decision_id=shown["decision_id"])
    storefront.post("/api/v1/events", {"events": [click]})
    advance_rollups()
    assert DayRollup.objects.get(kind=Event.Kind.CLICK).events == 1
