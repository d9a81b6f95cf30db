"""Names of phases, policies and metrics, and the gate's verdict, in words for people."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

# A job keeps its phase in English; its page translates it, so the texts are marked here.
PHASES = {
    "prepare": gettext_noop("preparing the data"),
    "baselines": gettext_noop("tuning the baselines"),
    "fit": gettext_noop("training the model"),
    "evaluate": gettext_noop("measuring"),
    "export": gettext_noop("writing the files"),
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


def policy_name(policy: str) -> str:
    """Return a policy in words; an unknown one as it is."""
    return str(POLICIES.get(policy, policy))


def metric_name(metric: str) -> str:
    """Return a metric in words; an unknown one as it is."""
    return str(METRICS.get(metric, metric))


def reason_name(reason: str) -> str:
    """Return why a row was left out in words; an unknown reason as it is."""
    return str(REASONS.get(reason, reason))


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
