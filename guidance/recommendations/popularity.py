"""What sells now, from rollups alone: it answers with no model, no file and no history."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, Sum

from guidance.behaviour.models import ProductDayRollup, Source

DAYS = 30


@dataclass(frozen=True)
class Popularity:
    """Products by their purchases in the last 30 days, then by views; the most popular first."""

    ranked: tuple[tuple[int, float], ...]


def read_popularity(*, day: date, with_replay: bool) -> Popularity:
    """Count the 30 days that end with `day`, on the shop's calendar; one statement.

    Replayed traffic counts only for replayed requests.
    """
    rows = ProductDayRollup.objects.filter(day__gt=day - timedelta(days=DAYS), day__lte=day)
    if not with_replay:
        rows = rows.exclude(source=Source.REPLAY)
    found = (
        rows.values("product_id")
        .annotate(bought=Sum("purchases"), viewed=Sum("views"))
        .filter(Q(bought__gt=0) | Q(viewed__gt=0))
        .order_by("-bought", "-viewed", "product_id")
        .values_list("product_id", "bought")
    )
    return Popularity(tuple((product, float(bought)) for product, bought in found))
