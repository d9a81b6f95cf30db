"""Writing the decision log."""

import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.db import Error, connection

from guidance.behaviour.services.rollups import mark_days, marks_of
from guidance.core import prepared
from guidance.core.bulk import insert_statement
from guidance.core.patience import impatient
from guidance.customers.models import ChangedCustomer
from guidance.customers.services import ensure_customers, mark_customers
from guidance.decisions.models import Decision
from guidance.decisions.unlogged import count_unlogged

logger = logging.getLogger(__name__)
# How long a shopper may wait for a database that somebody else is writing to.
PATIENCE_MS = 1_000
# On PostgreSQL the row is held against a merge until the decision is written, as by
# `ensure_customers`.
SHOPPER = (
    "(SELECT COALESCE(merged_into_id, id) FROM customers_customer WHERE ref = %s FOR KEY SHARE)"
)


def log_answer(decisions: Sequence[Decision], *, ref: str, is_known: bool, zone: ZoneInfo) -> bool:
    """Write one answer's decisions as `record_answer` does and return whether that worked.

    A shopper is answered whatever the log does: what it cannot take is counted, and nobody is made.
    """
    try:
        record_answer(decisions, ref=ref, is_known=is_known, zone=zone, patience_ms=PATIENCE_MS)
    except Error:
        logger.exception("%d decisions could not be written", len(decisions))
        count_unlogged(len(decisions))
        return False
    return True


def record_answer(
    decisions: Sequence[Decision], *, ref: str, is_known: bool, zone: ZoneInfo, patience_ms: int
) -> None:
    """Write one answer's decisions for a pseudonym and mark their days for the rollups, waiting
    for locks no longer than allowed.

    A pseudonym that is not known yet becomes an anonymous customer, '' is nobody. Raises Error,
    and nothing is written.
    """
    if connection.vendor == "postgresql" and is_known and not connection.in_atomic_block:
        _record_at_once(decisions, ref, zone, patience_ms)
        return
    with impatient(patience_ms):
        if ref:
            customer_id = ensure_customers(refs=[ref])[ref]
            for decision in decisions:
                decision.customer_id = customer_id
        Decision.objects.bulk_create(decisions)
        if ref and _in_experiments(decisions):
            mark_customers(customer_ids=[customer_id])
        mark_days(moments=((decision.at, decision.source) for decision in decisions), zone=zone)


def _record_at_once(
    decisions: Sequence[Decision], ref: str, zone: ZoneInfo, patience_ms: int
) -> None:
    """PostgreSQL takes statements sent together for one transaction: one round trip, not six."""
    shopper = {"customer": (SHOPPER, ref)} if ref else None
    marks = marks_of(((one.at, one.source) for one in decisions), zone)
    statements = [insert_statement(decisions, in_place=shopper), insert_statement(marks)]
    if ref and _in_experiments(decisions):
        changed = insert_statement([ChangedCustomer()], in_place={"customer_id": (SHOPPER, ref)})
        statements.append(changed)
    if prepared.may_ask(connection):
        told = [(prepared.numbered(text), values) for text, values in statements]
        prepared.write(connection, *told, lock_timeout_ms=patience_ms)
        return
    patience = f"SET LOCAL lock_timeout = {int(patience_ms)}"
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join([patience, *(text for text, _values in statements)]),
            [value for _text, values in statements for value in values],
        )


def _in_experiments(decisions: Sequence[Decision]) -> bool:
    return any(decision.experiment for decision in decisions)
