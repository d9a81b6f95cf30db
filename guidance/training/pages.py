"""What the pages of runs and versions show, ready for templates and for JSON."""

from typing import Any

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from guidance.core.numbers import rounded
from guidance.training.blend import added_sentences, blend_rows, blend_sentences
from guidance.training.effects import effects_result
from guidance.training.estimates import estimates_part
from guidance.training.figures import (
    curve_figure,
    effects_figure,
    quality_figure,
    search_figure,
)
from guidance.training.hooks import Recipe, recipe, verdict_in_words
from guidance.training.labels import (
    metric_name,
    nothing_found,
    policy_name,
    reason_name,
    start_sentences,
)
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.selectors import curve_of, serving, versions_by_number

PROTOCOLS = ("repeats_allowed", "new_only")
METRIC_KEYS = ("ndcg@10", "hr@10", "coverage", "novelty")


def recipe_name(key: str) -> str:
    """Return a recipe's label; its key where the app that registered it is gone."""
    found = known_recipe(key)
    return str(found.label) if found else key


def known_recipe(key: str) -> Recipe | None:
    """Return a recipe, None where the app that registered it is gone."""
    try:
        return recipe(key)
    except KeyError:
        return None


def run_curve(run: TrainingRun) -> dict[str, Any]:
    """Return what a run's page draws again while it works, as JSON."""
    version = getattr(run, "version", None)
    return {"figure": _figure(run), "version_url": version_url(version) if version else ""}


def _figure(run: TrainingRun) -> dict[str, Any]:
    if run.kind == TrainingRun.Kind.SEARCH:
        return search_figure(run.report.get("trials", []))
    if run.kind == TrainingRun.Kind.EFFECTS:
        return effects_figure(run.report.get("steps", []))
    return curve_figure(curve_of(run))


def run_page(run: TrainingRun) -> dict[str, Any]:
    """Return everything that a run's page shows."""
    return {
        "run": run,
        "recipe_name": recipe_name(run.recipe),
        "is_search": run.kind == TrainingRun.Kind.SEARCH,
        "effects": effects_result(run.report) if run.kind == TrainingRun.Kind.EFFECTS else None,
        "has_curve": has_curve(run.recipe),
        "given": written_parameters(run.params),
        **run_curve(run),
        **learning_facts(run.report),
        **search_result(run.report),
    }


def has_curve(key: str) -> bool:
    """Tell whether a recipe's runs have epochs to draw."""
    found = known_recipe(key)
    return found is None or found.has_network


def learning_facts(report: dict[str, Any]) -> dict[str, Any]:
    """Return how the network began, and what earlier cuts came to."""
    return {
        "starts": start_sentences(report.get("start", {})),
        "origins": origins_table(report["rolling_origin"]) if "rolling_origin" in report else None,
    }


def origins_table(found: dict[str, Any]) -> dict[str, Any]:
    """Return NDCG@10 of every candidate at every cut, and over all of them mean and spread."""
    rows = [
        {
            "policy": policy_name(name),
            "is_model": name == "model",
            "cells": [rounded(one["test_ndcg@10"][name], 4) for one in found["origins"]],
            "mean": rounded(spread["mean"], 4),
            "deviation": rounded(spread["deviation"], 4),
        }
        for name, spread in sorted(found["candidates"].items(), key=lambda item: -item[1]["mean"])
    ]
    difference = found["difference"]
    return {
        "headers": [one["test_cut"][:10] for one in found["origins"]],
        "rows": rows,
        "left_out": found["left_out"],
        "difference": f"{difference['mean']:+.4f}",
        "low": f"{difference['low']:+.4f}",
        "high": f"{difference['high']:+.4f}",
    }


def search_result(report: dict[str, Any]) -> dict[str, Any]:
    """Return the trials, the best first, and what the best is worth against the usual settings."""
    trials, best = report.get("trials", []), report.get("best")
    states = {"complete": _("run to its end"), "pruned": _("broken off")}
    rows = [
        {
            "number": trial["number"],
            "state": states[trial["state"]],
            "value": rounded(trial["value"], 4),
            "epochs": trial["epochs"],
            "seconds": rounded(trial["seconds"], 0),
            "parameters": written_parameters(rounded_parameters(trial["parameters"])),
            "is_best": best is not None and trial["number"] == best["number"],
        }
        for trial in sorted(trials, key=lambda one: -one["value"])
    ]
    if best is None:
        return {"trials": rows, "is_better": False, "nothing_found": nothing_found()}
    return {
        "trials": rows,
        "is_better": best["value"] > report["usual"],
        "best_value": rounded(best["value"], 4),
        "usual_value": rounded(report["usual"], 4),
    }


