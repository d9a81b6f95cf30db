"""What the model of who is moved learns from: past plans with a holdout, and what shoppers did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Count, F, Max, Min, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.models import Event
from guidance.campaigns.models import PlanEntry, PushPlan, Verdict
from guidance.campaigns.planning.shoppers import Ints
from guidance.core.among import Among
from guidance.customers.models import Customer
from models_ml.uplift.trial import LEAST_PER_ARM, Trial, as_features

Kind = Event.Kind
# What a shopper did in the year before a message is known of; what they did in the week after it
# is its outcome. The week is that of attributed purchases.
BEFORE, AFTER = timedelta(days=365), timedelta(days=7)
# A shopper's row costs about a millisecond of learning; beyond this the trees gain nothing.
MOST_SHOPPERS = 200_000
BATCH = 20_000
# A year and a day: nobody was seen who is told to be away so long.
NEVER_SEEN = 366.0
# Told apart from everybody whose joining is known; a column of nothing cannot be learned from.
UNKNOWN_AGE = -1.0
NUMBERS = ("views", "carts", "purchases", "spent")
_PURCHASED = Q(kind=Kind.PURCHASE)


@dataclass(frozen=True)
class PastPlans:
    """A trial over past plans: which they were, and who is in it, in the trial's order."""

    trial: Trial
    plans: list[str]
    customers: Ints


