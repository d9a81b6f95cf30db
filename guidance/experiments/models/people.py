"""Columns that say who did a step, and several people in one column."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat

NOBODY = ","


def who(label: Any) -> "models.ForeignKey[Any, Any]":
    """Return a column for the person who did a step; who did one cannot be deleted."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=label,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )


def when(label: Any) -> "models.DateTimeField[Any, Any]":
    """Return a column for the moment of a step that may never come."""
    return models.DateTimeField(label, null=True, blank=True, editable=False)


def between_commas(user_ids: Iterable[int]) -> str:
    """Return ids as a column of several people keeps them."""
    return "".join(f",{user_id}" for user_id in sorted(user_ids)) + NOBODY


def named_in(people: str) -> set[int]:
    """Return the ids of such a column."""
    return {int(user_id) for user_id in people.split(",") if user_id}


def is_named(column: str, person: str) -> Q:
    """Return the condition that the person of one column is among the people of another."""
    one = Concat(Value(","), Cast(f"{person}_id", CharField()), Value(","))
    return Q(**{f"{column}__contains": one, f"{person}__isnull": False})
