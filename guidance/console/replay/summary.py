"""What a replay's terminal and job page say at its end."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from guidance.experiments.models import Experiment
from guidance.experiments.selectors import report
from guidance.experiments.statistics import NotMeasured
from guidance.experiments.wording import (
    arm_name,
    interval_text,
    not_measured,
    sample_ratio_text,
    sentence,
    value_text,
)


def summary_lines(counts: dict[str, Any], experiment: Experiment) -> Iterator[str]:
    """Yield what was replayed, then the experiment arm by arm."""
    yield ", ".join(f"{name} {number}" for name, number in counts.items())
    found = report(experiment)
    for arm in found.arms:
        yield _("%(arm)s: %(shoppers)d shoppers, %(served)d decisions, %(seen)d seen") % {
            "arm": arm_name(arm.arm),
            "shoppers": arm.shoppers,
            "served": arm.total.served,
            "seen": arm.total.seen,
        }
        for key, metric in found.metrics.items():
            value = arm.metrics[key]
            text = (
                not_measured(value, metric)
                if isinstance(value, NotMeasured)
                else f"{value_text(metric, value.value)} ({interval_text(metric, value)})"
            )
            yield f"  {metric.title}: {text}"
    yield from (sentence(versus) for versus in found.comparisons if versus.metric == "ctr")
    yield sample_ratio_text(found)
