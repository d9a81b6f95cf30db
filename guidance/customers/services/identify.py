"""An anonymous history becomes a customer's, once, on the word of the shop's server."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.core.bulk import insert_rows
from guidance.core.locks import hold_lock
from guidance.core.rows import Refused
from guidance.core.services import record_audit
from guidance.customers.hooks import move_rows
from guidance.customers.models import Consent, Customer
from guidance.customers.services.contact_points import move_contacts
from guidance.customers.services.excluding import EXCLUSION
from guidance.customers.services.suppressions import move_suppressions


@dataclass(frozen=True)
class Merge:
    """What a merge did: false where it was done before, and how many rows moved, by kind."""

    customer: Customer
    is_new: bool
    moved: dict[str, int]


@transaction.atomic
def merge_customer(*, anonymous_ref: str, customer_ref: str) -> Merge:
    """Make the anonymous visitor's history the customer's; later rows of the visitor follow it.

    Both are made where never met. The customer is known from then on and cannot be merged away,
    so that one step leads from any pseudonym to its customer. Again into the same customer
    changes nothing. Raises Refused: `same` for one pseudonym twice, `already_merged` for a
    visitor merged into somebody else, `not_anonymous` for one who is a known customer.
    """
    if anonymous_ref == customer_ref:
        raise Refused("same", _("anonymous and customer: are the same pseudonym."))
    hold_lock("customers.merge")
    insert_rows(
        [
            Customer(ref=ref, is_anonymous=ref == anonymous_ref)
            for ref in sorted((anonymous_ref, customer_ref))
        ],
        conflict=["ref"],
    )
    visitor, customer = _locked(anonymous_ref, customer_ref)
    if visitor.merged_into_id is not None:
        if visitor.merged_into_id != customer.pk:
            raise Refused("already_merged", _("anonymous: was merged into another customer."))
        return Merge(customer, is_new=False, moved={})
    if not visitor.is_anonymous:
        raise Refused("not_anonymous", _("anonymous: is a known customer."))
    return Merge(customer, is_new=True, moved=_merge(visitor, customer))


def _locked(anonymous_ref: str, customer_ref: str) -> tuple[Customer, Customer]:
    """Return the visitor and the customer (following a merge), both locked.

    The visitor is held against whoever writes rows of theirs (`ensure_customers`), the customer
    only against other changes of its own row: rows of the customer may be written meanwhile.
    """
    named = Customer.objects.get(ref=customer_ref)
    visitor = Customer.objects.select_for_update().get(ref=anonymous_ref)
    customer = Customer.objects.select_for_update(no_key=True).get(
        pk=named.merged_into_id or named.pk
    )
    return visitor, customer


def _merge(visitor: Customer, customer: Customer) -> dict[str, int]:
    visitor.merged_into = customer
    visitor.save(update_fields=["merged_into"])
    if customer.is_anonymous:
        customer.is_anonymous = False
        customer.save(update_fields=["is_anonymous"])
    if visitor.excluded_as and not customer.excluded_source:
        customer.exclude_as(visitor.excluded_as)
        customer.excluded_source = visitor.excluded_source
        customer.save(update_fields=EXCLUSION)
    moved = {
        "consents": _move_consents(visitor, customer),
        "contact_points": move_contacts(from_customer_id=visitor.pk, to_customer_id=customer.pk),
        "suppressions": move_suppressions(from_customer_id=visitor.pk, to_customer_id=customer.pk),
        **move_rows(visitor.pk, customer.pk),
    }
    record_audit(actor=None, verb="merge_customer", target=customer, details={"moved": moved})
    return moved


def _move_consents(visitor: Customer, customer: Customer) -> int:
    taken = set(customer.consents.values_list("channel", "purpose", "at"))
    rows = [c for c in visitor.consents.all() if (c.channel, c.purpose, c.at) not in taken]
    return Consent.objects.filter(pk__in=[row.pk for row in rows]).update(customer=customer)
