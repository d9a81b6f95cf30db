"""Queries that every storefront request asks: compiled to SQL once a process, not once a call.

Under a profiler, building and compiling querysets anew took 30 % of the time of
`GET recommendations`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, FloatField, Func, Lookup, Model, QuerySet
from django.utils.functional import cached_property

from guidance.core import prepared

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


class Seconds(Func):
    """A time as seconds since 1970: a number is read in a tenth of a datetime's time."""

    output_field = FloatField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        seconds = "EXTRACT(EPOCH FROM %(expressions)s)::double precision"
        return self.as_sql(compiler, connection, template=seconds)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s")

    def get_db_converters(self, connection: Any) -> list[Callable[..., Any]]:
        """SQLite would count in milliseconds."""
        return [_seconds_of] if connection.vendor == "sqlite" else []


def _seconds_of(value: datetime, *_asked: Any) -> float:
    return value.replace(tzinfo=UTC).timestamp()


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

    @cached_property
    def numbered(self) -> str:
        """The SQL with $1, $2… for what each call brings and every other value written out."""
        first, *rest = self.sql.split("%s")
        found, count = [first], 0
        for one, text in zip(self.parameters, rest, strict=True):
            if isinstance(one, Parameter):
                count += 1
                found.append(f"${count}")
            else:
                found.append(prepared.written_out(one))
            found.append(text)
        return "".join(found).replace("%%", "%")

    def bind_numbered(self, values: Mapping[str, Any]) -> list[Any]:
        """Return what the numbers of `numbered` stand for."""
        return [
            one.bound(values[one.name]) for one in self.parameters if isinstance(one, Parameter)
        ]

    def read(self, rows: Sequence[Any], own: BaseDatabaseWrapper) -> list[Sequence[Any]]:
        if not self.converters:
            return list(rows)
        return [self._read(list(row), own) for row in rows]

    def _read(self, row: list[Any], own: BaseDatabaseWrapper) -> list[Any]:
        for place, (converters, expression) in self.converters.items():
            for convert in converters:
                row[place] = convert(row[place], expression, own)
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

    def plan(self, vendor: str) -> "Plan":
        """Return what is sent to a database of this vendor, the one in use, and how rows are
        read."""
        plan = self._plans.get(vendor)
        if plan is None:
            plan = self._plans[vendor] = self._compile()
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

    PostgreSQL gets all in one round trip, of which each costs about as much as such a query does;
    outside transactions it has planned them before.
    """
    own: Any = connections[DEFAULT_DB_ALIAS]
    told = [(query.plan(own.vendor), values) for query, values in asked]
    if prepared.may_ask(own):
        found = prepared.ask(
            own, *((plan.numbered, plan.bind_numbered(values)) for plan, values in told)
        )
        if found is not None:
            return [plan.read(rows, own) for (plan, _values), rows in zip(told, found, strict=True)]
    with own.cursor() as cursor:
        if own.vendor != "postgresql":
            return [_ask(cursor, plan, values, own) for plan, values in told]
        return _ask_in_one(cursor, told, own)


def _ask_in_one(
    cursor: Any, told: Sequence[tuple[Plan, Mapping[str, Any]]], own: BaseDatabaseWrapper
) -> list[list[Sequence[Any]]]:
    marks = [mark for plan, values in told for mark in plan.bind(values)]
    cursor.execute("; ".join(plan.sql for plan, _values in told), marks)
    found = []
    for plan, _values in told:
        found.append(plan.read(cursor.fetchall(), own))
        cursor.nextset()
    return found


def _ask(
    cursor: Any, plan: Plan, values: Mapping[str, Any], own: BaseDatabaseWrapper
) -> list[Sequence[Any]]:
    cursor.execute(plan.sql, plan.bind(values))
    return plan.read(cursor.fetchall(), own)


def as_object(model: type[Read], names: Sequence[str], values: Sequence[Any]) -> Read:
    """Return a row as an object of its model; fields not among `names` stay deferred."""
    told = dict(zip(names, values, strict=True))
    kept = [field.attname for field in model._meta.concrete_fields if field.attname in told]
    return model.from_db(DEFAULT_DB_ALIAS, kept, [told[name] for name in kept])
