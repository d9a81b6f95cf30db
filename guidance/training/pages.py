"""What the pages of runs and versions show, ready for templates and for JSON."""

from typing import Any

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from guidance.training.blend import blend_rows, blend_sentences
from guidance.training.figures import curve_figure, quality_figure
from guidance.training.hooks import recipe
from guidance.training.labels import metric_name, policy_name, reason_name, verdict_sentences
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.selectors import curve_of, serving, versions_by_number

PROTOCOLS = ("repeats_allowed", "new_only")
METRIC_KEYS = ("ndcg@10", "hr@10", "coverage", "novelty")


def recipe_name(key: str) -> str:
    """Return a recipe's label; its key where the app that registered it is gone."""
    try:
        return str(recipe(key).label)
    except KeyError:
        return key


def run_curve(run: TrainingRun) -> dict[str, Any]:
    """Return what a run's page draws again while it trains, as JSON."""
    version = getattr(run, "version", None)
    return {
        "figure": curve_figure(curve_of(run)),
        "version_url": version_url(version) if version else "",
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
        "sentences": verdict_sentences(version.verdict),
        "blend": blend_rows(version.metrics),
        "blend_sentences": blend_sentences(version.metrics),
        "tables": [metrics_table(version, protocol) for protocol in PROTOCOLS],
        "facts": data_facts(version.run.report),
        "curve": curve_figure(curve_of(version.run)) if curve_of(version.run) else None,
        "quality": quality_figure(versions_by_number(version.recipe)),
        "may_be_promoted": version.status == ModelVersion.Status.CANDIDATE,
        "is_promoted": is_promoted,
        "previous": version.replaced if is_promoted else None,
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
                "parameters": written_parameters(report.get("parameters", {})),
                "ndcg": values.get("ndcg@10", 0.0),
                "cells": [number_format(values.get(key, 0.0), 4) for key in METRIC_KEYS],
                "validation": number_format(report.get("validation_ndcg", 0.0), 4),
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
    return [*facts, (_("seconds"), number_format(total, 1))]