def found_settings(report: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a search or a measurement found; none where it found nothing."""
    if best := report.get("best"):
        return dict(best["parameters"])
    return dict(report.get("proposed", {}))


def rounded_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with three significant digits, as people read them."""
    return {
        name: float(f"{value:.3g}") if isinstance(value, float) else value
        for name, value in parameters.items()
    }


def version_url(version: ModelVersion) -> str:
    return reverse("admin:training_modelversion_change", args=[version.pk])


def version_page(version: ModelVersion) -> dict[str, Any]:
    """Return everything that a version's page shows."""
    now = serving(version.recipe)
    is_promoted = version.status == ModelVersion.Status.PROMOTED
    return {
        "recipe_name": recipe_name(version.recipe),
        "policy_name": policy_name(version.policy),
        "best_baseline_name": policy_name(version.best_baseline),
        "serving": now,
        "serving_policy": policy_name(now.policy) if now else "",
        "serves_here": now is not None and now.version_id == version.pk,
        "sentences": verdict_in_words(version.recipe, version.verdict),
        **own_part(version),
        "estimates": estimates_part(version, known_recipe(version.recipe)),
        "blend": blend_rows(version.metrics),
        "blend_sentences": blend_sentences(version.metrics),
        "added_sentences": added_sentences(version.metrics),
        "facts": data_facts(version.run.report),
        **learning_facts(version.run.report),
        "curve": curve_figure(curve_of(version.run)) if curve_of(version.run) else None,
        "may_be_promoted": version.status == ModelVersion.Status.CANDIDATE,
        "is_promoted": is_promoted,
        "previous": version.replaced if is_promoted else None,
    }


def own_part(version: ModelVersion) -> dict[str, Any]:
    """Return what a recipe shows in its own way: `own_template` and what that shows, or else the
    tables by NDCG@10 and its course over the versions.
    """
    found = known_recipe(version.recipe)
    if found and found.template:
        return {"own_template": found.template, **found.page_of(version)}
    return {
        "tables": [metrics_table(version, protocol) for protocol in PROTOCOLS],
        "quality": quality_figure(versions_by_number(version.recipe)),
    }


def metrics_table(version: ModelVersion, protocol: str) -> dict[str, Any]:
    """Return one protocol's figures of every candidate, the best NDCG@10 first."""
    titles = {
        "repeats_allowed": _("Repeats allowed (this one gates)"),
        "new_only": _("Only what is new to the customer"),
    }
    rows = []
    for policy, report in version.metrics.items():
        values = report.get(protocol, {})
        rows.append(
            {
                "policy": policy_name(policy),
                "is_model": policy == "model",
                "parameters": written_parameters(_tuned(report.get("parameters", {}))),
                "ndcg": values.get("ndcg@10", 0.0),
                "cells": [rounded(values.get(key, 0.0), 4) for key in METRIC_KEYS],
                "validation": rounded(report.get("validation_ndcg", 0.0), 4),
            }
        )
    rows.sort(key=lambda row: -row["ndcg"])
    reports = list(version.metrics.values())
    customers = reports[0].get(protocol, {}).get("customers") if reports else None
    return {
        "title": titles[protocol],
        "headers": [metric_name(key) for key in METRIC_KEYS],
        "rows": rows,
        "customers": customers,
    }


def _tuned(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a candidate's parameters without those of products added later, told in words."""
    return {name: value for name, value in parameters.items() if name != "added"}


def written_parameters(parameters: dict[str, Any], prefix: str = "") -> list[str]:
    """Return `name=value` for each parameter, those inside another as `outer.name=value`."""
    written = []
    for name, value in parameters.items():
        if isinstance(value, dict):
            written += written_parameters(value, f"{prefix}{name}.")
        else:
            written.append(f"{prefix}{name}={value}")
    return written


def data_facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the training learned from, as label and value."""
    data = report.get("data")
    if not data:
        return []
    dropped = ", ".join(
        f"{reason_name(reason)}: {number_format(count, force_grouping=True)}"
        for reason, count in data["dropped"].items()
        if count
    )
    facts = [
        (_("customers"), number_format(data["customers"], force_grouping=True)),
        (_("products"), number_format(data["items"], force_grouping=True)),
        (_("interactions"), number_format(data["interactions"], force_grouping=True)),
        (_("left out"), dropped or _("nothing")),
        (_("validation from"), str(data["validation_cut"])[:10]),
        (_("test from"), str(data["test_cut"])[:10]),
        (_("last purchase"), str(data["end"])[:10]),
        (_("customers measured"), number_format(data["test_customers"], force_grouping=True)),
    ]
    seconds = report["seconds"]
    total = seconds.get("total", sum(seconds.values()))
    return [*facts, (_("seconds"), rounded(total, 1))]
