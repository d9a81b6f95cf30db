"""How people read the rewards of estimates: figures with their unit, and sentences."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from guidance.core.numbers import rounded
from guidance.training.rewards import Reward

# Revenue of one place is a fraction of a cent.
PLACES = 1000


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{rounded(100 * share, 2)} %"


def signed(text: str) -> str:
    """Return a number with its sign, also where it is positive."""
    return text if text.startswith("-") else f"+{text}"


@dataclass(frozen=True)
class Words:
    """One reward's `value` and `difference` in figures, the heads of their columns, and what is
    said of a version that earns more or less; `measured` takes value, logged, gain, low and
    high."""

    value: Callable[[float], str]
    difference: Callable[[float], str]
    head: str | Promise
    difference_head: str | Promise
    better: str | Promise
    worse: str | Promise
    measured: str | Promise


def _points(share: float) -> str:
    return signed(rounded(100 * share, 2))


def _money(amount: float) -> str:
    return rounded(PLACES * amount, 2)


def _stars(stars: float) -> str:
    return rounded(stars, 2)


WORDS: dict[Reward, Words] = {
    Reward.CLICK: Words(
        percent,
        _points,
        _("Places clicked"),
        _("Difference (points)"),
        _("This version would be clicked more often than what was shown."),
        _("This version would be clicked less often than what was shown."),
        _(
            "Doubly robust: %(value)s of the places clicked instead of %(logged)s, a difference of"
            " %(gain)s points (95 %% interval: %(low)s to %(high)s)."
        ),
    ),
    Reward.PURCHASE: Words(
        percent,
        _points,
        _("Places bought"),
        _("Difference (points)"),
        _("What this version shows would be bought more often than what was shown."),
        _("What this version shows would be bought less often than what was shown."),
        _(
            "Doubly robust: %(value)s of the places bought instead of %(logged)s, a difference of"
            " %(gain)s points (95 %% interval: %(low)s to %(high)s)."
        ),
    ),
    Reward.REVENUE: Words(
        _money,
        lambda amount: signed(_money(amount)),
        _("Revenue of 1,000 places"),
        _("Difference"),
        _("This version would bring more revenue than what was shown."),
        _("This version would bring less revenue than what was shown."),
        _(
            "Doubly robust: a revenue of %(value)s from 1,000 places instead of %(logged)s, a"
            " difference of %(gain)s (95 %% interval: %(low)s to %(high)s), in the shop's currency."
        ),
    ),
    Reward.RATING: Words(
        _stars,
        lambda stars: signed(_stars(stars)),
        _("Stars"),
        _("Difference"),
        _("Shoppers who rate would be more satisfied with this version than with what was shown."),
        _("Shoppers who rate would be less satisfied with this version than with what was shown."),
        _(
            "Doubly robust: %(value)s stars instead of %(logged)s, a difference of %(gain)s (95 %%"
            " interval: %(low)s to %(high)s)."
        ),
    ),
}
