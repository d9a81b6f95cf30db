"""An effect in words and tables: what is clear, what is not, and who got offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.utils import formats
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from guidance.campaigns.effect_figures import (
    calendar_figure,
    curve_figure,
    funnel_figure,
    uplift_figure,
)
from guidance.campaigns.models import PushPlan
from guidance.campaigns.predicted import segment_names
from guidance.campaigns.rendering import money
from guidance.campaigns.selectors.effect import (
    Decile,
    Effect,
    deciles_of,
    effect_of,
    offers_by,
    sent_by_day,
)
from guidance.campaigns.selectors.effect_units import Arms
from guidance.campaigns.wordings_page import wordings_of_plan
from guidance.experiments.statistics import Comparison, NotMeasured

# Fewer held out than this tell nothing whatever the intervals say.
FEWEST_HELD = 50
HISTORY = {
    True: gettext_lazy("had bought before"),
    False: gettext_lazy("had not bought before"),
}


class Moved(Protocol):
    """By how much two groups differ: of a plan, or of several together."""

    def moved(self, name: str) -> Comparison | NotMeasured: ...

    @property
    def earned(self) -> Comparison | NotMeasured: ...


@dataclass(frozen=True)
class Line:
    """A figure of both groups and the difference, in words."""

    title: str
    treated: str
    held: str
    moved: str
    is_clear: bool


def effect_page(plan: PushPlan) -> dict[str, Any]:
    """Return what the effect's template needs."""
    effect = effect_of(plan)
    if effect is None:
        return {"plan": plan, "effect": None}
    funnel, deciles = _funnel(effect), deciles_of(plan, effect)
    return {
        "plan": plan,
        "effect": effect,
        "advice": advice(effect),
        "funnel_figure": funnel_figure(funnel),
        "uplift_figure": uplift_figure(deciles),
        "curve_figure": curve_figure(deciles),
        "calendar_figure": calendar_figure(sent_by_day(plan)),
        "deciles": [_decile_line(one) for one in deciles],
        "lines": lines_of(effect.whole, effect.whole, effect.currency),
        "tiers": parts_of(
            {tier or _("no tier"): (a, a) for tier, a in effect.by_tier.items()}, effect.currency
        ),
        "segments": [
            *_learned(effect),
            (
                _("By language"),
                parts_of(
                    {one or _("unknown"): (a, a) for one, a in effect.by_language.items()},
                    effect.currency,
                ),
            ),
            (
                _("By history"),
                parts_of(
                    {HISTORY[one]: (a, a) for one, a in effect.by_history.items()}, effect.currency
                ),
            ),
        ],
        "followed_days": effect.window.days if effect.window else None,
        "wordings": wordings_of_plan(plan),
        "funnel": funnel,
        "costs": costs_of(effect.coupon_cost, effect.contact_cost, effect.currency),
        "offers": [
            (_("membership tier"), _offers(plan, "tier", _("no tier"))),
            (_("country"), _offers(plan, "country", _("unknown"))),
        ],
    }


def _learned(effect: Effect) -> list[tuple[str, list[tuple[Any, int, int, str, str]]]]:
    """Return the effect by learned segment; nothing where nobody was in any."""
    if not any(effect.by_segment):
        return []
    names = segment_names(effect.by_segment)
    parts = {names[key]: (arms, arms) for key, arms in effect.by_segment.items()}
    return [(_("By learned segment"), parts_of(parts, effect.currency))]


def costs_of(coupons: Decimal, contacts: Decimal, currency: str) -> list[tuple[str, str]]:
    """Return what was spent, by what on."""
    return [
        (_("Coupons redeemed"), _amount(float(coupons), currency)),
        (_("Messages"), _amount(float(contacts), currency)),
    ]


def advice(effect: Effect) -> str:
    """Return in a sentence what the plan earned, or that the data cannot tell."""
    held = effect.whole.held.shoppers
    if effect.window is not None and not effect.whole.treated.shoppers and not held:
        return _("This cannot be told yet: the trigger has fired for nobody.")
    return earned_text(effect.profit, held=held, currency=effect.currency)


