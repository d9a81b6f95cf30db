"""How a version's model is blended, in words for people."""

from typing import Any

from django.utils.translation import gettext as _

from guidance.training.labels import interval_words, policy_name


def blend_sentences(metrics: dict[str, Any]) -> list[str]:
    """Return what the model is made of, by how much each part counts, and whether that is worth it.

    `metrics` are a version's, by candidate. Empty for a version that does not tell.
    """
    told = metrics.get("model", {}).get("parameters", {})
    weights, gain = told.get("weights"), told.get("gain")
    if not weights or not gain:
        return []
    found = {
        "part": policy_name(told["best_part"]),
        "gain": f"{gain['mean']:+.4f}",
        "low": f"{gain['low']:+.4f}",
        "high": f"{gain['high']:+.4f}",
    }
    measured = _(
        "On validation customers whom the weights were not tuned on, the blend's NDCG@10 differs "
        "from that of its best part, %(part)s, by %(gain)s (95 %% interval: %(low)s to %(high)s)."
    )
    if told.get("alone"):
        kept = _("The blend is not used: %(part)s alone is the model.") % found
        return [kept, measured % found]
    return [_("The blend is used: it beats each of its parts alone."), measured % found]


def added_sentences(metrics: dict[str, Any]) -> list[str]:
    """Return how products are ranked that came after the training, and what that is worth.

    Empty for a version that does not tell.
    """
    added = metrics.get("model", {}).get("parameters", {}).get("added")
    if not added:
        return []
    played = _(
        "Products added after this training are ranked by what they say of themselves. To find out "
        "how, a tenth of the products was played as added on the validation window; "
        "%(count)d customers bought one of those."
    ) % {"count": added["customers"]}
    if not added["mix"]:
        found = _("Other weights than those of known products did not help, and are not used.")
    else:
        found = _(
            "They have weights of their own. NDCG@10 differs by %(gain)s among added products, by "
            "%(new)s among all that is new to a customer, and by %(whole)s with repeats."
        ) % {name: interval_words(added[name]) for name in ("gain", "new", "whole")}
    return [
        played,
        found,
        _(
            "Where shoppers mostly buy again what they know, a new product seldom reaches the "
            "first ten of a surface that shows repeats. An exposure floor or a freshness rule "
            "gives it places there."
        ),
    ]


def blend_rows(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each part of the blend with its weight, the heaviest first, and what it knows."""
    told = metrics.get("model", {}).get("parameters", {})
    weights = told.get("weights", {}) if told.get("gain") else {}
    return [
        {
            "part": policy_name(name),
            "weight": f"{weight:g}",
            "says": policy_description(name),
        }
        for name, weight in sorted(weights.items(), key=lambda one: -one[1])
    ]


def policy_description(name: str) -> str:
    """Return what a part of the blend knows; '' for an unknown one."""
    known = {
        "transformer": _("what the order and timing of a shopper's events foretell"),
        "ease": _("what goes with all of a shopper's products together"),
        "co_occurrence": _("what is bought together with a shopper's products"),
        "repeat_frequency": _("what a shopper buys again and again"),
        "content": _("what resembles a shopper's products by title, category, brand and price"),
    }
    return known.get(name, "")
