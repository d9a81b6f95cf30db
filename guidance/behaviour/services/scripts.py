"""Scripts among the shoppers: found by what no person does, and left out of figures."""

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from guidance.behaviour.frames import CHUNK, as_frame
from guidance.behaviour.models import Event, Source
from guidance.core.among import Among
from guidance.customers.services import exclude_customers
from models_ml.data import columns
from models_ml.data.noise import bots

# What is looked at: a day, since the rules are about minutes, hours and days.
LOOKED_AT = timedelta(days=1)
# No rule is met by fewer events than this; of more shoppers than that the busiest are looked at.
FEWEST_EVENTS, MOST_SHOPPERS = 20, 5_000


def exclude_scripts() -> int:
    """Leave those out of experiments who behaved as a script in the last day; return how many.

    Nobody of whom a person or the shop said what they are is touched.
    """
    since = timezone.now() - LOOKED_AT
    events = Event.objects.filter(
        source=Source.LIVE, occurred_at__gte=since, kind__in=columns.KINDS
    ).order_by()
    busy = (
        events.filter(customer__excluded_source="")
        .values("customer")
        .annotate(count=Count("pk"))
        .filter(count__gte=FEWEST_EVENTS)
        .order_by("-count")
        .values_list("customer", flat=True)[:MOST_SHOPPERS]
    )
    found: set[int] = set()
    ids = list(busy)
    for start in range(0, len(ids), MOST_SHOPPERS // 10):
        rows = events.filter(Among("customer_id", ids[start : start + MOST_SHOPPERS // 10]))
        frame = as_frame(list(rows.values_list(*COLUMNS).iterator(chunk_size=CHUNK)))
        found |= {int(one) for one in frame.loc[bots(frame), columns.CUSTOMER].unique()}
    return exclude_customers(customer_ids=found, excluded_as="bot", source="rule")


COLUMNS = ("customer_id", "product_id", "occurred_at", "kind", "basket", "quantity")
