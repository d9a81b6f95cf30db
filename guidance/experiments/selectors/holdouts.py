"""What all models and tests together bring: shoppers held out against those served by them.

The unit is the shopper. Exposed is who met a surface while the holdout held, from their first
decision there within the days looked at; what they buy within the window after it counts,
wherever they buy it. A visitor who logged in is the customer, once: on the side of the customer's
own pseudonym, which its hash alone tells, from its first decision on; on the visitor's while the
customer's own met nothing. Leaving out whose side changed would keep one in twenty of those who
log in among the held out of 5 %, and nineteen among the served. A pseudonym found on both sides
is left out and counted. Purchases are summed in the shop's own currency, returns not taken off.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from guidance.behaviour.models import Event, Source
from guidance.core.selectors import default_market
from guidance.decisions.attribution import CONVERSION_WINDOW, purchase_sources
from guidance.decisions.models import Decision
from guidance.experiments.models import Holdout
from guidance.experiments.samples import MeanSample, ProportionSample, Sample
from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    NotMeasured,
    Question,
    SampleRatio,
    always_valid,
    correct,
    is_clear,
    measure,
    sample_ratio,
)

CONVERSION, REVENUE = "conversion", "revenue"
METRICS = (CONVERSION, REVENUE)
HELD, SERVED = "held", "served"
EVERYWHERE = ""
# The customer's own pseudonym; visitors who became the customer have numbers above it.
OWN = 0


@dataclass(frozen=True)
class Side:
    """The shoppers of one side on one surface; revenue in the shop's currency."""

    shoppers: int
    samples: Mapping[str, Sample]


@dataclass(frozen=True)
class Gain:
    """What models and tests bring in one metric: served less held out, valid at every look."""

    metric: str
    difference: Comparison | NotMeasured
    corrected: Corrected | NotMeasured

    @property
    def is_clear(self) -> bool:
        return is_clear(self.difference, self.corrected)


@dataclass(frozen=True)
class Scope:
    """One surface, or `EVERYWHERE`: both sides and what they differ by."""

    surface: str
    held: Side
    served: Side
    gains: Sequence[Gain]
    sample_ratio: SampleRatio | NotMeasured


@dataclass(frozen=True)
class HoldoutReport:
    """A holdout's figures over [since, until); `scopes` begin with `EVERYWHERE`.

    `logged_in` are the visitors, held out and served, who logged in since; `logins` tells whether
    they are as many as the share promises: who counts how is fair while no side makes them log in.
    With `as_of` it is the report of that moment: decisions made and events received by then.
    `windows_open` are shoppers whose conversion window is not over, `elsewhere` the purchases in
    another currency, which are in no revenue.
    """

    since: datetime
    until: datetime
    scopes: Sequence[Scope]
    on_both_sides: int
    logged_in: tuple[int, int]
    logins: SampleRatio | NotMeasured
    windows_open: int
    elsewhere: int
    currency: str
    as_of: datetime | None = None


@dataclass(slots=True)
class _Pseudonym:
    """One name that a shopper went by: its first decision on each surface, and its sides."""

    first: dict[str, datetime] = field(default_factory=dict)
    sides: set[str] = field(default_factory=set)

    @property
    def earliest(self) -> datetime:
        return min(self.first.values())


@dataclass(slots=True)
class _Met:
    """A shopper's first decision on one surface, and what they bought within the window."""

    first: datetime
    is_held: bool
    bought: bool = False
    cents: int = 0


def holdout_report(
    holdout: Holdout, since: datetime, until: datetime, as_of: datetime | None = None
) -> HoldoutReport:
    """Compare both sides from `since` to `until`, within the holdout's own time.

    As of a past moment shoppers are the ones of today: who was merged since then counts as one.
    Three statements whatever the traffic: decisions by shopper and surface, the purchases after
    them, and the market.
    """
    now = as_of or timezone.now()
    since = max(since, holdout.since)
    until = min(until, holdout.ended_at or now, now)
    currency = default_market().currency
    pseudonyms = _pseudonyms(holdout, since, until, as_of)
    met, both = _met(pseudonyms)
    logged_in = _logged_in(pseudonyms)
    elsewhere = _buy(met, (since, until), currency, as_of)
    surfaces = sorted({surface for surface, _customer in met})
    scopes = list(_scopes(holdout, [EVERYWHERE, *surfaces], met))
    everywhere = [one for (surface, _), one in met.items() if surface == EVERYWHERE]
    return HoldoutReport(
        since=since,
        until=until,
        scopes=scopes,
        on_both_sides=both,
        logged_in=logged_in,
        logins=sample_ratio(logged_in, _shares(holdout)),
        windows_open=sum(one.first > now - CONVERSION_WINDOW for one in everywhere),
        elsewhere=elsewhere,
        currency=currency,
        as_of=as_of,
    )


