"""What the model of who is moved learns from: past plans with a holdout, and what shoppers did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Count, Max, Q, Sum
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


@dataclass(frozen=True)
class PastPlans:
    """A trial over past plans: which they were, and who is in it, in the trial's order."""

    trial: Trial
    plans: list[str]
    customers: Ints


def past_plans(*, now: datetime | None = None) -> PastPlans:
    """Return everybody of past approved plans who was to get a message or was held out.

    The outcome is a purchase in the week after the approval. Raises UpliftProblem, in words, where
    too few were held out, ValueError where there is no plan.
    """
    plans = _plans(now or timezone.now())
    if not plans:
        raise ValueError(_("No approved plan with a holdout is a week old yet."))
    parts = [_part(plan, most=MOST_SHOPPERS // len(plans)) for plan in plans]
    tables, treated, outcome, customers = zip(*parts, strict=True)
    table = pd.concat(tables, ignore_index=True)
    trial = Trial(as_features(table, list(table)), np.concatenate(treated), np.concatenate(outcome))
    return PastPlans(trial, [str(plan.pk) for plan in plans], np.concatenate(customers))


def count_held_out() -> int:
    """Return how many shoppers past plans held out: what there is to learn from."""
    return PlanEntry.objects.filter(
        plan__in=_plans(timezone.now()), verdict=Verdict.HOLDOUT
    ).count()


def has_enough() -> bool:
    """Tell whether enough were held out for a training that nobody asked for."""
    return count_held_out() >= LEAST_PER_ARM


def features_of(customer_ids: Sequence[int], *, at: datetime) -> pd.DataFrame:
    """Return what was known of shoppers at a moment, a row each in their order; two statements."""
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
            purchases=Count("pk", filter=Q(kind=Kind.PURCHASE)),
            spent=Sum("price", filter=Q(kind=Kind.PURCHASE)),
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
    table["age"] = age.reindex(ids).fillna(UNKNOWN_AGE).astype(float)
    table["tier"] = who["tier"].reindex(ids).fillna("").astype(str)
    return table.reset_index(drop=True)


def _plans(now: datetime) -> list[PushPlan]:
    held = PlanEntry.objects.filter(verdict=Verdict.HOLDOUT).values("plan")
    approved = PushPlan.objects.filter(
        state=PushPlan.State.APPROVED, decided_at__lte=now - AFTER, pk__in=held
    )
    return list(approved.filter(campaign__trigger="").order_by("decided_at"))


def _part(plan: PushPlan, *, most: int) -> tuple[pd.DataFrame, Any, Any, Ints]:
    """Return features, arms, outcomes and customers of one plan; of many, every so-manieth."""
    assert plan.decided_at is not None
    entries = PlanEntry.objects.filter(plan=plan, verdict__in=[Verdict.SEND, Verdict.HOLDOUT])
    rows = np.asarray(
        list(entries.order_by("customer_id").values_list("customer_id", "verdict")), dtype=np.int64
    )
    rows = rows[:: max(-(-len(rows) // most), 1)]
    customers, treated = rows[:, 0], rows[:, 1] == Verdict.SEND
    tables, bought = [], []
    for start in range(0, len(customers), BATCH):
        ids = customers[start : start + BATCH]
        tables.append(features_of(ids.tolist(), at=plan.decided_at))
        bought.append(_bought(ids, plan.decided_at))
    return pd.concat(tables, ignore_index=True), treated, np.concatenate(bought), customers


def _bought(ids: Ints, since: datetime) -> np.ndarray:
    """Return 1 for those who bought in the week after, else 0."""
    buyers = Event.objects.real().filter(
        Among("customer_id", ids),
        kind=Kind.PURCHASE,
        occurred_at__gte=since,
        occurred_at__lt=since + AFTER,
    )
    who = set(buyers.order_by().values_list("customer", flat=True).distinct())
    return np.asarray([float(one in who) for one in ids.tolist()])
