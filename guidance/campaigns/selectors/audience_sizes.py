"""How many shoppers rules mean: counted where that is quick, else estimated from a sample."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Mod
from django.utils.translation import gettext as _

from guidance.campaigns.models import Audience
from guidance.campaigns.planning.shoppers import Ints
from guidance.campaigns.selectors.audiences import ids_of, membership
from guidance.core.numbers import rounded
from guidance.customers.models import Customer

# A shop with no more shoppers than this is counted; of a larger one a sample of about as many.
SAMPLE = 40_000
# An estimate whose interval ends below this is counted after all: few are wanted to the last one.
COUNTED_BELOW = 5_000
# 95 %.
Z = 1.959964
# Knuth's multiplicative hash of an id in 32 bits: the same shoppers in every sample, on both
# databases, whoever asks for what.
MULTIPLIER, SPACE, LONGEST_ID = 2_654_435_761, 1 << 32, 1 << 31
MOST_SAMPLED_MEMBERS = 20


@dataclass(frozen=True)
class Size:
    """So many shoppers, and the 95 % interval of an estimate; both ends are it where counted."""

    count: int
    low: int
    high: int

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    def __str__(self) -> str:
        if self.is_exact:
            return rounded(self.count)
        told = {"count": rounded(_short(self.count))}
        told |= {"low": rounded(_short(self.low)), "high": rounded(_short(self.high))}
        return _("about %(count)s (%(low)s to %(high)s)") % told


@dataclass(frozen=True)
class Overlap:
    """How much of an audience is in another: the size of both together, and the shares."""

    audience: Audience
    together: Size
    share: float
    share_of_other: float


def size_of(rules: Audience, *, at: datetime) -> Size:
    """Return the size of an audience, which need not be saved; raises as `members` does."""
    everybody = shop_size()
    if everybody > SAMPLE:
        sample = Sample(everybody)
        size = sample.size(len(sample.members(membership(rules, at=at))))
        if size.high >= COUNTED_BELOW:
            return size
    return _counted(membership(rules, at=at, of_all=True))


def overlaps(told: Audience, others: Sequence[Audience], *, at: datetime) -> list[Overlap]:
    """Return how an audience overlaps with each of others, from one sample; a statement for each.

    Others whose rules no longer hold are left out by the caller.
    """
    sample = Sample(shop_size())
    mine = sample.members(membership(told, at=at))
    found = []
    for other in others:
        theirs = sample.members(membership(other, at=at))
        both = len(np.intersect1d(mine, theirs, assume_unique=True))
        found.append(
            Overlap(
                other,
                sample.size(both),
                both / len(mine) if len(mine) else 0.0,
                both / len(theirs) if len(theirs) else 0.0,
            )
        )
    return found


def sample_members(told: Audience, *, at: datetime) -> list[Customer]:
    """Return some shoppers of an audience, in an order that has nothing to do with who they are."""
    condition = membership(told, at=at)
    sample = Sample(shop_size())
    found = list(sample.of(condition).order_by("spread")[:MOST_SAMPLED_MEMBERS])
    if len(found) == MOST_SAMPLED_MEMBERS or sample.is_everybody:
        return found
    return list(_shoppers(condition).order_by("spread")[:MOST_SAMPLED_MEMBERS])


def shop_size() -> int:
    """Return how many shoppers there are, merged ones not counted twice."""
    return Customer.objects.filter(merged_into=None).count()


class Sample:
    """About `SAMPLE` shoppers, chosen by a hash of their ids; everybody in a shop of fewer."""

    def __init__(self, everybody: int) -> None:
        self.everybody = everybody
        self.share = min(1.0, SAMPLE / max(everybody, 1))

    @property
    def is_everybody(self) -> bool:
        return self.share == 1.0

    def of(self, condition: Q) -> QuerySet[Any]:
        return _shoppers(condition).filter(spread__lt=int(self.share * SPACE))

    def members(self, condition: Q) -> Ints:
        return ids_of(self.of(condition))

    def size(self, found: int) -> Size:
        """Return what so many in the sample say of all: Wilson's interval for the share."""
        if self.is_everybody:
            return Size(found, found, found)
        asked = self.everybody * self.share
        low, high = wilson(found, asked)
        count = min(round(found / asked * self.everybody), self.everybody)
        return Size(
            count,
            min(math.floor(low * self.everybody), count),
            max(math.ceil(high * self.everybody), count),
        )


def wilson(found: float, asked: float) -> tuple[float, float]:
    """Return the 95 % interval of a share by E. B. Wilson (1927)."""
    share = min(found / asked, 1.0)
    spread = Z * math.sqrt(share * (1 - share) / asked + Z * Z / (4 * asked * asked))
    middle = share + Z * Z / (2 * asked)
    whole = 1 + Z * Z / asked
    return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)


def _counted(condition: Q) -> Size:
    count = Customer.objects.filter(condition, merged_into=None).order_by().count()
    return Size(count, count, count)


def _shoppers(condition: Q) -> QuerySet[Any]:
    """Return shoppers with `spread`, their place in the hash."""
    whole: Any = BigIntegerField()
    hashed = Mod(F("pk"), Value(LONGEST_ID, whole), output_field=whole) * Value(MULTIPLIER, whole)
    spread = Mod(
        ExpressionWrapper(hashed, output_field=whole), Value(SPACE, whole), output_field=whole
    )
    shoppers = Customer.objects.filter(merged_into=None).alias(spread=spread)
    return shoppers.filter(condition).order_by()


def _short(count: int) -> int:
    """Return a number in three digits, as an estimate is told."""
    digits = len(str(count)) - 3
    return round(count, -digits) if digits > 0 else count
