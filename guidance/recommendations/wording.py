"""Rules, and why one of them changed nothing, in words for people."""

from django.utils.translation import gettext as _

from guidance.recommendations.models import Rule
from guidance.recommendations.slate import Why


def rule_in_words(rule: Rule) -> str:
    """Return what a rule does, in one sentence."""
    about = rule.product or rule.category or rule.brand
    words = {
        "target": about or _("all products"),
        "position": rule.position,
        "factor": f"{rule.factor:g}" if rule.factor is not None else "",
        "most": rule.at_most,
        "percent": f"{float(rule.percent):g}" if rule.percent is not None else "",
        "days": rule.days,
        "per": rule.get_per_display(),
        "views": rule.fewer_views_than,
    }
    return _sentence(rule) % words


def _sentence(rule: Rule) -> str:
    kind = Rule.Kind(rule.kind)
    if kind == Rule.Kind.FRESHNESS and rule.factor is None:
        return _("Of %(target)s only what is newer than %(days)s days")
    if kind == Rule.Kind.QUOTA and rule.per:
        return _("At most %(most)s of %(per)s")
    if kind == Rule.Kind.EXPOSURE_FLOOR and rule.days and rule.fewer_views_than:
        return _(
            "%(percent)s%% of the places for %(target)s newer than %(days)s days or with fewer "
            "than %(views)s views"
        )
    if kind == Rule.Kind.EXPOSURE_FLOOR and rule.fewer_views_than:
        return _("%(percent)s%% of the places for %(target)s with fewer than %(views)s views")
    return {
        Rule.Kind.PIN: _("%(target)s at place %(position)s"),
        Rule.Kind.BOOST: _("%(target)s times %(factor)s"),
        Rule.Kind.BLOCK: _("Never %(target)s"),
        Rule.Kind.QUOTA: _("At most %(most)s of %(target)s"),
        Rule.Kind.MIN_MARGIN: _("%(target)s only with a margin of %(percent)s%% or more"),
        Rule.Kind.FRESHNESS: _("%(target)s newer than %(days)s days times %(factor)s"),
        Rule.Kind.DIVERSITY: _("Difference weighs %(percent)s%%, relevance the rest"),
        Rule.Kind.EXPOSURE_FLOOR: _(
            "%(percent)s%% of the places for %(target)s newer than %(days)s days"
        ),
    }[kind]


def why_idle(why: Why) -> str:
    """Return why a rule changed nothing in a slate."""
    return {
        Why.NOBODY: _("none of its products may stand here"),
        Why.SHOWN_ABOVE: _("its product or a variant is shown already"),
        Why.BEYOND: _("its place is beyond the slate"),
        Why.NOTHING_TO_DO: _("the slate is as it asks without it"),
        Why.TOO_FEW: _("too few of its products may stand here"),
    }[why]
