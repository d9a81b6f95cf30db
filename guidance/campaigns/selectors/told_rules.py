"""The rule behind a verdict, in words: which cap, which hours, which share."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from guidance.campaigns.models import FrequencyCap, Verdict


def caps_in_words() -> str:
    """Return the caps there are; one statement."""
    return "; ".join(str(cap) for cap in FrequencyCap.objects.order_by("channel", "days"))


def rule_in_words(verdict: Verdict, campaign: Mapping[str, Any], *, caps: str) -> str:
    """Return what a verdict means, with the figures of the campaign as a plan froze it.

    `caps` are those of now, in words: a plan keeps none of them.
    """
    told = _FIGURES.get(verdict)
    label = str(verdict.label)
    if told is None:
        return label
    figures = {"caps": caps} | {name: campaign.get(name) for name in _NAMES}
    if any(not figures[name] for name in told):
        return label
    figures["quiet_from"], figures["quiet_until"] = (
        str(figures[name] or "")[:5] for name in ("quiet_from", "quiet_until")
    )
    return _("%(verdict)s (%(rule)s)") % {"verdict": label, "rule": _rule(verdict) % figures}


_NAMES = (
    *("holdout_percent", "quiet_from", "quiet_until", "priority", "budget", "currency"),
    "daily_maximum",
)
# What must be known for a rule to be told with its figures.
_FIGURES: Mapping[Verdict, Sequence[str]] = {
    Verdict.HOLDOUT: ("holdout_percent",),
    Verdict.CAP: ("caps",),
    Verdict.HIGHER_PRIORITY: ("priority",),
    Verdict.QUIET_HOURS: ("quiet_from", "quiet_until"),
    Verdict.BUDGET: ("budget", "currency"),
    Verdict.DAILY_MAXIMUM: ("daily_maximum",),
}


def _rule(verdict: Verdict) -> str:
    if verdict == Verdict.HOLDOUT:
        return _("%(holdout_percent)s %% of the audience")
    if verdict == Verdict.CAP:
        return "%(caps)s"
    if verdict == Verdict.HIGHER_PRIORITY:
        return _("higher than %(priority)s")
    if verdict == Verdict.QUIET_HOURS:
        return _("%(quiet_from)s to %(quiet_until)s")
    if verdict == Verdict.BUDGET:
        return _("%(budget)s %(currency)s")
    return _("%(daily_maximum)s a day")
