"""Rows of behaviour: events and their rollups."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from guidance.behaviour.models import DayRollup, Event, ProductDayRollup, SavedView, SearchDayRollup
from tests.factories.catalog import product
from tests.factories.core import user
from tests.factories.customers import customer
from tests.factories.numbers import next_number


def event(**given: Any) -> Event:
    return Event.objects.create(
        **{
            "kind": Event.Kind.VIEW,
            "occurred_at": timezone.now(),
            "customer": given.pop("customer", None) or customer(),
            "product": given.pop("product", None) or product(),
            **given,
        }
    )


def day_rollup(**given: Any) -> DayRollup:
    return DayRollup.objects.create(
        **{
            "day": _some_day(),
            "source": "live",
            "kind": "view",
            "events": 3,
            "customers": 2,
            **given,
        }
    )


def product_day_rollup(**given: Any) -> ProductDayRollup:
    chosen = given.pop("product", None) or product()
    return ProductDayRollup.objects.create(
        **{"day": _some_day(), "source": "live", "product": chosen, "views": 3, **given}
    )


def search_day_rollup(**given: Any) -> SearchDayRollup:
    phrase = f"tea {next_number()}"
    return SearchDayRollup.objects.create(
        **{"day": _some_day(), "source": "live", "phrase": phrase, "searches": 3, **given}
    )


def saved_view(**given: Any) -> SavedView:
    """A view that everybody at the desk sees."""
    name = f"view {next_number()}"
    owner = given.pop("owner", None) or user()
    return SavedView.objects.create(
        **{"name": name, "kind": "funnel", "is_shared": True, "owner": owner, **given}
    )


def _some_day() -> date:
    return timezone.now().date() - timedelta(days=next_number())