def past_plans(*, now: datetime | None = None) -> PastPlans:
    """Return everybody of past approved plans who was to get a message or was held out.

    The outcome is a purchase in the week after the plan's first message, for both. Of a shopper of
    several plans the last one counts. Each plan adds as many who were to get a message as it held
    out, so that a season or an audience of which more were written to is no effect. Raises
    UpliftProblem, in words, where too few were held out, ValueError where there is no plan.
    """
    plans = _plans(now or timezone.now())
    if not plans:
        raise ValueError(_("No approved plan with a holdout is a week old yet."))
    met: set[int] = set()
    parts = []
    for plan, since in reversed(plans):
        rows = _entries(plan, most=MOST_SHOPPERS // len(plans), without=met)
        if len(rows):
            met.update(rows["customer"].tolist())
            parts.append(_part(rows, since))
    if not parts:
        raise ValueError(_("No approved plan with a holdout is a week old yet."))
    tables, treated, outcome, customers = zip(*parts, strict=True)
    table = pd.concat(tables, ignore_index=True)
    trial = Trial(as_features(table, list(table)), np.concatenate(treated), np.concatenate(outcome))
    return PastPlans(trial, [str(plan.pk) for plan, _since in plans], np.concatenate(customers))


def count_held_out() -> int:
    """Return how many shoppers past plans held out: what there is to learn from."""
    plans = [plan.pk for plan, _since in _plans(timezone.now())]
    return PlanEntry.objects.filter(plan__in=plans, verdict=Verdict.HOLDOUT).count()


def has_enough() -> bool:
    """Tell whether enough were held out for a training that nobody asked for."""
    return count_held_out() >= LEAST_PER_ARM


def features_of(customer_ids: Sequence[int], *, at: datetime) -> pd.DataFrame:
    """Return what was known of shoppers at a moment, a row each in their order; two statements.

    Their tier is today's: of a past moment the plan knows it.
    """
    ids = pd.Index(customer_ids, name="customer")
    rows = (
        Event.objects.real()
        .filter(
            Among("customer_id", customer_ids), occurred_at__lt=at, occurred_at__gte=at - BEFORE
        )
        .order_by()
        .values_list("customer")
        .annotate(
            views=Count("pk", filter=Q(kind=Kind.VIEW)),
            carts=Count("pk", filter=Q(kind=Kind.CART)),
            purchases=Count("pk", filter=_PURCHASED),
            spent=Sum(F("price") * F("quantity"), filter=_PURCHASED),
            last=Max("occurred_at"),
        )
    )
    seen = pd.DataFrame(list(rows), columns=["customer", *NUMBERS, "last"]).set_index("customer")
    table = seen[[*NUMBERS]].astype(float).reindex(ids).fillna(0.0)
    days = (pd.Timestamp(at) - pd.to_datetime(seen["last"], utc=True)).dt.total_seconds() / 86_400
    table["recency"] = days.reindex(ids).fillna(NEVER_SEEN).astype(float)
    people = Customer.objects.filter(Among("id", customer_ids)).values_list(
        "id", "tier", "joined_at"
    )
    who = pd.DataFrame(list(people), columns=["customer", "tier", "joined"]).set_index("customer")
    age = (pd.Timestamp(at) - pd.to_datetime(who["joined"], utc=True)).dt.total_seconds() / 86_400
    # Who joined later was nobody known then.
    table["age"] = age.where(age >= 0).reindex(ids).fillna(UNKNOWN_AGE).astype(float)
    table["tier"] = who["tier"].reindex(ids).fillna("").astype(str)
    return table.reset_index(drop=True)


def _plans(now: datetime) -> list[tuple[PushPlan, datetime]]:
    """Return past plans that held out and sent, by when their first message left, a week ago."""
    held = PlanEntry.objects.filter(verdict=Verdict.HOLDOUT).values("plan")
    approved = PushPlan.objects.filter(
        state=PushPlan.State.APPROVED, pk__in=held, campaign__trigger=""
    )
    begun = approved.annotate(since=Min("deliveries__sent_at")).filter(since__lte=now - AFTER)
    return [(plan, plan.since) for plan in begun.order_by("since")]


def _entries(plan: PushPlan, *, most: int, without: set[int]) -> pd.DataFrame:
    """Return customer, verdict and tier of a plan's shoppers, as many of each arm, by customer.

    Who was merged since is who they became. Which of an arm that is larger is chance, the same at
    every call.
    """
    entries = PlanEntry.objects.filter(plan=plan, verdict__in=[Verdict.SEND, Verdict.HOLDOUT])
    customer = Coalesce("customer__merged_into_id", "customer_id")
    rows = pd.DataFrame(
        list(entries.order_by("customer_id").values_list(customer, "verdict", "tier")),
        columns=["customer", "verdict", "tier"],
    )
    rows = rows.drop_duplicates("customer", keep=False)
    rows = rows[~rows["customer"].isin(without)]
    fewest = min(int(rows["verdict"].value_counts().min()), most // 2) if len(rows) else 0
    if rows["verdict"].nunique() < 2:
        return rows.iloc[:0]
    return rows.groupby("verdict").sample(fewest, random_state=plan.number).sort_values("customer")


def _part(rows: pd.DataFrame, since: datetime) -> tuple[pd.DataFrame, Any, Any, Ints]:
    """Return features, arms, outcomes and customers of one plan's rows."""
    customers = rows["customer"].to_numpy(np.int64)
    tables, bought = [], []
    for start in range(0, len(customers), BATCH):
        ids = customers[start : start + BATCH]
        tables.append(features_of(ids.tolist(), at=since))
        bought.append(_bought(ids, since))
    table = pd.concat(tables, ignore_index=True)
    table["tier"] = rows["tier"].to_numpy()
    treated = rows["verdict"].to_numpy() == Verdict.SEND
    return table, treated, np.concatenate(bought), customers


@dataclass(frozen=True)
class Shown:
    """Shoppers as they were known at a moment, and whether each bought in the days after it."""

    features: pd.DataFrame
    bought: np.ndarray


def shoppers_at(at: datetime, *, within: timedelta | None = None) -> Shown:
    """Return shoppers who were known at a moment, at most `MOST_SHOPPERS`, and who bought within a
    time after; without one nobody did. Staff and scripts are none."""
    everybody = Customer.objects.filter(merged_into=None, excluded_as="").order_by("pk")
    ids = np.asarray(everybody.values_list("pk", flat=True), dtype=np.int64)
    if len(ids) > MOST_SHOPPERS:
        ids = np.sort(np.random.default_rng(0).choice(ids, MOST_SHOPPERS, replace=False))
    tables, bought = [], []
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        tables.append(features_of(some.tolist(), at=at))
        found = np.zeros(len(some)) if within is None else _bought(some, at, within)
        bought.append(found)
    if not tables:
        return Shown(pd.DataFrame(), np.empty(0))
    table, came = pd.concat(tables, ignore_index=True), np.concatenate(bought)
    # Who came later was nobody then, and would teach that nobody buys.
    was_there = ((table["recency"] < NEVER_SEEN) | (table["age"] >= 0)).to_numpy()
    return Shown(table[was_there].reset_index(drop=True), came[was_there])


def _bought(ids: Ints, since: datetime, within: timedelta = AFTER) -> np.ndarray:
    """Return 1 for those who bought in the time after, else 0."""
    buyers = Event.objects.real().filter(
        Among("customer_id", ids),
        kind=Kind.PURCHASE,
        occurred_at__gte=since,
        occurred_at__lt=since + within,
    )
    who = set(buyers.order_by().values_list("customer", flat=True).distinct())
    return np.asarray([float(one in who) for one in ids.tolist()])
