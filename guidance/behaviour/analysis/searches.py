"""Searches that found nothing: what was looked for, how often, by whom, and what came after."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b

import numpy as np
from django.db.models import Sum

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.trails import Ints, in_line, milliseconds, read_trail
from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import fold_phrase
from guidance.catalog.models import Product

# A purchase this soon after a search is taken for what was bought instead.
SOON = timedelta(days=1)
# For more shoppers than this, what they bought is read of the first alone.
MOST_ASKED = 1000
MOST_PRODUCTS = 10


@dataclass
class Phrase:
    """A phrase: when it was searched without results and by whom (customer ids as often as they
    searched), and which of those searches a purchase followed soon."""

    text: str
    at: list[datetime] = field(default_factory=list)
    whose: list[int] = field(default_factory=list)
    bought: list[bool] = field(default_factory=list)

    @property
    def times(self) -> int:
        return len(self.at)

    @property
    def key(self) -> str:
        return phrase_key(self.text)

    def shoppers(self) -> Ints:
        return np.unique(np.array(self.whose, dtype=np.int64))

    def buyers(self) -> Ints:
        followed = zip(self.whose, self.bought, strict=True)
        return np.unique(np.array([who for who, did in followed if did], dtype=np.int64))


@dataclass(frozen=True)
class Searches:
    """The phrases that found nothing, most searched first, and by day all searches and those
    without results."""

    phrases: list[Phrase]
    days: dict[date, tuple[int, int]]


def phrase_key(text: str) -> str:
    """Return what stands for a phrase where its words must not be: they are the shopper's own."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def searches(scope: Scope) -> Searches:
    """Return what was searched without results within the scope's days; three statements."""
    rows = list(
        scope.events()
        .filter(kind=Event.Kind.SEARCH, result_count=0)
        .values_list("customer_id", "occurred_at", "text")
    )
    found: dict[str, Phrase] = {}
    for (customer, at, text), did in zip(rows, _bought_soon(scope, rows), strict=True):
        words = fold_phrase(text)
        phrase = found.setdefault(words, Phrase(words))
        phrase.at.append(at)
        phrase.whose.append(customer)
        phrase.bought.append(did)
    days = (
        scope.visits()
        .filter(searches__gt=0)
        .values("day")
        .annotate(all=Sum("searches"), none=Sum("without_results"))
        .values_list("day", "all", "none")
    )
    return Searches(
        sorted(found.values(), key=lambda phrase: (-phrase.times, phrase.text)),
        {day: (every, none) for day, every, none in days},
    )


def products_bought_after(scope: Scope, phrase: Phrase) -> list[tuple[Product, int]]:
    """Return the products that most shoppers bought within a day after they searched the phrase in
    vain, with how many shoppers; two statements."""
    asked: defaultdict[int, list[datetime]] = defaultdict(list)
    for customer, at in zip(phrase.whose, phrase.at, strict=True):
        if customer in asked or len(asked) < MOST_ASKED:
            asked[customer].append(at)
    if not asked:
        return []
    bought = Event.objects.filter(
        kind=Event.Kind.PURCHASE,
        product__isnull=False,
        source__in=scope.period.event_sources,
        customer_id__in=list(asked),
        occurred_at__gte=min(phrase.at),
        occurred_at__lte=max(phrase.at) + SOON,
    ).order_by()
    whose: defaultdict[int, set[int]] = defaultdict(set)
    for customer, product, at in bought.values_list("customer_id", "product_id", "occurred_at"):
        if any(searched <= at <= searched + SOON for searched in asked[customer]):
            whose[product].add(customer)
    leaders = sorted(whose, key=lambda pk: (-len(whose[pk]), pk))[:MOST_PRODUCTS]
    products = Product.objects.in_bulk(leaders)
    return [(products[pk], len(whose[pk])) for pk in leaders]


def _bought_soon(scope: Scope, rows: list[tuple[int, datetime, str]]) -> list[bool]:
    """Tell of each search whether its shopper bought anything within a day after it."""
    if not rows:
        return []
    start = milliseconds(scope.bounds[0])
    bought_on = scope.visits(days_after=1).filter(orders__gt=0)
    trail = read_trail(bought_on, [Event.Kind.PURCHASE])
    trail = trail.only(trail.at >= start)
    who = np.array([row[0] for row in rows], dtype=np.int64)
    when = np.array([milliseconds(row[1]) for row in rows], dtype=np.int64) - start
    people = np.unique(np.concatenate([who, trail.shoppers]))
    bought = in_line(people, trail.shoppers, trail.at - start)
    searched = in_line(people, who, when)
    following = np.searchsorted(bought, searched)
    # After the last purchase there is none: a time that is never soon.
    ends = np.append(bought, np.iinfo(np.int64).max)
    soon = int(SOON.total_seconds() * 1000)
    return [bool(one) for one in ends[following] - searched <= soon]