def _pseudonyms(
    holdout: Holdout, since: datetime, until: datetime, as_of: datetime | None
) -> dict[int, dict[int, _Pseudonym]]:
    """Return, by shopper, what each of their pseudonyms met: visitors by number, their own as 0."""
    rows: Iterable[Any] = (
        Decision.objects.received_by(as_of)
        .filter(_is_shopper(as_of), source=Source.LIVE, at__gte=since, at__lt=until)
        .order_by()
        .values_list("surface", "customer", "met_as")
        .annotate(
            first=Min("at"),
            held=Count("pk", filter=Q(experiment=holdout.key)),
            served=Count("pk", filter=~Q(experiment=holdout.key)),
        )
        .iterator()
    )
    found: defaultdict[int, dict[int, _Pseudonym]] = defaultdict(dict)
    for surface, customer, met_as, first, held, served in rows:
        one = found[customer].setdefault(met_as or OWN, _Pseudonym())
        one.first[surface] = first
        one.sides |= {side for side, count in ((HELD, held), (SERVED, served)) if count}
    return found


def _is_shopper(as_of: datetime | None) -> Q:
    """The condition that a decision's customer was neither staff nor a script, as known by then."""
    today = Q(customer__excluded_as="")
    if as_of is None:
        return today
    later = Q(customer__excluded_at__gt=as_of)
    earlier = Q(customer__excluded_at=None) | Q(customer__excluded_at__lte=as_of)
    return later & Q(customer__excluded_before="") | earlier & today


def _met(
    pseudonyms: Mapping[int, Mapping[int, _Pseudonym]],
) -> tuple[dict[tuple[str, int], _Met], int]:
    """Return who met which surface first when, also over all; and how many are on both sides."""
    met: dict[tuple[str, int], _Met] = {}
    both = 0
    for customer, own in pseudonyms.items():
        counted = own.get(OWN) or min(own.values(), key=lambda one: one.earliest)
        if len(counted.sides) > 1:
            both += 1
            continue
        for surface, first in {**counted.first, EVERYWHERE: counted.earliest}.items():
            met[surface, customer] = _Met(first, HELD in counted.sides)
    return met, both


def _logged_in(pseudonyms: Mapping[int, Mapping[int, _Pseudonym]]) -> tuple[int, int]:
    """Return how many visitors of each side, the held out first, became a customer since."""
    sides = [
        one.sides for own in pseudonyms.values() for number, one in own.items() if number != OWN
    ]
    return sides.count({HELD}), sides.count({SERVED})


def _buy(
    met: Mapping[tuple[str, int], _Met],
    days: tuple[datetime, datetime],
    currency: str,
    as_of: datetime | None,
) -> int:
    """Put purchases to whom they count for; return how many are in another currency."""
    places: defaultdict[int, list[_Met]] = defaultdict(list)
    for (_surface, customer), one in met.items():
        places[customer].append(one)
    rows = Event.objects.filter(
        kind=Event.Kind.PURCHASE,
        source__in=purchase_sources(Source.LIVE),
        occurred_at__gte=days[0],
        occurred_at__lte=days[1] + CONVERSION_WINDOW,
    ).order_by()
    if as_of is not None:
        rows = rows.filter(received_at__lte=as_of)
    elsewhere = 0
    wanted = ("customer", "occurred_at", "quantity", "price", "currency")
    for customer, at, quantity, price, paid_in in rows.values_list(*wanted).iterator():
        is_other = paid_in not in ("", currency)
        counted = [
            one for one in places[customer] if one.first <= at <= one.first + CONVERSION_WINDOW
        ]
        elsewhere += bool(counted) and is_other
        for one in counted:
            one.bought = True
            one.cents += 0 if is_other else int(100 * quantity * (price or Decimal(0)))
    return elsewhere


def _scopes(
    holdout: Holdout, surfaces: Sequence[str], met: Mapping[tuple[str, int], _Met]
) -> Iterator[Scope]:
    """Yield each surface; all its tests and those of the others are one family."""
    found: dict[str, dict[str, list[_Met]]] = {one: {HELD: [], SERVED: []} for one in surfaces}
    for (surface, _customer), one in met.items():
        found[surface][HELD if one.is_held else SERVED].append(one)
    sides = {
        surface: {name: _side(shoppers) for name, shoppers in both.items()}
        for surface, both in found.items()
    }
    differences = {
        Question(metric, SERVED, surface): always_valid(
            measure(both[HELD].samples[metric], both[SERVED].samples[metric])
        )
        for surface, both in sides.items()
        for metric in METRICS
    }
    corrected = correct(differences)
    for surface, both in sides.items():
        asked = [Question(metric, SERVED, surface) for metric in METRICS]
        yield Scope(
            surface=surface,
            held=both[HELD],
            served=both[SERVED],
            gains=[Gain(one.metric, differences[one], corrected[one]) for one in asked],
            sample_ratio=sample_ratio(
                [both[HELD].shoppers, both[SERVED].shoppers], _shares(holdout)
            ),
        )


def _shares(holdout: Holdout) -> list[float]:
    """Return the shares that are held out and served."""
    share = float(holdout.share)
    return [share, 1 - share]


def _side(shoppers: Sequence[_Met]) -> Side:
    bought = ProportionSample(len(shoppers), sum(one.bought for one in shoppers))
    revenue = MeanSample.of(one.cents / 100 for one in shoppers)
    return Side(len(shoppers), {CONVERSION: bought, REVENUE: revenue})
