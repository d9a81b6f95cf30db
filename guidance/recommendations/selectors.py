"""Reads for recommendations."""

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.catalog.models import Product


def popular_products(*, days: int = 30, limit: int = 100) -> list[Product]:
    """Return the products bought most in the last days, most bought first."""
    since = timezone.now() - timedelta(days=days)
    return list(
        Product.objects.recommendable()
        .filter(events__kind=Event.Kind.PURCHASE, events__occurred_at__gte=since)
        .annotate(bought=Count("events"))
        .order_by("-bought", "sku")[:limit]
    )
