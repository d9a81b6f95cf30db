"""Names and numbers of a report as people read them."""

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.behaviour.models import Event
from guidance.core.numbers import rounded
from guidance.recommendations.health.measures import DEFAULTS
from guidance.recommendations.health.models import HealthAlert, HealthThreshold
from guidance.training.labels import measure_name, policy_name

GROUP_KINDS: dict[str, str | Promise] = {
    "brand": gettext_lazy("brand"),
    "category": gettext_lazy("category"),
    "price": gettext_lazy("price band"),
    "age": gettext_lazy("new or established"),
}
SEGMENT_KINDS: dict[str, str | Promise] = {
    "all": gettext_lazy("all shoppers"),
    "tier": gettext_lazy("membership tier"),
    "market": gettext_lazy("market"),
    "language": gettext_lazy("language"),
    "country": gettext_lazy("country"),
    "visitor": gettext_lazy("kind of visitor"),
    "familiarity": gettext_lazy("new or known shopper"),
    "activity": gettext_lazy("order lines bought before"),
}
# What decisions are compared by; what came in has the names that retraining gives it.
ANSWERED: dict[str, str | Promise] = {
    "language": gettext_lazy("shoppers' languages"),
    "policy": gettext_lazy("policies that answered"),
    "history": gettext_lazy("events known of the shopper"),
    "scores": gettext_lazy("scores of what was shown"),
}
# What reports write in place of words, by where it may occur.
TOKENS: dict[str, str | Promise] = {
    "all": gettext_lazy("all shoppers"),
    "new": gettext_lazy("new"),
    "established": gettext_lazy("established"),
    "known": gettext_lazy("known"),
    "anonymous": gettext_lazy("anonymous visitor"),
    "customer": gettext_lazy("customer"),
    "nobody": gettext_lazy("nobody in particular"),
    "niche": gettext_lazy("niche taste"),
    "diverse": gettext_lazy("mixed taste"),
    "blockbuster": gettext_lazy("mainstream taste"),
    "other": gettext_lazy("all others"),
    "no category": gettext_lazy("no category"),
}
# Kinds whose labels are the report's own words; those of other kinds are the shop's.
OWN_WORDS = frozenset({"all", "age", "visitor", "familiarity", "taste", "new_items"})


def label(kind: str, value: str) -> str:
    """Return a group's name: the shop's own, or what a word of the report stands for."""
    if value == "*":
        return _("all others together")
    if value == "":
        return _("none given")
    return str(TOKENS[value]) if kind in OWN_WORDS and value in TOKENS else value


def input_name(key: str) -> str:
    """Return what a drift is measured of; a key that a newer release had as it is."""
    return str(ANSWERED[key]) if key in ANSWERED else measure_name(key)


def moved_group(kind: str, value: str) -> str:
    """Return the name of the part of an input that moved most."""
    if kind == "policy":
        return policy_name(value)
    if kind == "kinds" and value in Event.Kind.values:
        return str(Event.Kind(value).label)
    return str(TOKENS[value]) if value in ("other", "no category") else label(kind, value)


def number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else rounded(value, digits)


def share(value: float | None, digits: int = 1) -> str:
    """.1234 -> 12.3 %, with a space at which no line breaks."""
    return "–" if value is None else f"{rounded(100 * value, digits)}\u00a0%"


def share_interval(estimate: Sequence[float] | None, digits: int = 1) -> str:
    """Return the interval's ends as percentages; '' where there is none."""
    if estimate is None:
        return ""
    low, high = (rounded(100 * end, digits) for end in estimate[1:])
    return f"{low} … {high}\u00a0%"


def interval(estimate: Sequence[float] | None, digits: int = 2) -> str:
    """Return the interval's ends; '' where there is none."""
    if estimate is None:
        return ""
    return " … ".join(rounded(end, digits) for end in estimate[1:])


def measured(measure: str, value: float) -> str:
    """Return a watched measure's value, as a percentage where it is a share."""
    known = DEFAULTS.get(measure)
    return share(value) if known and known.is_share else number(value, 2)


def explanation(measure: str) -> str:
    """Return what a measure says; '' for one that a newer release had."""
    known = DEFAULTS.get(measure)
    return str(known.explanation) if known else ""


def subject_of(alert: HealthAlert) -> str:
    """Return what an alert is about in words: an input, or a group of products, or a surface."""
    kind, colon, value = alert.subject.partition(": ")
    kinds = {**SEGMENT_KINDS, **GROUP_KINDS}
    if colon and kind in kinds:
        return f"{kinds[kind]}: {label(kind, value)}"
    return input_name(alert.subject) or alert.surface or _("all surfaces")


def thresholds_in_words(threshold: HealthThreshold) -> tuple[str, str]:
    return measured(threshold.measure, threshold.look), measured(threshold.measure, threshold.alarm)


def flagged(estimate: Any, threshold: float) -> str:
    """Return 'over' or 'under' where a ratio's whole interval lies beyond the threshold."""
    if estimate is None:
        return ""
    _value, low, high = estimate
    return "over" if low > threshold else "under" if high < 1 / threshold else ""