def earned_text(profit: tuple[float, float, float] | None, *, held: int, currency: str) -> str:
    """Return in a sentence what was earned against so many held out, or that nobody can tell."""
    if held >= FEWEST_HELD and profit is None:
        return _("This cannot be told yet: what was bought is the same in both groups.")
    if held < FEWEST_HELD or profit is None:
        return _(
            "This cannot be told: %(held)d shoppers were held out, and at least %(fewest)d are"
            " needed. Give the next campaign a holdout."
        ) % {"held": held, "fewest": FEWEST_HELD}
    value, low, high = (_amount(one, currency) for one in profit)
    told = {"value": value, "low": low, "high": high}
    if profit[1] > 0:
        return _("It earned %(value)s beyond what it cost (95 %%: %(low)s to %(high)s).") % told
    if profit[2] < 0:
        return _("It cost more than it earned: %(value)s (95 %%: %(low)s to %(high)s).") % told
    return (
        _("The data cannot tell yet whether it earned its cost: between %(low)s and %(high)s.")
        % told
    )


def lines_of(arms: Arms, moved: Moved, currency: str) -> list[Line]:
    """Return the figures of both groups; `moved` knows by how much they differ."""
    names = {
        "bought": _("Bought something"),
        "left_us": _("Unsubscribed (guardrail)"),
        "complained": _("Complained (guardrail)"),
    }
    lines = [_share_line(arms, moved.moved(name), name, title) for name, title in names.items()]
    earned = moved.earned
    lines.insert(
        1,
        Line(
            _("Net revenue a shopper"),
            _mean(arms.treated.net, arms.treated.shoppers, currency),
            _mean(arms.held.net, arms.held.shoppers, currency),
            _moved(earned, lambda value: _amount(value, currency)),
            isinstance(earned, Comparison) and earned.is_clear,
        ),
    )
    return lines


def _share_line(arms: Arms, moved: Comparison | NotMeasured, name: str, title: str) -> Line:
    return Line(
        title,
        _percent(getattr(arms.treated, name), arms.treated.shoppers),
        _percent(getattr(arms.held, name), arms.held.shoppers),
        _moved(moved, lambda value: _("%(points)s points") % {"points": _number(100 * value, 2)}),
        isinstance(moved, Comparison) and moved.is_clear,
    )


def _decile_line(decile: Decile) -> tuple[int, int, int, str, str]:
    """Return a tenth's number, its groups' sizes, what was foretold and what came, in words."""
    arms = decile.arms
    points = _("%(points)s points")
    return (
        decile.number,
        arms.treated.shoppers,
        arms.held.shoppers,
        points % {"points": _number(100 * decile.predicted, 2)},
        _moved(arms.moved("bought"), lambda value: points % {"points": _number(100 * value, 2)}),
    )


def _moved(moved: Comparison | NotMeasured, told: Any) -> str:
    if isinstance(moved, NotMeasured):
        return _("cannot be told")
    return _("%(value)s (%(low)s to %(high)s)") % {
        "value": told(moved.value),
        "low": told(moved.low),
        "high": told(moved.high),
    }


def parts_of(
    parts: Mapping[Any, tuple[Arms, Moved]], currency: str
) -> list[tuple[Any, int, int, str, str]]:
    """Return, for each part of the shoppers, both groups' sizes, and by how much buyers and money
    differ."""
    points = _("%(points)s points")
    return [
        (
            name,
            arms.treated.shoppers,
            arms.held.shoppers,
            _moved(
                moved.moved("bought"), lambda value: points % {"points": _number(100 * value, 2)}
            ),
            _moved(moved.earned, lambda value: _amount(value, currency)),
        )
        for name, (arms, moved) in parts.items()
    ]


def _funnel(effect: Effect) -> list[tuple[str, int, str]]:
    whole = effect.whole.treated.shoppers
    steps = [
        (_("were to get a message"), whole),
        (_("were sent one"), effect.messages),
        (_("opened it"), effect.opened),
        (_("clicked"), effect.clicked),
    ]
    return [(title, count, _percent(count, whole)) for title, count in steps]


def _offers(plan: PushPlan, column: str, nothing: str) -> list[tuple[str, int, int, str]]:
    rows = offers_by(plan, column)[:12]
    return [
        (value or nothing, offered, whole, _percent(offered, whole))
        for value, offered, whole in rows
    ]


def _mean(total: int, count: int, currency: str) -> str:
    return _amount(total / count / 100, currency) if count else "–"


def _percent(count: int, whole: int) -> str:
    return f"{_number(100 * count / whole, 1)} %" if whole else "–"


def _number(value: float, digits: int) -> str:
    return str(formats.number_format(value, digits))


def _amount(value: float, currency: str) -> str:
    return money(f"{value:.2f}", currency, get_language() or "en")
