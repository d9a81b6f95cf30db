"""Coupons: pools filled, coupons given, taken back and redeemed, within what an offer allows."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.models import Coupon, Offer
from guidance.core.among import Among
from guidance.core.models import User
from guidance.core.services import record_audit

# Without letters and digits that people take for one another; 31^12 codes cannot be guessed.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 12
MOST_AT_ONCE = 100_000
LONGEST = 60


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
    coupon. Who had as many as a shopper may, and who comes when none is left, is absent. The
    offer's row is locked, so however many ask at once no more than the total are ever given.
    """
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    found, counts = _held(offer, occasions)
    wanted = [
        customer
        for customer in occasions
        if customer not in found and counts[customer] < offer.most_per_customer
    ]
    if offer.most_in_total is not None:
        wanted = wanted[: max(offer.most_in_total - offer.given, 0)]
    give = _from_pool if offer.is_pooled else _of_shared_code
    given = give(offer, wanted, occasions, now or timezone.now())
    if given:
        Offer.objects.filter(pk=offer.pk).update(given=F("given") + len(given))
    return found | given


@transaction.atomic
def release_coupons(*, coupon_ids: Sequence[int]) -> int:
    """Take coupons back that nobody redeemed, since their message never left; return how many."""
    coupons = Coupon.objects.filter(pk__in=coupon_ids, redeemed_at=None, customer__isnull=False)
    by_offer = Counter(coupons.values_list("offer", flat=True))
    for offer in Offer.objects.select_for_update().filter(pk__in=by_offer).order_by("pk"):
        mine = coupons.filter(offer=offer)
        if offer.is_pooled:
            count = mine.update(customer=None, given_at=None, occasion="")
        else:
            count = mine.delete()[0]
        Offer.objects.filter(pk=offer.pk).update(given=F("given") - count)
    return sum(by_offer.values())


@transaction.atomic
def redeem_coupon(*, code: str, customer_id: int, at: datetime | None = None) -> Coupon | None:
    """Mark the oldest unused coupon of a code that a customer was given; None for none."""
    mine = Coupon.objects.select_for_update().filter(code=code, customer=customer_id)
    coupon = mine.filter(redeemed_at=None).order_by("given_at", "pk").first()
    if coupon is not None:
        coupon.redeemed_at = at or timezone.now()
        coupon.save(update_fields=["redeemed_at"])
    return coupon


@transaction.atomic
def fill_pool(*, offer: Offer, codes: Iterable[str], actor: User) -> tuple[int, list[Reject]]:
    """Add single-use codes and return how many were new, and the lines that are no code.

    A code that is in the pool, or was given from it, is said to be known and changes nothing.
    """
    if not offer.is_pooled:
        raise ValidationError(_("This offer has one code for everybody, not a pool."))
    known = set(Coupon.objects.filter(offer=offer).values_list("code", flat=True))
    fresh: dict[str, None] = {}
    rejects = []
    for line, told in enumerate(codes, start=1):
        code = told.strip()
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
    added, _rejects = fill_pool(offer=offer, codes=(new_code() for _n in range(count)), actor=actor)
    return added


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
    pool = Coupon.objects.filter(offer=offer, customer=None).order_by("id")[: len(customers)]
    given = dict(zip(customers, pool, strict=False))
    for customer, coupon in given.items():
        coupon.customer_id, coupon.given_at = customer, now
        coupon.occasion = occasions[customer]
    Coupon.objects.bulk_update(given.values(), ["customer", "given_at", "occasion"], batch_size=500)
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
