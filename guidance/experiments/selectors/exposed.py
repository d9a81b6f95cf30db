"""Each shopper of an experiment: when first exposed, in which arm, who they are, what came of it.

What plots over time and segments are read from: units add up to the report's own figures.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy

from guidance.behaviour.models import Event, Source
from guidance.experiments.models import Experiment
from guidance.experiments.samples import ProportionSample, RatioSample, Sample
from guidance.experiments.selectors.report import decisions_of

METRIC_TITLES = {
    "ctr": gettext_lazy("CTR"),
    "conversion": gettext_lazy("Conversion"),
    "satisfaction": gettext_lazy("Satisfaction"),
}


@dataclass(frozen=True)
class Exposed:
    """One shopper, of one arm alone; `is_known`: they had done something here before."""

    arm: str
    at: datetime
    tier: str
    language: str
    is_known: bool
    seen: int
    clicked: int
    stars: int
    ratings: int
    converted: bool


def exposed_of(experiment: Experiment) -> list[Exposed]:
    """Return every shopper whom one arm alone met; two statements whatever the traffic."""
    before = Event.objects.filter(
        Q(source=OuterRef("source")) | ~Q(source=Source.REPLAY),
        customer=OuterRef("customer"),
        occurred_at__lt=OuterRef("at"),
    ).exclude(kind=Event.Kind.IMPRESSION)
    firsts: Iterable[Any] = (
        decisions_of(experiment)
        .in_one_arm()
        .exposures()
        .with_conversion()
        .annotate(is_known=Exists(before))
        .order_by()
        .values_list("customer", "at", "is_converted", "is_known")
    )
    known = {customer: rest for customer, *rest in firsts}
    rows: Iterable[Any] = (
        decisions_of(experiment)
        .exclude(customer=None)
        .with_outcomes()
        .with_counts()
        .order_by()
        .values("customer", "arm", tier=F("customer__tier"), language=F("customer__language"))
        .annotate(
            sum_seen=Count("pk", filter=Q(is_seen=True)),
            sum_clicked=Count("pk", filter=Q(is_clicked=True)),
            sum_stars=Sum("rating_sum"),
            sum_ratings=Sum("ratings"),
        )
    )
    return [
        Exposed(
            arm=row["arm"],
            at=known[row["customer"]][0],
            tier=row["tier"],
            language=row["language"],
            is_known=known[row["customer"]][2],
            seen=row["sum_seen"],
            clicked=row["sum_clicked"],
            stars=row["sum_stars"],
            ratings=row["sum_ratings"],
            converted=known[row["customer"]][1],
        )
        for row in rows
        if row["customer"] in known
    ]


def samples_of(shoppers: Sequence[Exposed]) -> dict[str, Sample]:
    """Return these shoppers' sample of every metric."""
    return {
        "ctr": RatioSample.of((one.clicked, one.seen) for one in shoppers),
        "conversion": ProportionSample(len(shoppers), sum(one.converted for one in shoppers)),
        "satisfaction": RatioSample.of(((one.stars, one.ratings) for one in shoppers), cases=False),
    }


def by_arm(shoppers: Iterable[Exposed]) -> dict[str, list[Exposed]]:
    """Return the shoppers of each arm."""
    found: defaultdict[str, list[Exposed]] = defaultdict(list)
    for one in shoppers:
        found[one.arm].append(one)
    return found
