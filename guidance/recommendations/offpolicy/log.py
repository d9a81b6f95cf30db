"""Lists that a surface showed, drawn partly by chance, and what came of them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.decisions.models import Decision
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.models import Surface
from guidance.recommendations.offpolicy.rewards import is_open, products_of, rewards_of
from guidance.recommendations.slots import read_drawable
from guidance.training.rewards import Reward

# With ten places a list some 20,000 places, read and ranked again in a few minutes.
MOST_DECISIONS = 3_000
# What was on sale and how shoppers chose longer ago says little of today.
DAYS = timedelta(days=90)
AT_ONCE = 200
FIELDS = ("pk", "at", "customer_id", "customer__ref", "items", "context", "is_seen")


@dataclass(frozen=True)
class LoggedList:
    """The products of one decision in order, each with its probability, the primary keys of what
    could have been drawn in its place, and what came of it, None where that is not known.

    `limit` is how many items the list could hold, `beside` how many of them were no products;
    `used` are families that stood elsewhere in the same answer.
    """

    decision: UUID
    at: datetime
    customer_id: int
    ref: str
    limit: int
    context_product: str
    skus: Sequence[str]
    propensities: Sequence[float]
    drawable: Sequence[np.ndarray]
    rewards: Sequence[float | None]
    beside: int = 0
    used: frozenset[str] = frozenset()


@dataclass
class SurfaceLog:
    """What was read of one surface: how many decisions, of which days, and why some are no use."""

    surface: Surface
    reward: Reward = Reward.CLICK
    read: int = 0
    first: datetime | None = None
    last: datetime | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    shown: set[str] = field(default_factory=set)
    _pks: list[UUID] = field(default_factory=list)

    def lists(self, index: CatalogueIndex) -> Iterator[LoggedList]:
        """Yield the usable lists in order of time; `left_out` is whole once they are through."""
        for start in range(0, len(self._pks), AT_ONCE):
            yield from _lists(self, self._pks[start : start + AT_ONCE], index)


def read_log(surface: Surface, reward: Reward = Reward.CLICK) -> SurfaceLog:
    """Look at the newest decisions for live shoppers; what was drawn of them is read by `lists`."""
    rows = (
        Decision.objects.filter(
            surface=surface.key, source=Source.LIVE, at__gte=timezone.now() - DAYS
        )
        .order_by("-at", "-pk")
        .values_list("pk", "at", "items", "context")[:MOST_DECISIONS]
    )
    log, now = SurfaceLog(surface, reward), timezone.now()
    for pk, at, items, context in rows:
        log.read += 1
        log.first, log.last = at, log.last or at
        log.shown.update(item["sku"] for item in products_of(items))
        if all(float(item.get("propensity", 1.0)) >= 1 for item in products_of(items)):
            log.left_out["certain"] += 1
        elif context.get("viewed") or context.get("prefers"):
            log.left_out["told"] += 1
        elif "drawable" not in context:
            log.left_out["not_told"] += 1
        elif is_open(reward, at, now):
            log.left_out["open"] += 1
        else:
            log._pks.append(pk)
    log._pks.reverse()
    return log


def _lists(log: SurfaceLog, pks: Sequence[UUID], index: CatalogueIndex) -> Iterator[LoggedList]:
    rows = (
        Decision.objects.filter(pk__in=pks)
        .with_outcomes()
        .order_by("at", "pk")
        .values_list(*FIELDS)
    )
    found = list(rows)
    rewards = rewards_of(log.reward, log.surface.key, [row[:6] for row in found if row[6]])
    used = _used_above(found, log.surface, index)
    for pk, at, customer_id, ref, items, context, is_seen in found:
        if not is_seen:
            log.left_out["unseen"] += 1
            continue
        products, came_to = products_of(items), rewards[pk]
        if all(one is None for one in came_to):
            log.left_out["unrated"] += 1
            continue
        yield LoggedList(
            decision=pk,
            at=at,
            customer_id=customer_id,
            ref=ref,
            limit=int(context.get("limit") or len(items)),
            context_product=context.get("context_product", ""),
            skus=[item["sku"] for item in products],
            propensities=[float(item.get("propensity", 1.0)) for item in products],
            drawable=read_drawable(context["drawable"]),
            rewards=came_to,
            beside=len(items) - len(products),
            used=used[pk] | _families(items, index, beside_products=True),
        )


def _families(
    items: Sequence[dict[str, Any]], index: CatalogueIndex, *, beside_products: bool
) -> frozenset[str]:
    """Return the families of a list's items, or only of those that are no products."""
    return frozenset(
        index.family_of(one["sku"])
        for one in items
        if one.get("sku") and not (beside_products and one.get("kind", "product") == "product")
    )


def _used_above(
    rows: Sequence[Any], surface: Surface, index: CatalogueIndex
) -> defaultdict[UUID, frozenset[str]]:
    """Return which families the surfaces before it in the same answer showed, by decision.

    The decisions of one answer have one time and one shopper, and ids in the surfaces' order.
    """
    found: defaultdict[UUID, frozenset[str]] = defaultdict(frozenset)
    own = {(at, customer_id): pk for pk, at, customer_id, *_rest in rows}
    beside = Decision.objects.filter(at__in={at for at, _customer in own}, source=Source.LIVE)
    others = beside.exclude(surface=surface.key).values_list("pk", "at", "customer_id", "items")
    for other, at, customer_id, items in others:
        pk = own.get((at, customer_id))
        if pk is not None and other < pk:
            found[pk] |= _families(items, index, beside_products=False)
    return found
