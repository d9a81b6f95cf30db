"""Coupons: pools filled, coupons given and taken back, within what an offer allows."""

import csv
import io
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.models import Coupon, Delivery, Offer
from guidance.core.among import Among
from guidance.core.bulk import update_rows
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.core.spreadsheets import BYTE_ORDER_MARK

# Without letters and digits that people take for one another; 31^12 codes cannot be guessed.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 12
MOST_AT_ONCE = 100_000
LONGEST = 60
HEADINGS = {"code", "codes", "coupon", "coupons", "优惠码", "优惠券"}


@dataclass(frozen=True)
class Reject:
    """A line of an upload that is no code for the pool, and why."""

    line: int
    code: str
    reason: str


@transaction.atomic
def claim_coupons(
    *, offer: Offer, occasions: Mapping[int, str], now: datetime | None = None
) -> dict[int, Coupon]:
    """Give a coupon to each of these customers and return those that could be given.

    `occasions` says, by customer, what for: asked again for the same one a customer keeps their
    coupon. Who had as many as a shopper may, and who comes when none is left or outside the
    offer's own time, is absent. The offer's row is locked, so however many ask at once no more
    than the total are ever given. A batch costs a handful of statements.
    """
    at = now or timezone.now()
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    found, counts = _held(offer, occasions)
    wanted = [
        customer
        for customer in occasions
        if customer not in found and counts[customer] < offer.most_per_customer
    ]
    if not offer.is_open(at):
        wanted = []
    if offer.most_in_total is not None:
        wanted = wanted[: max(offer.most_in_total - offer.given, 0)]
    give = _from_pool if offer.is_pooled else _of_shared_code
    given = give(offer, wanted, occasions, at) if wanted else {}
    if given:
        Offer.objects.filter(pk=offer.pk).update(given=F("given") + len(given))
    return found | given


@transaction.atomic
def release_unsent(deliveries: Sequence[Delivery]) -> int:
    """Take back the coupons of messages that never left, and return how many.

    The messages forget them: the next shopper's must not be taken back with an old message.
    """
    with_one = [row for row in deliveries if row.coupon_id is not None]
    coupon_ids = [row.coupon_id for row in with_one if row.coupon_id is not None]
    Delivery.objects.filter(id__in=[row.pk for row in with_one]).update(coupon=None)
    return release_coupons(coupon_ids=coupon_ids)


@transaction.atomic
def release_coupons(*, coupon_ids: Sequence[int]) -> int:
    """Take coupons back that nobody redeemed, since their message never left; return how many."""
    coupons = Coupon.objects.filter(
        Among("id", coupon_ids), redeemed_at=None, customer__isnull=False
    )
    owners = Offer.objects.filter(pk__in=coupons.values("offer"))
    released = 0
    for offer in owners.select_for_update().order_by("pk"):
        # Locked: a purchase that redeems one meanwhile waits, or keeps it.
        held = coupons.filter(offer=offer).select_for_update().values_list("pk", flat=True)
        mine = Coupon.objects.filter(Among("id", list(held)))
        if offer.is_pooled:
            count = mine.update(customer=None, given_at=None, occasion="")
        else:
            count = mine.count()
            mine.delete()
        Offer.objects.filter(pk=offer.pk).update(given=F("given") - count)
        released += count
    return released


@transaction.atomic
def fill_pool(*, offer: Offer, codes: Mapping[int, str], actor: User) -> tuple[int, list[Reject]]:
    """Add single-use codes, told by their line; return how many were new, and the faulty lines.

    A code that is in the pool, or was given from it, is said to be known and changes nothing.
    """
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    if not offer.is_pooled:
        raise ValidationError(_("This offer has one code for everybody, not a pool."))
    told = {line: code.strip() for line, code in codes.items()}
    known = _known(offer, sorted(set(told.values())))
    fresh: dict[str, None] = {}
    rejects = []
    for line, code in told.items():
        if reason := _fault(code, known, fresh):
            rejects.append(Reject(line, code[:LONGEST], reason))
        else:
            fresh[code] = None
    Coupon.objects.bulk_create((Coupon(offer=offer, code=code) for code in fresh), batch_size=5_000)
    record_audit(
        actor=actor,
        verb="fill_coupon_pool",
        target=offer,
        details={"added": len(fresh), "rejected": len(rejects)},
    )
    return len(fresh), rejects


