"""Who is in an audience."""

from collections.abc import Iterator, Sequence
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
from guidance.core.among import Among
from guidance.customers.models import Customer

FETCHED_AT_ONCE = 20_000


def members(
    audience: Audience, *, at: datetime, among: Sequence[int] | None = None
) -> QuerySet[Customer]:
    """Return the shoppers of an audience at a moment, in no order.

    Raises ValidationError where the rules name what is gone. `among` asks about a few shoppers
    alone, as a recheck does of a batch: that costs a few looks into indexes.
    """
    condition = membership(audience, at=at, among=among)
    if among is not None:
        condition &= Q(Among("id", among))
    return Customer.objects.filter(condition, merged_into=None).order_by()


def membership(
    audience: Audience, *, at: datetime, of_all: bool = False, among: Sequence[int] | None = None
) -> Q:
    """Return the condition of being in an audience; raises ValidationError as `members` does.

    `of_all` says that the whole shop is asked about, not some of it; `among`, that only these are.
    """
    if audience.kind == Audience.Kind.LIST:
        return on_list(audience.pk)
    node, named = usable_rules(audience)
    if node is EVERYBODY:
        return Q()
    return condition_of(node, named=named, at=at, of_all=of_all, among=among)


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
