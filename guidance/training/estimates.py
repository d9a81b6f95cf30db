"""What the decision log says of a version, in words and rows for its page."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from guidance.core.numbers import rounded
from guidance.training.hooks import Recipe
from guidance.training.models import ModelVersion
from guidance.training.reward_words import WORDS, Words, percent
from guidance.training.rewards import Reward
from guidance.training.selectors import estimate_under_way
from models_ml.policy.offpolicy.estimates import Doubt, Verdict
from models_ml.policy.offpolicy.refusals import UNSUPPORTED
from models_ml.policy.offpolicy.scores import CLIPPED_IPS, DIRECT, DOUBLY_ROBUST, IPS, SNIPS

# Why a surface has no figures at all; estimators give these keys.
NOTHING_DRAWN, NOTHING_LOGGED = "nothing_drawn", "nothing_logged"
NEVER_SHOWN, ONE_SHOPPER = "never_shown", "one_shopper"
ESTIMATORS: dict[str, Promise] = {
    IPS: gettext_lazy(
        "IPS: what came of places, weighed by how much likelier this version shows the product"
    ),
    CLIPPED_IPS: gettext_lazy("clipped IPS: the same, large weights cut off"),
    SNIPS: gettext_lazy("SNIPS: the same, divided by the sum of the weights"),
    DIRECT: gettext_lazy("direct method: a model of the reward alone"),
    DOUBLY_ROBUST: gettext_lazy("doubly robust: that model, corrected by the weighed places"),
}
LEFT_OUT: dict[str, Promise] = {
    "certain": gettext_lazy("nothing in the list was drawn by chance"),
    "unseen": gettext_lazy("the shopper did not see the list"),
    "told": gettext_lazy("the request told what the log does not keep"),
    "not_told": gettext_lazy("the log does not say what else could have been drawn"),
    "open": gettext_lazy("purchases may still come"),
    "unrated": gettext_lazy("nobody rated the list"),
    "no_history": gettext_lazy("nothing was known of the shopper, so every version shows the same"),
}


def estimates_part(version: ModelVersion, recipe: Recipe | None) -> dict[str, Any]:
    """Return what the page shows of the estimates: `why_none` where the recipe can have none."""
    if recipe is None or not recipe.estimator:
        return {
            "why_none": _(
                "This model decides nothing by chance that a shopper is shown, so the decision log"
                " holds no probabilities of it and there is nothing to estimate from."
            )
        }
    job = estimate_under_way(version)
    return {
        "job_url": reverse("admin:core_job_change", args=[job.pk]) if job else "",
        "choices": Reward.choices,
        "rewards": [
            _reward(reward, version.off_policy[reward], recipe)
            for reward in Reward
            if reward in version.off_policy
        ],
    }


def _reward(reward: Reward, found: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    words = WORDS[reward]
    return {
        "key": reward.value,
        "label": reward.label,
        "head": words.head,
        "difference_head": words.difference_head,
        "at": datetime.fromisoformat(found["at"]),
        "surfaces": [_surface(one, words) for one in found["surfaces"]],
        "assumptions": recipe.assumptions(reward),
    }


def _surface(found: dict[str, Any], words: Words) -> dict[str, Any]:
    evaluation = found["evaluation"]
    return {
        "name": found["name"],
        "read": _what_was_read(found),
        "sentences": _verdict(evaluation, words) if evaluation else [_no_figures(found)],
        "support": support_sentences(evaluation, found.get("support")) if evaluation else [],
        "rows": [_row(one, words) for one in evaluation["estimates"]] if evaluation else [],
        "facts": _facts(evaluation, words) if evaluation else [],
        "is_refused": not evaluation or evaluation["verdict"] == Verdict.REFUSED,
    }


def support_sentences(evaluation: dict[str, Any], support: dict[str, Any] | None) -> list[str]:
    """Return how much of what the version would show could not have been drawn, and where; nothing
    for estimates that did not ask yet."""
    if support is None:
        return []
    share = evaluation["unsupported_share"]
    if not share:
        return [_("All that this version would show could have been drawn where it would stand.")]
    told = _(
        "%(share)s of what this version would show could not have been drawn where it would stand;"
        " at %(above)s of the places it is more than %(allowed)s."
    ) % {
        "share": percent(share),
        "above": percent(support["above"]),
        "allowed": percent(UNSUPPORTED),
    }
    places = ", ".join(
        _("place %(place)s: %(share)s") % {"place": one["place"], "share": percent(one["share"])}
        for one in support["places"]
        if one["share"]
    )
    products = ", ".join(f"{one['sku']} ({percent(one['share'])})" for one in support["products"])
    return [
        told,
        _("By place of the list: %(places)s.") % {"places": places},
        _("Most of it are these products: %(products)s.") % {"products": products},
    ]


def _what_was_read(found: dict[str, Any]) -> str:
    if not found["read"]:
        return _("No decision of this surface is in the log.")
    told = ngettext(
        "The newest %(read)s decision, from %(first)s to %(last)s, was read; %(used)s of it"
        " could be used.",
        "The newest %(read)s decisions, from %(first)s to %(last)s, were read; %(used)s of them"
        " could be used.",
        found["read"],
    ) % {
        "read": _count(found["read"]),
        "first": found["first"],
        "last": found["last"],
        "used": _count(found["used"]),
    }
    left_out = [
        f"{LEFT_OUT[reason]} ({_count(count)})"
        for reason, count in found["left_out"].items()
        if count
    ]
    if not left_out:
        return told
    return told + " " + _("Left out: %(reasons)s.") % {"reasons": "; ".join(left_out)}


def _no_figures(found: dict[str, Any]) -> str:
    return {
        NOTHING_DRAWN: _(
            "No estimate: the log holds only what the current policy shows. Give the surface some"
            " exploration, and estimate again once shoppers saw such lists."
        ),
        NOTHING_LOGGED: _("No estimate: none of the decisions read can be used."),
        NEVER_SHOWN: _("No estimate: this version would show nothing of what the log shows."),
        ONE_SHOPPER: _("No estimate: all that can be used was shown to one shopper."),
    }[found["refusal"]]


def _verdict(evaluation: dict[str, Any], words: Words) -> list[str]:
    """Return the verdict first, or that there is none and every reason why."""
    if evaluation["verdict"] == Verdict.REFUSED:
        doubts = [_doubt(one) for one in evaluation["refusals"]]
        return [_("No verdict: the log cannot carry one."), *doubts]
    robust = next(one for one in evaluation["estimates"] if one["estimator"] == DOUBLY_ROBUST)
    figures = {
        "value": words.value(robust["value"]),
        "logged": words.value(evaluation["logged_mean"]),
        "gain": words.difference(robust["gain"]),
        "low": words.difference(robust["gain_low"]),
        "high": words.difference(robust["gain_high"]),
    }
    told = {
        Verdict.BETTER: str(words.better),
        Verdict.WORSE: str(words.worse),
        Verdict.UNDECIDED: _(
            "The log does not tell this version from what was shown: the interval holds zero."
        ),
    }[Verdict(evaluation["verdict"])]
    return [told, str(words.measured) % figures]


def _doubt(refusal: dict[str, Any]) -> str:
    found, needed = refusal["found"], refusal["needed"]
    if refusal["doubt"] == Doubt.FEW_SHOPPERS:
        told = _("The log is worth %(found)s shoppers to this version; a verdict needs %(needed)s.")
        return told % {"found": rounded(found), "needed": rounded(needed)}
    if refusal["doubt"] == Doubt.FEW_REWARDS:
        told = _(
            "The log is worth %(found)s places with a success to this version; a verdict needs"
            " %(needed)s."
        )
        return told % {"found": rounded(found), "needed": rounded(needed)}
    if refusal["doubt"] == Doubt.UNSEEN_ARMS:
        return _(
            "At %(found)s of the places this version would show products that the log never showed"
            " anybody; at most %(needed)s are allowed."
        ) % {"found": percent(found), "needed": percent(needed)}
    if refusal["doubt"] == Doubt.NO_SUPPORT:
        return _(
            "%(found)s of what this version would show could not have been drawn where it would"
            " stand; at most %(needed)s is allowed. Give the surface more exploration, or let this"
            " version rank it in an experiment."
        ) % {"found": percent(found), "needed": percent(needed)}
    return _(
        "The weights average %(found)s instead of 1: this version would often show what could not"
        " have been drawn, or rules, stock or exploration were others then."
    ) % {"found": rounded(found, 2)}


def _row(estimate: dict[str, Any], words: Words) -> dict[str, Any]:
    weighs = estimate["effective_sample"] is not None
    return {
        "name": ESTIMATORS[estimate["estimator"]],
        "is_main": estimate["estimator"] == DOUBLY_ROBUST,
        "value": words.value(estimate["value"]),
        "interval": f"{words.value(estimate['low'])} … {words.value(estimate['high'])}",
        "gain": words.difference(estimate["gain"]),
        "gain_interval": " … ".join(
            words.difference(estimate[end]) for end in ("gain_low", "gain_high")
        ),
        "sample": rounded(estimate["effective_sample"]) if weighs else "–",
        "weight": rounded(estimate["largest_weight"], 2) if weighs else "–",
    }


def _facts(evaluation: dict[str, Any], words: Words) -> list[tuple[str, str]]:
    return [
        (_("places"), _count(evaluation["decisions"])),
        (_("shoppers"), _count(evaluation["shoppers"])),
        (_("as logged"), words.value(evaluation["logged_mean"])),
        (_("effective shoppers"), rounded(evaluation["effective_shoppers"])),
        (_("effective successes"), rounded(evaluation["effective_rewards"])),
        (_("mean weight"), rounded(evaluation["mean_weight"], 2)),
        (_("weights clipped at"), rounded(evaluation["clip"], 1)),
    ]


def _count(count: int) -> str:
    return number_format(count, force_grouping=True)