def generate_pool(*, offer: Offer, count: int, actor: User) -> int:
    """Add so many codes that nobody can guess; raises ValidationError for too many at once."""
    if not 1 <= count <= MOST_AT_ONCE:
        raise ValidationError(
            _("Between 1 and %(most)d codes can be made at once.") % {"most": MOST_AT_ONCE}
        )
    codes = {number: new_code() for number in range(1, count + 1)}
    added, _rejects = fill_pool(offer=offer, codes=codes, actor=actor)
    return added


def read_codes(text: str) -> dict[int, str]:
    """Return the codes of a pasted list or a CSV file, by line: its first column.

    Empty lines and a heading are passed over. Raises ValidationError for too many.
    """
    rows = csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK)))
    codes = {}
    for row in rows:
        if row and row[0].strip():
            codes[rows.line_num] = row[0]
    if len(codes) > MOST_AT_ONCE:
        raise ValidationError(
            _("At most %(most)d codes can be added at once.") % {"most": MOST_AT_ONCE}
        )
    if codes and codes[first := min(codes)].strip().casefold() in HEADINGS:
        del codes[first]
    return codes


def new_code() -> str:
    """Return a code that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))


def _held(offer: Offer, occasions: Mapping[int, str]) -> tuple[dict[int, Coupon], Counter[int]]:
    """Return the coupons these customers hold for these very occasions, and how many of any."""
    coupons = Coupon.objects.filter(Among("customer_id", occasions), offer=offer)
    found, counts = {}, Counter[int]()
    for coupon in coupons:
        assert coupon.customer_id is not None
        counts[coupon.customer_id] += 1
        if coupon.occasion == occasions[coupon.customer_id]:
            found[coupon.customer_id] = coupon
    return found, counts


def _from_pool(
    offer: Offer, customers: Sequence[int], occasions: Mapping[int, str], now: datetime
) -> dict[int, Coupon]:
    """Give the oldest codes of the pool; the offer's lock keeps everybody else from them."""
    free = Coupon.objects.filter(offer=offer, customer=None).order_by("id")
    given = dict(zip(customers, free[: len(customers)], strict=False))
    for customer, coupon in given.items():
        coupon.customer_id, coupon.given_at = customer, now
        coupon.occasion = occasions[customer]
    update_rows(list(given.values()), fields=["customer", "given_at", "occasion"])
    return given


def _of_shared_code(
    offer: Offer, customers: Sequence[int], occasions: Mapping[int, str], now: datetime
) -> dict[int, Coupon]:
    made = [
        Coupon(
            offer=offer,
            code=offer.code,
            customer_id=customer,
            given_at=now,
            occasion=occasions[customer],
        )
        for customer in customers
    ]
    return dict(zip(customers, Coupon.objects.bulk_create(made), strict=True))


def _known(offer: Offer, codes: Sequence[str]) -> set[str]:
    """Return those of the codes that the offer has, given or not."""
    mine = Coupon.objects.filter(offer=offer)
    found: set[str] = set()
    for start in range(0, len(codes), 5_000):
        part = codes[start : start + 5_000]
        found.update(mine.filter(code__in=part).values_list("code", flat=True))
    return found


def _fault(code: str, known: set[str], fresh: Mapping[str, None]) -> str:
    if not code:
        return _("empty")
    if len(code) > LONGEST:
        return _("longer than %(most)d characters") % {"most": LONGEST}
    if not code.isprintable() or " " in code:
        return _("holds a space or a character that nobody can type")
    if code in known:
        return _("known already")
    return _("named twice") if code in fresh else ""
