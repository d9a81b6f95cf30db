"""Who is in an audience."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from guidance.campaigns.audiences.language import EVERYBODY
from guidance.campaigns.models import Audience
from guidance.campaigns.planning.shoppers import Ints
from guidance.campaigns.selectors.audience_names import usable_rules
from guidance.campaigns.selectors.audience_rules import condition_of, on_list
from guidance.customers.models import Customer

FETCHED_AT_ONCE = 20_000


def members(audience: Audience, *, at: datetime) -> QuerySet[Customer]:
    """Return the shoppers of an audience at a moment, in no order.

    Raises ValidationError where the rules name what is gone. Filtered by a few ids it costs a few
    looks into indexes, so that a recheck may ask about the shoppers of a batch.
    """
    return Customer.objects.filter(membership(audience, at=at), merged_into=None).order_by()


def membership(audience: Audience, *, at: datetime, of_all: bool = False) -> Q:
    """Return the condition of being in an audience; raises ValidationError as `members` does.

    `of_all` says that the whole shop is asked about, not some of it.
    """
    if audience.kind == Audience.Kind.LIST:
        return on_list(audience.pk)
    node, named = usable_rules(audience)
    return Q() if node is EVERYBODY else condition_of(node, named=named, at=at, of_all=of_all)


def walk(audience: Audience, *, at: datetime, batch: int) -> Iterator[np.ndarray]:
    """Yield the ids of an audience's shoppers, ascending, so many at a time.

    Who is in it is found once, in one statement, 8 bytes a shopper: with a statement for each
    batch, windows of behaviour would be read again each time and could change on the way.
    """
    condition = membership(audience, at=at, of_all=True)
    ids = ids_of(Customer.objects.filter(condition, merged_into=None).order_by())
    for start in range(0, len(ids), batch):
        yield ids[start : start + batch]


def ids_of(customers: QuerySet[Customer]) -> Ints:
    """Return the ids of shoppers, ascending."""
    try:
        sql, parameters = customers.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return np.empty(0, dtype=np.int64)
    parts = [np.empty(0, dtype=np.int64)]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(FETCHED_AT_ONCE):
            parts.append(np.fromiter((row[0] for row in rows), np.int64, len(rows)))
    return np.sort(np.concatenate(parts))
