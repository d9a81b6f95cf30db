"""What all models and tests together bring: shoppers held out against those served by them.

The unit is the shopper. Exposed is who met a surface while the holdout held, from their first
decision there within the days looked at; what they buy within the window after it counts,
wherever they buy it. A shopper found on both sides (two devices that turned out to be one person)
is left out and counted. Purchases are summed in the shop's own currency, returns not taken off.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

    `windows_open` are shoppers whose conversion window is not over, `elsewhere` the purchases in
    another currency, which are in no revenue.
    """

    since: datetime
    until: datetime
    scopes: Sequence[Scope]
    on_both_sides: int
    windows_open: int
    elsewhere: int
    currency: str


@dataclass
class _Met:
    """A shopper's first decision on one surface, and what they bought within the window."""

    first: datetime
    is_held: bool
    bought: bool = False
    cents: int = 0


def holdout_report(holdout: Holdout, since: datetime, until: datetime) -> HoldoutReport:
    """Compare both sides from `since` to `until`, within the holdout's own time.

    Three statements whatever the traffic: decisions by shopper and surface, the purchases after
    them, and the market.
    """
    now = timezone.now()
    since = max(since, holdout.since)
    until = min(until, holdout.ended_at or now, now)
    currency = default_market().currency
    met, both = _met(holdout, since, until)
    elsewhere = _buy(met, since, until, currency)
    surfaces = sorted({surface for surface, _customer in met})
    scopes = list(_scopes(holdout, [EVERYWHERE, *surfaces], met))
    everywhere = [one for (surface, _), one in met.items() if surface == EVERYWHERE]
    return HoldoutReport(
        since=since,
        until=until,
        scopes=scopes,
        on_both_sides=both,
        windows_open=sum(one.first > now - CONVERSION_WINDOW for one in everywhere),
        elsewhere=elsewhere,
        currency=currency,
    )


def _met(
    holdout: Holdout, since: datetime, until: datetime
) -> tuple[dict[tuple[str, int], _Met], int]:
    """Return who met which surface first when, also over all; and how many are on both sides."""
    rows: Iterable[Any] = (
        Decision.objects.filter(
            source=Source.LIVE, at__gte=since, at__lt=until, customer__excluded_as=""
        )
        .order_by()
        .values_list("surface", "customer")
        .annotate(
            first=Min("at"),
            held=Count("pk", filter=Q(experiment=holdout.key)),
            served=Count("pk", filter=~Q(experiment=holdout.key)),
        )
    )
    met: dict[tuple[str, int], _Met] = {}
    sides: defaultdict[int, set[bool]] = defaultdict(set)
    for surface, customer, first, held, served in rows:
        sides[customer] |= {True} if held else set()
        sides[customer] |= {False} if served else set()
        for place in (surface, EVERYWHERE):
            known = met.setdefault((place, customer), _Met(first, bool(held)))
            known.first = min(known.first, first)
    both = {customer for customer, found in sides.items() if len(found) > 1}
    return {key: one for key, one in met.items() if key[1] not in both}, len(both)


def _buy(
    met: Mapping[tuple[str, int], _Met], since: datetime, until: datetime, currency: str
) -> int:
    """Put purchases to whom they count for; return how many are in another currency."""
    places: defaultdict[int, list[_Met]] = defaultdict(list)
    for (_surface, customer), one in met.items():
        places[customer].append(one)
    rows = Event.objects.filter(
        kind=Event.Kind.PURCHASE,
        source__in=purchase_sources(Source.LIVE),
        occurred_at__gte=since,
        occurred_at__lte=until + CONVERSION_WINDOW,
    ).order_by()
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
    share = float(holdout.share)
    for surface, both in sides.items():
        asked = [Question(metric, SERVED, surface) for metric in METRICS]
        yield Scope(
            surface=surface,
            held=both[HELD],
            served=both[SERVED],
            gains=[Gain(one.metric, differences[one], corrected[one]) for one in asked],
            sample_ratio=sample_ratio(
                [both[HELD].shoppers, both[SERVED].shoppers], [share, 1 - share]
            ),
        )


def _side(shoppers: Sequence[_Met]) -> Side:
    bought = ProportionSample(len(shoppers), sum(one.bought for one in shoppers))
    revenue = MeanSample.of(one.cents / 100 for one in shoppers)
    return Side(len(shoppers), {CONVERSION: bought, REVENUE: revenue})
