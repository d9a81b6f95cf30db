"""What a bandit among wordings tells readers apart by; all of it is read with every request anyway,
so that asking it costs no statement more."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from guidance.customers.models import Customer
from guidance.customers.selectors import commonest_tiers
from guidance.experiments.services.policies import ALWAYS, BY_SHOPPER

MET, TIER = "met", "tier:"
# The tiers that most shoppers have; of a shop with more, the others are told apart by nothing.
MOST_TIERS = 8


def features_for(method: str) -> list[str]:
    """Return what a bandit that is approved now knows of readers; [] for a method that looks at
    none."""
    if method not in BY_SHOPPER:
        return []
    return [ALWAYS, MET, *(f"{TIER}{tier}" for tier in commonest_tiers(MOST_TIERS))]


def values_of(features: Sequence[str], reader: Customer | None) -> list[float]:
    """Return what is known of a reader, in the order of `features`; None for one never met."""
    true = {ALWAYS}
    if reader is not None:
        true |= {MET, f"{TIER}{reader.tier}"}
    return [float(feature in true) for feature in features]


def features_text(features: Sequence[str]) -> str:
    """Return what readers are told apart by, in words; '' where they are not."""
    told = []
    for feature in features:
        if feature == MET:
            told.append(_("whether they were here before"))
        elif feature.startswith(TIER):
            told.append(_("membership tier %(name)s") % {"name": feature.removeprefix(TIER)})
    return ", ".join(told)
