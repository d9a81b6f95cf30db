"""Who is in an audience."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet

from guidance.campaigns.models import Audience, AudienceMember
from guidance.customers.models import Customer


def members(audience: Audience, *, at: datetime) -> QuerySet[Customer]:
    """Return the shoppers of an audience at a moment."""
    customers = Customer.objects.filter(merged_into=None)
    if audience.kind == Audience.Kind.LIST:
        listed = AudienceMember.objects.filter(audience=audience, customer=OuterRef("pk"))
        return customers.filter(Exists(listed))
    return customers


def walk(audience: Audience, *, at: datetime, batch: int) -> Iterator[np.ndarray]:
    """Yield the ids of an audience's shoppers, ascending, so many at a time."""
    last = 0
    found = members(audience, at=at).order_by("id").values_list("id", flat=True)
    while ids := list(found.filter(id__gt=last)[:batch]):
        yield np.asarray(ids, dtype=np.int64)
        last = ids[-1]
