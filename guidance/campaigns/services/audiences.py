"""Writes of audiences: saved, counted, deleted, made from shoppers found; members looked at."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from guidance.campaigns.models import Audience, AudienceMember
from guidance.campaigns.selectors.audience_names import read_rules, users_of
from guidance.campaigns.selectors.audience_sizes import Size, sample_members, size_of
from guidance.core.among import Among
from guidance.core.ids import new_id
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.models import Customer

LONGEST_KEY = 50
ROWS_AT_ONCE = 20_000
# The ids of one parameter as rows: by `bulk_create` 200,000 took 14 s.
EACH = {
    "postgresql": "one FROM unnest(%s::bigint[]) one",
    "sqlite": "value FROM json_each(%s)",
}


@transaction.atomic
def save_audience(*, audience: Audience, actor: User) -> None:
    """Write a new or changed audience; raises ValidationError that names the wrong rule's place.

    The size it had is forgotten where its rules changed: `count_audience` finds the new one.
    """
    is_new = audience.pk is None
    if audience.kind == Audience.Kind.RULES:
        _node, problems, _named = read_rules(audience.rules, key=audience.key)
        if problems:
            raise ValidationError({"rules": [str(problem) for problem in problems]})
    before = None if is_new else Audience.objects.select_for_update().get(pk=audience.pk)
    if is_new:
        audience.key = audience.key or free_key(audience.name)
        audience.created_by = actor
    if before is not None and before.rules != audience.rules:
        audience.size = audience.size_low = audience.size_high = audience.sized_at = None
    audience.save()
    record_audit(
        actor=actor,
        verb="create_audience" if is_new else "change_audience",
        target=audience,
        details={
            "kind": audience.kind,
            "rules": audience.rules,
            "before": before.rules if before is not None else None,
        },
    )


def count_audience(*, audience: Audience, at: datetime | None = None) -> Size:
    """Find an audience's size and keep it; nothing else changes, so the audit trail is not told."""
    moment = at or timezone.now()
    size = size_of(audience, at=moment)
    Audience.objects.filter(pk=audience.pk).update(
        size=size.count, size_low=size.low, size_high=size.high, sized_at=moment
    )
    return size


@transaction.atomic
def delete_audience(*, audience: Audience, actor: User) -> None:
    """Delete an audience; raises ValidationError with the names of what uses it."""
    if users := users_of(Audience.objects.select_for_update().get(pk=audience.pk)):
        told = _("“%(name)s” is used by %(users)s: take it out there first.")
        raise ValidationError(told % {"name": audience.name, "users": _(", ").join(users)})
    record_audit(
        actor=actor,
        verb="delete_audience",
        target=audience,
        details={"key": audience.key, "kind": audience.kind, "rules": audience.rules},
    )
    audience.delete()


@transaction.atomic
def look_at_members(*, audience: Audience, actor: User) -> list[Customer]:
    """Return some members of an audience, saved or not, and write down who looked.

    Raises ValidationError where the rules do not hold.
    """
    found = sample_members(audience, at=timezone.now())
    details = {"rules": audience.rules, "shown": len(found)}
    record_audit(actor=actor, verb="look_at_audience_members", target=audience, details=details)
    return found


@transaction.atomic
def start_list(
    *, name: str, origin: str, actor: User, customer_ids: Iterable[int] = ()
) -> Audience:
    """Make an audience of shoppers that were found elsewhere, or of nobody yet.

    `origin` says in words where, for the audience's page alone: they may be a shopper's. Who was
    merged into another since counts as that one.
    """
    people = current_ids(customer_ids)
    count = len(people)
    audience = Audience.objects.create(
        key=free_key(name),
        name=name[:100],
        kind=Audience.Kind.LIST,
        origin=origin[:300],
        created_by=actor,
        **dict.fromkeys(("size", "size_low", "size_high"), count),
        sized_at=timezone.now(),
    )
    add_members(audience=audience, customer_ids=people)
    details = {"shoppers": count}
    record_audit(actor=actor, verb="start_audience", target=audience, details=details)
    return audience


def add_members(*, audience: Audience, customer_ids: Sequence[int]) -> None:
    """Put shoppers on an audience's list, those who are on it again; inside a transaction."""
    table = connection.ops.quote_name(AudienceMember._meta.db_table)
    statement = (
        f"INSERT INTO {table} (audience_id, customer_id) "
        f"SELECT %s, {EACH[connection.vendor]} WHERE true ON CONFLICT DO NOTHING"
    )
    ids = [int(one) for one in customer_ids]
    told = json.dumps(ids) if connection.vendor == "sqlite" else ids
    with connection.cursor() as cursor:
        cursor.execute(statement, [audience.pk, told])


def current_ids(customer_ids: Iterable[int]) -> list[int]:
    """Return the shoppers as whom these count now, each once, ascending; who is gone is left out.

    One step leads to whom a pseudonym counts as: a known customer is never merged away.
    """
    found: set[int] = set()
    wanted = sorted(set(customer_ids))
    for start in range(0, len(wanted), ROWS_AT_ONCE):
        rows = Customer.objects.filter(Among("pk", wanted[start : start + ROWS_AT_ONCE])).order_by()
        found |= {into or pk for pk, into in rows.values_list("pk", "merged_into")}
    return sorted(found)


def move_list_places(from_customer_id: int, to_customer_id: int) -> int:
    """Give a merged shopper's places on lists to the one merged into; return how many."""
    mine = AudienceMember.objects.filter(customer=from_customer_id)
    theirs = AudienceMember.objects.filter(customer=to_customer_id).values("audience")
    moved = mine.exclude(audience__in=theirs).update(customer=to_customer_id)
    mine.delete()
    return moved


def free_key(name: str) -> str:
    """Return a key that no audience has, out of a name where it has letters for one."""
    stem = slugify(name)[: LONGEST_KEY - 9].strip("-") or "audience"
    if not Audience.objects.filter(key=stem).exists():
        return stem
    return f"{stem}-{new_id().hex[-8:]}"
