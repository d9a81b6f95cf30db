"""Whether there is enough of shoppers to learn from: asked by workers, quickly."""

from datetime import timedelta

from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.customers.models import Customer

# Fewer are no crowd: a training that nobody asked for would find accidents.
FEWEST_SHOPPERS = 1_000
FEWEST_PURCHASES = 500
# As the model of who will buy looks back: what it learns from, and what it is measured on.
SINCE = timedelta(days=60)


def count_purchases() -> int:
    """Return how many purchases there are to learn from."""
    since = timezone.now() - SINCE
    return Event.objects.real().filter(kind=Event.Kind.PURCHASE, occurred_at__gte=since).count()


def has_buyers() -> bool:
    """Tell whether enough was bought for a training that nobody asked for."""
    return count_purchases() >= FEWEST_PURCHASES


def count_shoppers() -> int:
    """Return how many shoppers there are to group."""
    return Customer.objects.filter(merged_into=None, excluded_as="").count()


def has_shoppers() -> bool:
    """Tell whether there are enough shoppers for a training that nobody asked for."""
    return count_shoppers() >= FEWEST_SHOPPERS
