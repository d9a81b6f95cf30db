"""What came of each place of logged lists: clicked, bought, for how much, or how it was rated."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from guidance.behaviour.models import Event, Source
from guidance.core.among import Among
from guidance.decisions.attribution import PURCHASE_WINDOW, purchase_sources
from guidance.decisions.models import Decision, Outcome
from guidance.experiments.selectors.trials import GRACE, PURCHASE
from guidance.recommendations.hooks import Kind
from guidance.recommendations.state import state
from guidance.training.rewards import Reward

BOUGHT = (Reward.PURCHASE, Reward.REVENUE)
# A decision's key, time, customer's key and pseudonym, items and context.
Row = tuple[UUID, datetime, int, str, Sequence[dict[str, Any]], dict[str, Any]]
Rewards = list[float | None]
Named = dict[str | int | None, list[float]]


def is_open(reward: Reward, at: datetime, now: datetime) -> bool:
    """Tell whether a list's purchases may still come, imports of the night included."""
    return reward in BOUGHT and now < at + PURCHASE_WINDOW + GRACE[PURCHASE]


def products_of(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a list's products, in order."""
    return [one for one in items if one.get("kind", Kind.PRODUCT) == Kind.PRODUCT and "sku" in one]


def rewards_of(reward: Reward, surface: str, rows: Sequence[Row]) -> dict[UUID, Rewards]:
    """Return what came of each product of these seen decisions of a surface, by decision.

    - Clicks and ratings are those that count for the decision and name the product or its place; a
      rating that names neither is every place's. None where nobody rated.
    - A purchase counts once, within the attribution window: for the last list seen before it that
      showed the product. Revenue is in the shop's currency; in others it is nothing.
    """
    found = _bought(reward, surface, rows) if reward in BOUGHT else _answered(reward, rows)
    nothing = None if reward == Reward.RATING else 0.0
    return {
        row[0]: [_of_place(found[row[0]], item, reward, nothing) for item in products_of(row[4])]
        for row in rows
    }


def _of_place(named: Named, item: dict[str, Any], reward: Reward, nothing: float | None) -> Any:
    told = [*named.get(item["sku"], ()), *named.get(item.get("position"), ())]
    if reward == Reward.RATING:
        told = told or named.get(None, [])
        return sum(told) / len(told) if told else nothing
    return (sum(told) if reward == Reward.REVENUE else 1.0) if told else nothing


def _answered(reward: Reward, rows: Sequence[Row]) -> defaultdict[UUID, Named]:
    """Return clicks or ratings by decision and by what they name: a SKU, else a place or None."""
    is_click = reward == Reward.CLICK
    decisions = Decision.objects.filter(pk__in=[row[0] for row in rows])
    outcomes = Outcome.objects.of_decisions(decisions).counted()
    outcomes = outcomes.filter(kind=Event.Kind.CLICK if is_click else Event.Kind.RATING)
    found: defaultdict[UUID, Named] = defaultdict(dict)
    for decision, sku, position, stars in outcomes.values_list(
        "decision", "product__sku", "position", "rating"
    ):
        if decision is not None and (is_click or stars is not None):
            found[decision].setdefault(sku or position, []).append(float(stars or 1))
    return found


def _bought(reward: Reward, surface: str, rows: Sequence[Row]) -> defaultdict[UUID, Named]:
    """Return purchases by the decision they count for and by SKU: the value of each, or 1."""
    found: defaultdict[UUID, Named] = defaultdict(dict)
    if not rows:
        return found
    people = {row[2] for row in rows}
    until = rows[-1][1] + PURCHASE_WINDOW
    shown: defaultdict[tuple[int, str], list[tuple[datetime, UUID]]] = defaultdict(list)
    later = Decision.objects.filter(
        Among("customer_id", people),
        surface=surface,
        source=Source.LIVE,
        at__gte=rows[0][1],
        at__lte=until,
    ).seen()
    for pk, at, customer, items in later.order_by("at", "pk").values_list(
        "pk", "at", "customer_id", "items"
    ):
        for item in products_of(items):
            shown[customer, item["sku"]].append((at, pk))
    purchases = Event.objects.filter(
        Among("customer_id", people),
        kind=Event.Kind.PURCHASE,
        source__in=purchase_sources(Source.LIVE),
        occurred_at__gte=rows[0][1],
        occurred_at__lte=until,
    )
    for customer, sku, at, price, quantity, currency in purchases.values_list(
        "customer_id", "product__sku", "occurred_at", "price", "quantity", "currency"
    ):
        lists = shown.get((customer, sku), [])
        before = bisect_right(lists, at, key=lambda one: one[0])
        if not before or at > lists[before - 1][0] + PURCHASE_WINDOW:
            continue
        is_ours = currency in ("", state.market.currency)
        value = float((price or 0) * quantity) if is_ours else 0.0
        own = found[lists[before - 1][1]].setdefault(sku, [])
        own.append(value if reward == Reward.REVENUE else 1.0)
    return found
