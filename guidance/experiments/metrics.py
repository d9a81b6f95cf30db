"""The ready-made metrics, kept in step after every migration, and which ones a plan measures."""

from typing import Any

from django.utils.translation import gettext_lazy

from guidance.experiments.models import Experiment

# What every experiment shows, whatever its plan names.
ALWAYS = ("ctr", "conversion", "satisfaction")
READY_MADE: tuple[dict[str, Any], ...] = (
    {
        "key": "ctr",
        "name": gettext_lazy("CTR"),
        "kind": "ratio",
        "counted": "clicked",
        "denominator": "seen",
    },
    {
        "key": "opened",
        "name": gettext_lazy("Open rate"),
        "kind": "ratio",
        "counted": "seen",
        "denominator": "served",
    },
    {
        "key": "conversion",
        "name": gettext_lazy("Conversion"),
        "kind": "proportion",
        "event_kinds": ["purchase"],
    },
    {
        "key": "satisfaction",
        "name": gettext_lazy("Satisfaction"),
        "kind": "ratio",
        "counted": "stars",
        "denominator": "ratings",
    },
    {
        "key": "thumbs-up",
        "name": gettext_lazy("Thumbs up"),
        "kind": "ratio",
        "counted": "thumbs_up",
        "denominator": "ratings",
    },
    {
        "key": "revenue",
        "name": gettext_lazy("Revenue per visitor"),
        "kind": "revenue",
        "event_kinds": ["purchase"],
        "worth": "money",
        "returns_days": 30,
    },
    {
        "key": "purchases",
        "name": gettext_lazy("Purchases per visitor"),
        "kind": "mean",
        "event_kinds": ["purchase"],
    },
    {
        "key": "unsubscribe",
        "name": gettext_lazy("Unsubscribe rate"),
        "kind": "proportion",
        "event_kinds": ["unsubscribe"],
        "direction": "down",
        "role": "guardrail",
    },
    {
        "key": "complaint",
        "name": gettext_lazy("Complaint rate"),
        "kind": "proportion",
        "event_kinds": ["complaint"],
        "direction": "down",
        "role": "guardrail",
    },
    {
        "key": "return",
        "name": gettext_lazy("Return rate"),
        "kind": "ratio",
        "event_kinds": ["return"],
        "worth": "quantity",
        "denominator": "events",
        "base_kinds": ["purchase"],
        "window_days": 30,
        "direction": "down",
        "role": "guardrail",
    },
    {
        "key": "latency",
        "name": gettext_lazy("Latency"),
        "kind": "ratio",
        "counted": "latency_us",
        "denominator": "timed",
        "direction": "down",
        "role": "guardrail",
    },
)


def chosen_keys(experiment: Experiment) -> list[str]:
    """Return the keys of what a plan measures, each once: what is always shown, then its own."""
    named = [experiment.primary_metric, *experiment.guardrails, *experiment.also_measured]
    return list(dict.fromkeys([*ALWAYS, *filter(None, named)]))
