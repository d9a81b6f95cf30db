"""What a writer model's pages say: the gate's verdict, figures, and the effect over versions."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.content.presentation import language_label
from guidance.content.selectors.effect import MOST_DRAFTS, Effect, effect_by_version
from guidance.core.numbers import rounded
from guidance.training.labels import policy_name
from guidance.training.models import ModelVersion
from guidance.training.selectors import versions_by_number
from models_ml.writer.preference.data import LEAST_PROSE
from models_ml.writer.preference.measure import CURRENT, LEAST_PRODUCTS, MODEL, PLAIN

PROBLEMS: dict[str, Promise] = {
    "too_few_products": gettext_lazy("too few products are decided"),
    "unsupported_claims": gettext_lazy("texts claim what no fact supports"),
    PLAIN: gettext_lazy("it does not clearly save edits against no re-ranking"),
    CURRENT: gettext_lazy("it needs more edits than today's model"),
}
# Where nobody decided anything yet and fluency alone chooses.
FLUENCY_PROBLEMS: dict[str, Promise] = {
    "too_few_products": gettext_lazy("too few held-out products could be written for and judged"),
    "unsupported_claims": gettext_lazy("texts claim what no fact supports"),
    PLAIN: gettext_lazy("its texts do not clearly read more like the shop's own copy"),
    CURRENT: gettext_lazy("its texts read less like the shop's own copy than today's model's"),
}
LEARNED: dict[str, Promise] = {
    "texts": gettext_lazy("decided texts"),
    "products": gettext_lazy("products"),
    "approved": gettext_lazy("approved as written"),
    "edited": gettext_lazy("edited"),
    "rejected": gettext_lazy("rejected"),
    "learned_from": gettext_lazy("learned from (the others measure)"),
    "pairs": gettext_lazy("pairs of wordings"),
    "examples": gettext_lazy("texts learned as they were published"),
    "preferences": gettext_lazy("preferences learned"),
}


def verdict_sentences(verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found: the decision first, then the comparison with each opponent."""
    if not verdict:
        return []
    by_fluency = verdict.get("by") == "fluency"
    if not verdict["passed"]:
        names = FLUENCY_PROBLEMS if by_fluency else PROBLEMS
        problems = "; ".join(str(names[one]) for one in verdict["problems"])
        decision = _("Refused: %(problems)s.") % {"problems": problems}
    elif by_fluency:
        decision = _(
            "Passed: it chooses texts that read more like the shop's own copy, and no unsupported"
            " claim. Nothing was decided at the desk yet that it could learn a taste from."
        )
    else:
        decision = _("Passed: fewer edits than without it, and no unsupported claim.")
    return [decision, *verdict_details(verdict)]


def verdict_details(verdict: dict[str, Any]) -> list[str]:
    """Return the comparison with each opponent, and what else a verdict tells."""
    by_fluency = verdict.get("by") == "fluency"
    told = _surprise_sentence if by_fluency else _comparison
    sentences = [told(one) for one in verdict["comparisons"]]
    if verdict["products"] < LEAST_PRODUCTS:
        sentences.append(_count_sentence(verdict["products"], by_fluency))
    if note := verdict.get("note", ""):
        sentences.append(_("Today's model could not be measured: %(problem)s") % {"problem": note})
    return sentences


def _count_sentence(products: int, by_fluency: bool) -> str:
    if by_fluency:
        told = _("%(products)d held-out products were written for; %(least)d are needed.")
    else:
        told = _("%(products)d products are decided; %(least)d are needed.")
    return told % {"products": products, "least": LEAST_PRODUCTS}


def _surprise_sentence(comparison: dict[str, Any]) -> str:
    return _(
        "Surprise to the held-out products' own copy, against %(opponent)s: %(saved)s bits a piece"
        " less (95 %% interval: %(low)s to %(high)s)."
    ) % {
        "opponent": policy_name(comparison["against"]),
        "saved": f"{comparison['difference']:+.3f}",
        "low": f"{comparison['low']:+.3f}",
        "high": f"{comparison['high']:+.3f}",
    }


def _comparison(comparison: dict[str, Any]) -> str:
    return _(
        "Edits saved per text against %(opponent)s: %(saved)s"
        " (95 %% interval: %(low)s to %(high)s)."
    ) % {
        "opponent": policy_name(comparison["against"]),
        "saved": f"{comparison['difference']:+.2f}",
        "low": f"{comparison['low']:+.2f}",
        "high": f"{comparison['high']:+.2f}",
    }


