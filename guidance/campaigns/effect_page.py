"""An effect in words and tables: what is clear, what is not, and who got offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from guidance.campaigns.rendering import money
from guidance.campaigns.selectors.effect import (
    Arms,
    Decile,
    Effect,
    deciles_of,
    effect_of,
    offers_by,
    sent_by_day,
)
from guidance.campaigns.wordings_page import wordings_of_plan
from guidance.experiments.statistics import Comparison, NotMeasured

# Fewer held out than this tell nothing whatever the intervals say.
FEWEST_HELD = 50
_HISTORY = {
    True: gettext_lazy("had bought before"),
    False: gettext_lazy("had not bought before"),
}


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
        "lines": _lines(effect.whole, effect.currency),
        "tiers": _parts({tier or _("no tier"): a for tier, a in effect.by_tier.items()}, effect),
        "segments": [
            (
                _("By language"),
                _parts({one or _("unknown"): a for one, a in effect.by_language.items()}, effect),
            ),
            (
                _("By history"),
                _parts({_HISTORY[one]: a for one, a in effect.by_history.items()}, effect),
            ),
        ],
        "followed_days": effect.window.days if effect.window else None,
        "wordings": wordings_of_plan(plan),
        "funnel": funnel,
        "costs": [
            (_("Coupons redeemed"), _amount(float(effect.coupon_cost), effect.currency)),
            (_("Messages"), _amount(float(effect.contact_cost), effect.currency)),
        ],
        "offers": [
            (_("membership tier"), _offers(plan, "tier", _("no tier"))),
            (_("country"), _offers(plan, "country", _("unknown"))),
        ],
    }


def advice(effect: Effect) -> str:
    """Return in a sentence what the plan earned, or that the data cannot tell."""
    held = effect.whole.held.shoppers
    if effect.window is not None and not effect.whole.treated.shoppers and not held:
        return _("This cannot be told yet: the trigger has fired for nobody.")
    if held >= FEWEST_HELD and effect.profit is None:
        return _("This cannot be told yet: what was bought is the same in both groups.")
    if held < FEWEST_HELD or effect.profit is None:
        return _(
            "This cannot be told: %(held)d shoppers were held out, and at least %(fewest)d are"
            " needed. Give the next campaign a holdout."
        ) % {"held": held, "fewest": FEWEST_HELD}
    value, low, high = (_amount(one, effect.currency) for one in effect.profit)
    told = {"value": value, "low": low, "high": high}
    if effect.profit[1] > 0:
        return _("It earned %(value)s beyond what it cost (95 %%: %(low)s to %(high)s).") % told
    if effect.profit[2] < 0:
        return _("It cost more than it earned: %(value)s (95 %%: %(low)s to %(high)s).") % told
    return (
        _("The data cannot tell yet whether it earned its cost: between %(low)s and %(high)s.")
        % told
    )


def _lines(arms: Arms, currency: str) -> list[Line]:
    names = {
        "bought": _("Bought something"),
        "left_us": _("Unsubscribed (guardrail)"),
        "complained": _("Complained (guardrail)"),
    }
    lines = [_share_line(arms, name, title) for name, title in names.items()]
    earned = arms.earned
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


def _share_line(arms: Arms, name: str, title: str) -> Line:
    moved = arms.moved(name)
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


def _parts(parts: Mapping[Any, Arms], effect: Effect) -> list[tuple[Any, int, int, str, str]]:
    """Return, for each part of the shoppers, both groups' sizes, and by how much buyers and money
    differ."""
    points = _("%(points)s points")
    return [
        (
            name,
            arms.treated.shoppers,
            arms.held.shoppers,
            _moved(
                arms.moved("bought"), lambda value: points % {"points": _number(100 * value, 2)}
            ),
            _money(arms, effect),
        )
        for name, arms in parts.items()
    ]


def _money(arms: Arms, effect: Effect) -> str:
    return _moved(arms.earned, lambda value: _amount(value, effect.currency))


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
