"""Names of phases, policies and metrics, the gate's verdict and what asked for a run, in words
for people.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from guidance.core.numbers import rounded

# A job keeps its phase in English; its page translates it, so the texts are marked here.
PHASES = {
    "prepare": gettext_noop("preparing the data"),
    "language": gettext_noop("learning how the shop writes"),
    "baselines": gettext_noop("tuning the baselines"),
    "warm": gettext_noop("learning on from the version before"),
    "fit": gettext_noop("training the model"),
    "evaluate": gettext_noop("measuring"),
    "export": gettext_noop("writing the files"),
    "origins": gettext_noop("measuring at earlier cuts"),
    "search": gettext_noop("trying settings"),
    "effects": gettext_noop("measuring cleaning and augmentation"),
}
POLICIES: dict[str, Promise] = {
    "model": gettext_lazy("model"),
    "transformer": gettext_lazy("transformer alone"),
    "popularity": gettext_lazy("popularity"),
    "co_occurrence": gettext_lazy("co-occurrence"),
    "ease": gettext_lazy("EASE"),
    "repeat_frequency": gettext_lazy("repeat frequency"),
    "content": gettext_lazy("content likeness"),
    "due_again": gettext_lazy("due to be bought again"),
    "current_model": gettext_lazy("today's model"),
    "plain": gettext_lazy("no re-ranking"),
    "base_model": gettext_lazy("base model alone"),
    "everybody": gettext_lazy("everybody alike"),
    "recency": gettext_lazy("whoever was there last"),
}
METRICS: dict[str, Promise] = {
    "ndcg@10": gettext_lazy("NDCG@10"),
    "hr@10": gettext_lazy("HR@10"),
    "coverage": gettext_lazy("coverage"),
    "novelty": gettext_lazy("novelty (bits)"),
    "customers": gettext_lazy("customers"),
}

# Why cleaning left a row out.
REASONS: dict[str, Promise] = {
    "no customer": gettext_lazy("no customer"),
    "no item": gettext_lazy("no product"),
    "no time": gettext_lazy("no time"),
    "unknown kind": gettext_lazy("unknown kind"),
    "exact duplicates": gettext_lazy("sent twice"),
    "near duplicates": gettext_lazy("the same again within seconds"),
    "bots": gettext_lazy("scripts"),
    "bursts": gettext_lazy("bursts at machine pace"),
}

# What a training may do to the histories that it learns from.
AUGMENTATIONS: dict[str, Promise] = {
    "crop": gettext_lazy("oldest events left out at times"),
    "mask": gettext_lazy("products hidden at times"),
    "substitute": gettext_lazy("products replaced by like ones at times"),
}

MEASURES: dict[str, Promise] = {
    "kinds": gettext_lazy("kinds of events"),
    "categories": gettext_lazy("categories bought"),
    "prices": gettext_lazy("prices bought"),
    "baskets": gettext_lazy("sizes of baskets"),
    "new_items": gettext_lazy("share of new products bought"),
    "ctr": gettext_lazy("CTR"),
    "ndcg": gettext_lazy("NDCG@10 on what was bought since"),
}

# Live figures of a job whose names no other text holds.
DETAILS = (
    gettext_noop("trial"),
    gettext_noop("trials in all"),
    gettext_noop("best so far"),
    gettext_noop("variant"),
    gettext_noop("variants in all"),
    gettext_noop("cut"),
    gettext_noop("cuts in all"),
)
STARTS: dict[str, Promise] = {
    "both": gettext_lazy("both, the better one goes on"),
    "warm": gettext_lazy("from the version before"),
    "scratch": gettext_lazy("from scratch"),
}
# Why a training did not start from the version before; what is wrong with its files speaks for
# itself.
NO_START: dict[str, Promise] = {
    "no_earlier_training": gettext_lazy("there is none"),
    "has_seen_what_measures": gettext_lazy("it learned from what would measure the new one"),
}
# Names of groups that no other text holds; kinds of events bring theirs.
GROUPS = (
    gettext_noop("new"),
    gettext_noop("known"),
    gettext_noop("other"),
    gettext_noop("no category"),
)


def measure_name(measure: str) -> str:
    """Return what a drift measure compares, in words; an unknown one as it is."""
    return str(MEASURES.get(measure, measure))


def cause_sentence(trigger: str, cause: dict[str, Any]) -> str:
    """Return why a run was asked for; '' for what a person or a command wanted."""
    if trigger == "schedule":
        return ngettext(
            "The schedule trains every day.",
            "The schedule trains every %(days)d days.",
            cause["days"],
        ) % {"days": cause["days"]}
    if trigger == "growth":
        return _(
            "Events grew from %(before)s to %(now)s since the last training;"
            " %(limit)s %% more are enough."
        ) % {
            "before": number_format(cause["before"], force_grouping=True),
            "now": number_format(cause["now"], force_grouping=True),
            "limit": cause["limit"],
        }
    if trigger == "drift":
        return _("Drift of “%(measure)s”: the index is %(index)s, and %(limit)s is enough.") % {
            "measure": measure_name(cause["measure"]),
            "index": rounded(cause["index"], 2),
            "limit": number_format(cause["limit"]),
        }
    if trigger == "quality":
        return _(
            "“%(measure)s” fell from %(before)s to %(now)s; a loss of %(limit)s %% is enough."
        ) % {
            "measure": measure_name(cause["measure"]),
            "before": rounded(cause["before"], 4),
            "now": rounded(cause["now"], 4),
            "limit": cause["limit"],
        }
    return ""


def start_sentences(start: dict[str, Any]) -> list[str]:
    """Return how a network began: what each start came to on the same validation window."""
    sentences = [
        _("%(start)s: validation NDCG@10 %(ndcg)s after %(epochs)d epochs in %(seconds)s s.")
        % {
            "start": capfirst(str(STARTS[name])),
            "ndcg": rounded(one["validation_ndcg"], 4),
            "epochs": one["epochs"],
            "seconds": rounded(one["seconds"], 0),
        }
        for name, one in start.get("measured", {}).items()
    ]
    if len(sentences) > 1:
        sentences.append(_("Gone on with: %(start)s.") % {"start": STARTS[start["used"]]})
    if note := start.get("note"):
        reason = str(NO_START.get(note, note))
        sentences.append(_("No start from the version before: %(reason)s.") % {"reason": reason})
    return sentences


def nothing_found() -> str:
    """Return what a search says that could measure no trial."""
    return _("No settings could be measured; trainings go on with the settings in use.")


def policy_name(policy: str) -> str:
    """Return a policy in words; an unknown one as it is."""
    return str(POLICIES.get(policy, policy))


def metric_name(metric: str) -> str:
    """Return a metric in words; an unknown one as it is."""
    return str(METRICS.get(metric, metric))


def step_name(setting: str, step: str) -> str:
    """Return a step of cleaning or an augmentation in words; an unknown one as it is."""
    names = AUGMENTATIONS if setting == "augmentation" else REASONS
    return str(names.get(step, step))


def reason_name(reason: str) -> str:
    """Return why a row was left out in words; an unknown reason as it is."""
    return str(REASONS.get(reason, reason))


def interval_words(found: Mapping[str, float]) -> str:
    """Return a difference with its interval, from `mean`, `low` and `high`."""
    return _("%(mean)s (95 %% interval: %(low)s to %(high)s)") % {
        name: f"{found[name]:+.4f}" for name in ("mean", "low", "high")
    }


def verdict_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found: the decision first, then one sentence per opponent."""
    if not verdict:
        return []
    if verdict["passed"]:
        decision = _("Passed: the model beats every opponent.")
    else:
        decision = _("Refused: the model does not clearly beat %(opponent)s.") % {
            "opponent": policy_name(verdict["against"])
        }
    note = verdict.get("note", "")
    unmeasured = _("Today's model could not be measured: %(problem)s") % {"problem": note}
    comparisons = [_comparison(one) for one in verdict["comparisons"]]
    return [decision, *comparisons, *([unmeasured] if note else [])]


def _comparison(comparison: dict[str, Any]) -> str:
    numbers = {
        "opponent": policy_name(comparison["against"]),
        "difference": f"{abs(comparison['difference']):.4f}",
        "low": f"{comparison['low']:+.4f}",
        "high": f"{comparison['high']:+.4f}",
    }
    if comparison["difference"] >= 0:
        sentence = _("NDCG@10 is %(difference)s above %(opponent)s")
    else:
        sentence = _("NDCG@10 is %(difference)s below %(opponent)s")
    interval = _("(95 %% interval of the difference: %(low)s to %(high)s).")
    return f"{sentence % numbers} {interval % numbers}"
