"""A condition over thousands of ids as one parameter, on both databases."""

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from django.db.models import F, Lookup


class Among(Lookup):
    """`queryset.filter(Among("customer_id", ids))`: what `__in` says, prepared as one statement."""

    lookup_name = "among"
    prepare_rhs = False
    kind: Callable[[Any], Any] = int
    # Said aloud: small numbers would travel as a narrower array, which cannot be hashed.
    array = "bigint[]"

    def __init__(self, column: Any, ids: Iterable[Any]) -> None:
        left = F(column) if isinstance(column, str) else column
        super().__init__(left, [self.kind(one) for one in ids])

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        sql, parameters = self.process_lhs(compiler, connection)
        return f"{sql} = ANY(%s::{self.array})", [*parameters, self.rhs]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        sql, parameters = self.process_lhs(compiler, connection)
        marks = "IN (SELECT value FROM json_each(%s))"
        return f"{sql} {marks}", [*parameters, json.dumps(self.rhs)]


class AmongTexts(Among):
    """The same over thousands of texts."""

    lookup_name = "among_texts"
    kind = str
    array = "text[]"


class AmongUuids(Among):
    """The same over thousands of UUIDs."""

    lookup_name = "among_uuids"
    # As SQLite keeps them; PostgreSQL reads them too.
    kind = staticmethod(attrgetter("hex"))
    array = "uuid[]"
