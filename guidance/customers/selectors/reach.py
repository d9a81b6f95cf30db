"""Who of many customers may be written to on a channel: set-based, one statement a batch.

Meant for batches of about 20,000 ids. Ids that lie close together, as those of a walk over all
customers do, are read as a range of the index, which is several times as fast as one by one.
"""

import json
import logging
from collections.abc import Iterable
from typing import Any

from django.db import connection

from guidance.customers.contacts import Undecryptable, decrypt_address, fingerprints
from guidance.customers.models import ContactPoint, Suppression

logger = logging.getLogger(__name__)
# Which of several reasons is told: what the shopper said before what happened to an address.
_FIRST = {reason: place for place, reason in enumerate(Suppression.Reason.values)}
# A range of the index is read where it holds at most so many customers for each one asked for.
SPARSEST = 8

_AMONG = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}
_CONSENTING = {
    "postgresql": """
SELECT customer_id FROM (
    SELECT DISTINCT ON (customer_id) customer_id, is_granted FROM customers_consent
    WHERE channel = %s AND purpose = %s AND customer_id {among}
    ORDER BY customer_id, at DESC
) AS newest WHERE is_granted""",
    # A column beside the only max() is of the row that has it: www.sqlite.org/lang_select.html.
    "sqlite": """
SELECT customer_id FROM (
    SELECT customer_id, is_granted, max(at) FROM customers_consent
    WHERE channel = %s AND purpose = %s AND customer_id {among} GROUP BY customer_id
) AS newest WHERE is_granted""",
}
_SUPPRESSED = """
SELECT customer_id, reason FROM customers_suppression
WHERE lifted_at IS NULL AND channel = %s AND (purpose = '' OR %s IN ('', purpose))
    AND (reason <> 'bounced' OR fingerprint = '') AND customer_id {among}"""
_SUPPRESSED_ADDRESS = """
SELECT point.customer_id, gone.reason FROM customers_suppression AS gone
JOIN customers_contactpoint AS point
    ON point.fingerprint = gone.fingerprint AND point.channel = gone.channel
WHERE gone.lifted_at IS NULL AND gone.channel = %s
    AND (gone.purpose = '' OR %s IN ('', gone.purpose))
    AND gone.fingerprint <> '' AND point.customer_id {among}"""
_CONTACTS = """
SELECT customer_id FROM customers_contactpoint WHERE channel = %s AND customer_id {among}"""
_SEALED = """
SELECT customer_id, ciphertext FROM customers_contactpoint
WHERE channel = %s AND customer_id {among}"""


def consenting(*, channel: str, purpose: str, customer_ids: Iterable[int]) -> set[int]:
    """Return those of these customers whose newest word on channel and purpose is yes."""
    rows = _rows(_CONSENTING[connection.vendor], [channel, purpose], customer_ids)
    return {customer_id for (customer_id,) in rows}


def suppressed(*, channel: str, customer_ids: Iterable[int], purpose: str = "") -> dict[int, str]:
    """Return why each of these customers is written to no more on a channel; others are absent.

    That is by themselves or by an address that they have today. With a `purpose`, suppressions
    of that one and of every purpose count; without, all do. The reason is a `Suppression.Reason`.
    Two statements.
    """
    ids = set(customer_ids)
    found: dict[int, str] = {}
    for statement in (_SUPPRESSED, _SUPPRESSED_ADDRESS):
        for customer_id, reason in _rows(statement, [channel, purpose], ids):
            if customer_id not in found or _FIRST[reason] < _FIRST[found[customer_id]]:
                found[customer_id] = reason
    return found


def has_contact(*, channel: str, customer_ids: Iterable[int]) -> set[int]:
    """Return those of these customers of whom an address for the channel is kept."""
    return {customer_id for (customer_id,) in _rows(_CONTACTS, [channel], customer_ids)}


def addresses(*, channel: str, customer_ids: Iterable[int]) -> dict[int, str]:
    """Return the addresses of these customers for a channel, opened, for who sends now.

    One that no key of today opens is left out, and how many those are is logged.
    """
    found, closed = {}, 0
    for customer_id, sealed in _rows(_SEALED, [channel], customer_ids):
        try:
            found[customer_id] = decrypt_address(sealed, customer_id=customer_id, channel=channel)
        except Undecryptable:
            closed += 1
    if closed:
        logger.error("%d addresses for %s: no key of CONTACT_KEYS opens them", closed, channel)
    return found


def customers_at(channel: str, address: str) -> list[int]:
    """Return the customers who have an address, by primary key; one statement."""
    points = ContactPoint.objects.filter(channel=channel, fingerprint__in=fingerprints(address))
    return list(points.order_by("customer_id").values_list("customer_id", flat=True))


def _rows(
    statement: str, parameters: list[str], customer_ids: Iterable[int]
) -> list[tuple[Any, ...]]:
    """Return the statement's rows of these customers, whose ids are the first column."""
    ids = {int(customer_id) for customer_id in customer_ids}
    if not ids:
        return []
    first, last = min(ids), max(ids)
    is_range = last - first < SPARSEST * len(ids)
    values: list[Any]
    if is_range:
        among, values = "BETWEEN %s AND %s", [first, last]
    else:
        listed = sorted(ids)
        is_postgresql = connection.vendor == "postgresql"
        among, values = _AMONG[connection.vendor], [listed if is_postgresql else json.dumps(listed)]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(among=among), [*parameters, *values])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [row for row in rows if row[0] in ids] if is_range else rows
