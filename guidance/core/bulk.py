"""Many rows in one call, the same on both databases, however many columns they have.

Django's own bulk writes cut a batch by SQLite's old limit of 999 values a statement, so that a
batch of 200 products would take a dozen statements.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import AutoField, Field, Model


def insert_rows(
    objects: Sequence[Model], *, conflict: Sequence[str] = (), update: Sequence[str] = ()
) -> None:
    """Insert objects without a primary key of their own making; call it inside a transaction.

    Those that collide on the `conflict` fields get the `update` fields' values, or are left out
    where nothing is to be updated. Primary keys are not filled in.
    """
    if not objects:
        return
    meta: Any = objects[0]._meta
    fields = [f for f in meta.local_concrete_fields if not f.primary_key]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(f.column) for f in fields)
    marks = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608  names, no values
    keys = ", ".join(quote(meta.get_field(name).column) for name in conflict)
    target = f" ({keys})" if keys else ""
    changes = ", ".join(f"{c} = EXCLUDED.{c}" for c in map(quote, _columns(meta, update)))
    action = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
    with connection.cursor() as cursor:
        cursor.executemany(
            f"{statement} ON CONFLICT{target} {action}",
            [[_value(field, thing) for field in fields] for thing in objects],
        )


def insert_statement(
    objects: Sequence[Model], *, in_place: Mapping[str, tuple[str, Any]] | None = None
) -> tuple[str, list[Any]]:
    """Return one INSERT of all objects and its values, to be sent with other statements.

    `in_place` gives, for fields by name, an expression of one parameter and its value to stand
    where the object's own would. Primary keys that the database makes are left to it.
    """
    meta: Any = objects[0]._meta
    fields = [field for field in meta.local_concrete_fields if not isinstance(field, AutoField)]
    stand_ins, quote = in_place or {}, connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join(stand_ins[f.name][0] if f.name in stand_ins else "%s" for f in fields)
    values = [
        stand_ins[field.name][1] if field.name in stand_ins else _value(field, thing)
        for thing in objects
        for field in fields
    ]
    rows = ", ".join([f"({marks})"] * len(objects))
    return f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {rows}", values  # noqa: S608  names, no values


def update_rows(objects: Sequence[Model], *, fields: Sequence[str]) -> None:
    """Write these fields of objects that exist; call it inside a transaction."""
    if not objects:
        return
    meta: Any = objects[0]._meta
    chosen = [meta.get_field(name) for name in fields]
    quote = connection.ops.quote_name
    changes = ", ".join(f"{quote(f.column)} = %s" for f in chosen)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(meta.db_table)} SET {changes} WHERE {quote(meta.pk.column)} = %s",  # noqa: S608  names, no values
            [[_value(field, thing) for field in (*chosen, meta.pk)] for thing in objects],
        )


def _columns(meta: Any, names: Sequence[str]) -> list[str]:
    return [meta.get_field(name).column for name in names]


def _value(field: Field, thing: Model) -> Any:
    return field.get_db_prep_save(field.pre_save(thing, add=False), connection)