def too_little(language: str, prose: int) -> str:
    """Say that a language has too little text, and how much would be enough."""
    return _(
        "%(language)s: %(prose)d texts of copy to learn fluency from, and %(least)d are needed;"
        " publish more copy or import descriptions."
    ) % {"language": language_label(language), "prose": prose, "least": LEAST_PROSE}


def version_page(version: ModelVersion) -> dict[str, Any]:
    """Return what the writer's part of a version's page shows."""
    report, effects = version.run.report, effect_by_version(version.recipe)
    learned = report.get("learned", {})
    return {
        "measured": [
            _measured_row(name, one) for name, one in version.metrics.items() if "edits" in one
        ],
        "judged": [
            _judged_row(name, one) for name, one in version.metrics.items() if "bits" in one
        ],
        "languages": [
            _language_row(language, one)
            for language, one in report.get("languages", {}).items()
            if "perplexity" in one
        ],
        "too_little": [
            too_little(language, one["prose"])
            for language, one in report.get("languages", {}).items()
            if "perplexity" not in one
        ],
        "effects": [_effect_row(one) for one in effects],
        "effect_figure": effect_figure(effects) if effects else None,
        "most_drafts": MOST_DRAFTS,
        "held_out_figure": held_out_figure(
            versions_by_number(version.recipe), version.best_baseline
        ),
        "replacements": [
            {**one, "language": language_label(one["language"])}
            for one in report.get("replacements", [])
        ],
        "learned": [
            (label, number_format(learned[name], force_grouping=True))
            for name, label in LEARNED.items()
            if name in learned
        ],
        "data_version": learned.get("version", ""),
    }


def effect_figure(effects: Sequence[Effect]) -> dict[str, Any]:
    """Return edits per published text (left) and the share approved as written (right)."""
    names = [_effect_name(one.number) for one in effects]
    return {
        "data": [
            {
                "type": "bar",
                "name": _("edits per published text"),
                "x": names,
                "y": [one.edits_per_text for one in effects],
                "text": [_("%(count)d texts") % {"count": one.texts} for one in effects],
                "textposition": "auto",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": _("approved as written (%)"),
                "x": names,
                "y": [round(100 * one.untouched_rate, 1) for one in effects],
                "yaxis": "y2",
            },
        ],
        "layout": {
            "xaxis": {"title": {"text": _("version that wrote")}, "type": "category"},
            "yaxis": {"title": {"text": _("edits per text")}, "rangemode": "tozero"},
            "yaxis2": {
                "title": {"text": "%"},
                "overlaying": "y",
                "side": "right",
                "range": [0, 100],
                "showgrid": False,
            },
        },
    }


def held_out_figure(versions: Iterable[ModelVersion], baseline: str) -> dict[str, Any]:
    """Return the distance to what was published of each version and of the baseline."""
    known = [one for one in versions if "edits" in one.metrics.get(MODEL, {})]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": policy_name(policy),
                "x": [str(version.number) for version in known],
                "y": [version.metrics[policy]["edits"] for version in known],
            }
            for policy in (MODEL, baseline)
        ],
        "layout": {
            "xaxis": {"title": {"text": _("version")}, "type": "category"},
            "yaxis": {"title": {"text": _("edits per text")}, "rangemode": "tozero"},
        },
    }


def _effect_name(number: int) -> str:
    return str(number) if number else _("no model")


def _effect_row(effect: Effect) -> dict[str, Any]:
    edits = effect.edits_per_text
    return {
        "name": _effect_name(effect.number),
        "texts": number_format(effect.texts, force_grouping=True),
        "edits": "–" if edits is None else rounded(edits, 2),
        "untouched": _percent(effect.untouched_rate),
        "approved": _percent(effect.approval_rate),
    }


def _measured_row(policy: str, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "policy": policy_name(policy),
        "is_model": policy == MODEL,
        "edits": rounded(figures["edits"], 2),
        "approved": _percent(figures["approval_rate"]),
        "untouched": _percent(figures["unedited_rate"]),
        "unsupported": figures["unsupported_claims"],
        "texts": figures["texts"],
    }


def _judged_row(policy: str, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "policy": policy_name(policy),
        "is_model": policy == MODEL,
        "bits": rounded(figures["bits"], 3),
        "unsupported": figures["unsupported_claims"],
        "texts": figures["texts"],
    }


def _language_row(language: str, figures: dict[str, Any]) -> dict[str, Any]:
    counts = ("prose", "texts", "vocabulary", "weights", "pieces", "steps")
    return {
        "language": language_label(language),
        "before": rounded(figures["perplexity_before"], 1),
        "after": rounded(figures["perplexity"], 1),
        "seconds": rounded(figures["seconds"], 0),
        **{name: number_format(figures[name], force_grouping=True) for name in counts},
    }


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 1)} %"
