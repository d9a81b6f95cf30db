"""Rows of campaigns: campaigns and offers."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from guidance.campaigns.models import Campaign, Offer
from tests.factories.catalog import category
from tests.factories.numbers import next_number


def campaign(**given: Any) -> Campaign:
    n, now = next_number(), timezone.now()
    return Campaign.objects.create(
        **{
            "key": f"sale-{n}",
            "titles": {"en": f"Sale {n}"},
            "starts_at": now,
            "ends_at": now + timedelta(days=1),
            "category": given.pop("category", None) or category(),
            **given,
        }
    )


def offer(**given: Any) -> Offer:
    return Offer.objects.create(
        **{
            "campaign": given.pop("campaign", None) or campaign(),
            "code": f"CODE{next_number()}",
            "kind": "percent",
            "value": 5,
            **given,
        }
    )
