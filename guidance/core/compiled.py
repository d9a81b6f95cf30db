"""Queries that every storefront request asks: compiled to SQL once a process, not once a call.

Under a profiler, building and compiling querysets anew took 30 % of the time of
`GET recommendations`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Field, Lookup, Model, QuerySet
from django.utils.functional import cached_property

Read = TypeVar("Read", bound=Model)


class Parameter(Expression):
    """A value that each call brings, in the form that `field`, where given, keeps it in."""

    def __init__(self, name: str, field: Field | None = None) -> None:
        super().__init__(output_field=field)
        self.name, self.kept_by = name, field

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def bound(self, value: Any) -> Any:
        return self.kept_by.get_db_prep_value(value, connection) if self.kept_by else value


class AnyOf(Lookup):
    """Tells whether the left side is one of a list; one parameter however long the list is."""

    lookup_name = "any_of"
    prepare_rhs = False

    def __init__(self, lhs: Any, name: str) -> None:
        super().__init__(lhs, _List(name))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return self._compare(compiler, connection, "= ANY(%s)")

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return self._compare(compiler, connection, "IN (SELECT value FROM json_each(%s))")

    def _compare(self, compiler: Any, connection: Any, comparison: str) -> tuple[str, list[Any]]:
        sql, parameters = self.process_lhs(compiler, connection)
        return f"{sql} {comparison}", [*parameters, self.rhs]


class _List(Parameter):
    def bound(self, value: Any) -> Any:
        values = list(value)
        if connection.vendor == "sqlite":
            return json.dumps(values)
        if values and all(type(one) is int for one in values):
            # psycopg looks for what to escape in every element of a list.
            return "{" + ",".join(map(str, values)) + "}"
        return values


@dataclass(frozen=True)
class Plan:
    """A query as one database is asked it; `converters` are by the place of a column."""

    sql: str
    parameters: Sequence[Any]
    converters: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]]

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """Return what the statement's marks stand for."""
        return [
            one.bound(values[one.name]) if isinstance(one, Parameter) else one
            for one in self.parameters
        ]

    def read(self, rows: Sequence[Any]) -> list[Sequence[Any]]:
        if not self.converters:
            return list(rows)
        return [self._read(list(row)) for row in rows]

    def _read(self, row: list[Any]) -> list[Any]:
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                row[place] = convert(row[place], expression, connection)
        return row


class CompiledQuery:
    """A queryset of `values_list` whose values are `Parameter`s.

    `build` is called once a database vendor; its SQL is kept, and how its columns are read.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build

    def rows(self, **values: Any) -> list[Sequence[Any]]:
        """Return the rows for these values; one statement."""
        return ask_together((self, values))[0]

    def plan(self) -> "Plan":
        """Return what is sent and how rows are read, on the database in use."""
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = self._compile()
        return plan

    @cached_property
    def _plans(self) -> dict[str, "Plan"]:
        return {}

    def _compile(self) -> "Plan":
        compiler: Any = self._build().query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        chosen = [expression for expression, _sql, _alias in compiler.select]
        return Plan(sql, parameters, compiler.get_converters(chosen))


def ask_together(*asked: tuple[CompiledQuery, Mapping[str, Any]]) -> list[list[Sequence[Any]]]:
    """Return the rows of each query for its values.

    PostgreSQL gets all in one round trip, of which each costs about as much as such a query does.
    """
    told = [(query.plan(), values) for query, values in asked]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return [_ask(cursor, plan, values) for plan, values in told]
        marks = [mark for plan, values in told for mark in plan.bind(values)]
        cursor.execute("; ".join(plan.sql for plan, _values in told), marks)
        found = []
        for plan, _values in told:
            found.append(plan.read(cursor.fetchall()))
            cursor.nextset()
        return found


def _ask(cursor: Any, plan: Plan, values: Mapping[str, Any]) -> list[Sequence[Any]]:
    cursor.execute(plan.sql, plan.bind(values))
    return plan.read(cursor.fetchall())


def as_object(model: type[Read], names: Sequence[str], values: Sequence[Any]) -> Read:
    """Return a row as an object of its model; fields not among `names` stay deferred."""
    told = dict(zip(names, values, strict=True))
    kept = [field.attname for field in model._meta.concrete_fields if field.attname in told]
    return model.from_db(DEFAULT_DB_ALIAS, kept, [told[name] for name in kept])
