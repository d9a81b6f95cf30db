"""The cards below the figures: the funnels, what sells, what is searched, how the models do."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from guidance.behaviour.models import Event
from guidance.behaviour.period import Period
from guidance.behaviour.selectors import searches_without_results, top_products, top_searches
from guidance.campaigns.models import Campaign
from guidance.console.dashboard import wording
from guidance.console.dashboard.figures import funnel_figure
from guidance.console.dashboard.selectors import Behaviour, Decisions, newest_versions
from guidance.training.figures import quality_figure
from guidance.training.pages import recipe_name

CAMPAIGN_ROWS = 6


@dataclass(frozen=True)
class Funnel:
    """Steps that were reported; `missing` names those that were not, in words."""

    key: str
    title: str
    unit: str
    steps: list[tuple[str, int]]
    missing: list[str]

    @property
    def figure(self) -> dict[str, Any] | None:
        """The drawing; None where there are not two steps to compare."""
        return funnel_figure(self.steps) if len(self.steps) > 1 else None

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(label, wording.number(count)) for label, count in self.steps]


def shopping_funnel(period: Period, behaviour: Behaviour) -> Funnel:
    """Return views, carts and purchases as events; a kind nobody reported is no step."""
    kinds = (
        (Event.Kind.VIEW, _("product views")),
        (Event.Kind.CART, _("put into a cart")),
        (Event.Kind.PURCHASE, _("order lines bought")),
    )
    counts = [(label, behaviour.events(period, kind)) for kind, label in kinds]
    return Funnel(
        key="shopping",
        title=_("From view to purchase"),
        unit=_("events; a percentage is of the step before"),
        steps=[step for step in counts if step[1]],
        missing=[label for label, count in counts if not count],
    )


def guidance_funnel(period: Period, decisions: Decisions) -> Funnel:
    """Return how far decisions got: served, seen, clicked."""
    total = decisions.total(period)
    steps = [(_("served"), total.served), (_("seen"), total.seen), (_("clicked"), total.clicked)]
    reported = [step for step in steps[:2] if step[1]] + (steps[2:] if total.seen else [])
    missing = [label for label, _count in steps if label not in dict(reported)]
    return Funnel(
        key="guidance",
        title=_("From recommendation to click"),
        unit=_("decisions; a percentage is of the step before"),
        steps=reported,
        missing=missing if total.served else [],
    )


@dataclass(frozen=True)
class ProductRow:
    """A product that sells, and its share of the best one's value for the bar."""

    title: str
    sku: str
    url: str
    quantity: str
    views: str
    value: str
    bar: int


def product_rows(period: Period, currency: str, *, may_open: bool) -> list[ProductRow]:
    """Return the products that sold for most, less what was given back."""
    span = period.first, period.last
    best = [row for row in top_products(*span, sources=period.event_sources) if row.value > 0]
    language = get_language() or "en"
    return [
        ProductRow(
            title=row.product.title_in(language),
            sku=row.product.sku,
            url=reverse("admin:catalog_product_change", args=[row.product.pk]) if may_open else "",
            quantity=wording.number(row.quantity),
            views=wording.number(row.views) if row.views else "",
            value=wording.money(row.value, currency),
            bar=round(100 * row.value / best[0].value),
        )
        for row in best
    ]


@dataclass(frozen=True)
class Searches:
    """The phrases searched most, and those searched most in vain."""

    top: list[Any]
    in_vain: list[Any]


def searches(period: Period) -> Searches:
    """Return what shoppers searched for."""
    span = period.first, period.last
    return Searches(
        top=top_searches(*span, sources=period.event_sources),
        in_vain=searches_without_results(*span, sources=period.event_sources),
    )


@dataclass(frozen=True)
class Quality:
    """One recipe's versions against their baselines."""

    recipe: str
    name: str
    figure: dict[str, Any]
    rows: list[dict[str, Any]]


def model_quality() -> list[Quality]:
    """Return the newest versions of each recipe, the oldest of them first."""
    by_recipe: dict[str, list[Any]] = {}
    for version in newest_versions():
        by_recipe.setdefault(version.recipe, []).append(version)
    found = []
    for recipe, versions in by_recipe.items():
        figure = quality_figure(versions)
        model, baseline = (line["y"] for line in figure["data"])
        rows = [
            {
                "version": version,
                "url": reverse("admin:training_modelversion_change", args=[version.pk]),
                "model": _four(model[place]),
                "baseline": _four(baseline[place]),
            }
            for place, version in enumerate(versions)
        ]
        found.append(Quality(recipe, recipe_name(recipe), figure, rows[::-1]))
    return found


def _four(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def campaigns() -> list[Campaign]:
    """Return what runs or is planned, with `offer_count`; the first to begin first."""
    now = timezone.now()
    return list(
        Campaign.objects.filter(is_active=True, ends_at__gt=now)
        .annotate(offer_count=Count("offers"))
        .order_by("starts_at")[:CAMPAIGN_ROWS]
    )
