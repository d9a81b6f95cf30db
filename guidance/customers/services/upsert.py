"""Customers from the shop's system: many at once, again and again, with a verdict per row."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import UNSET

from guidance.core.bulk import insert_rows, update_rows
from guidance.core.rows import (
    Refused,
    RowVerdict,
    Status,
    check_alone,
    check_time,
    count_statuses,
)
from guidance.core.services import record_batch_audit
from guidance.core.validators import is_time_zone
from guidance.customers.models import Customer
from guidance.customers.rows import CustomerRow
from guidance.customers.services.changed import mark_customers
from guidance.customers.services.consents import (
    ConsentHistory,
    check_consents,
    check_contradictions,
    consent_history,
    write_consents,
)
from guidance.customers.services.contact_points import check_contacts, write_contacts
from guidance.customers.services.excluding import EXCLUSION
from guidance.customers.services.pseudonyms import ensure_customers

PLAIN_FIELDS = ("tier", "language", "country", "time_zone", "joined_at", "excluded_as")

# Who left a customer out of figures, or said that they are not to be.
TOLD_BY_SHOP = "api"


@transaction.atomic
def upsert_customers(*, rows: Sequence[CustomerRow], source: str) -> list[RowVerdict]:
    """Create and update customers, and return a verdict per row, in the rows' order.

    The rows hold what their types allow (`core.rows.convert_row` sees to it). The same rows again
    change nothing. A pseudonym that was merged stands for its customer. `source` is kept with
    each consent. A batch takes a constant number of statements.
    """
    valid, verdicts = _check(rows)
    known = _insert_new(valid.values())
    customers = _locked([row.ref for row in valid.values()])
    history = consent_history({customer.pk for customer in customers.values()})
    accepted = _uncontradicted(valid, customers, history, verdicts)
    changed = _update(accepted, customers)
    changed |= write_contacts(
        wanted={customers[row.ref].pk: row.contacts or [] for row in accepted.values()}
    )
    changed |= write_consents(
        wanted={customers[row.ref].pk: row.consents or [] for row in accepted.values()},
        history=history,
        source=source,
    )
    for index, row in accepted.items():
        status = Status.UPDATED if customers[row.ref].pk in changed else Status.UNCHANGED
        verdicts[index] = RowVerdict(index, status if row.ref in known else Status.CREATED)
    _audit(verdicts, source)
    return [verdicts[index] for index in range(len(rows))]


def _check(rows: Sequence[CustomerRow]) -> tuple[dict[int, CustomerRow], dict[int, RowVerdict]]:
    valid: dict[int, CustomerRow] = {}
    verdicts: dict[int, RowVerdict] = {}
    seen: dict[str, int] = {}
    for index, row in enumerate(rows):
        try:
            check_alone(row.ref, index, seen, "ref")
            _check_row(row)
            valid[index] = row
        except Refused as refused:
            verdicts[index] = refused.at(index)
    return valid, verdicts


def _check_row(row: CustomerRow) -> None:
    if row.time_zone and not is_time_zone(row.time_zone):
        raise Refused("unknown_time_zone", _("time_zone: is no time zone's name."))
    if row.joined_at:
        check_time(row.joined_at, "joined_at")
    check_consents(row.consents or [])
    check_contacts(row.contacts or [])


def _insert_new(rows: Iterable[CustomerRow]) -> set[str]:
    """Insert the customers of pseudonyms never met and return those that were known before."""
    found = {row.ref: row for row in rows}
    known = set(Customer.objects.filter(ref__in=found).values_list("ref", flat=True))
    new = [Customer(ref=ref) for ref in sorted(found.keys() - known)]
    for customer in new:
        _apply(found[customer.ref], customer)
    insert_rows(new, conflict=["ref"])
    return known


def _locked(refs: Sequence[str]) -> dict[str, Customer]:
    """Return each pseudonym's customer, locked in one order against other batches."""
    resolved = ensure_customers(refs=refs)
    locked = (
        Customer.objects.select_for_update(no_key=True)
        .filter(pk__in=set(resolved.values()))
        .order_by("pk")
    )
    by_key = {customer.pk: customer for customer in locked}
    return {ref: by_key[key] for ref, key in resolved.items()}


def _uncontradicted(
    rows: Mapping[int, CustomerRow],
    customers: Mapping[str, Customer],
    history: ConsentHistory,
    verdicts: dict[int, RowVerdict],
) -> dict[int, CustomerRow]:
    """Return the rows whose consents fit the history; the others get their verdicts."""
    accepted = {}
    for index, row in rows.items():
        try:
            check_contradictions(customers[row.ref].pk, row.consents or [], history)
            accepted[index] = row
        except Refused as refused:
            verdicts[index] = refused.at(index)
    return accepted


def _update(rows: Mapping[int, CustomerRow], customers: Mapping[str, Customer]) -> set[int]:
    changed, recounted = {}, set()
    for row in rows.values():
        customer = customers[row.ref]
        before = customer.excluded_as
        if _apply(row, customer):
            changed[customer.pk] = customer
        if customer.excluded_as != before:
            recounted.add(customer.pk)
    fields = [*dict.fromkeys([*PLAIN_FIELDS, *EXCLUSION]), "is_anonymous"]
    update_rows([changed[key] for key in sorted(changed)], fields=fields)
    mark_customers(customer_ids=recounted)
    return set(changed)


def _apply(row: CustomerRow, customer: Customer) -> bool:
    """Bring the object to what the row says and return whether that changed anything."""
    new = {name: getattr(row, name) for name in PLAIN_FIELDS} | {"is_anonymous": False}
    if row.excluded_as is not UNSET:
        new["excluded_source"] = TOLD_BY_SHOP
    different = {
        name: value
        for name, value in new.items()
        if value is not UNSET and value != getattr(customer, name)
    }
    if "excluded_as" in different:
        customer.exclude_as(different["excluded_as"])
    for name, value in different.items():
        setattr(customer, name, value)
    return bool(different)


def _audit(verdicts: Mapping[int, RowVerdict], source: str) -> None:
    """Record what a batch changed; one that changed nothing leaves no entry."""
    counts = count_statuses(verdicts.values())
    touched = counts[Status.CREATED] + counts[Status.UPDATED]
    if touched:
        record_batch_audit(
            actor=None,
            verb="upsert_customers",
            model=Customer,
            count=touched,
            details={"source": source, "rows": counts},
        )
