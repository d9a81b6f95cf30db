"""Rows of recommendations: surfaces, rules and their health."""

from typing import Any

from django.utils import timezone

from guidance.recommendations.models import (
    HealthAlert,
    HealthReport,
    HealthThreshold,
    Rule,
    Surface,
)
from tests.factories.catalog import product
from tests.factories.numbers import next_number


def surface(**given: Any) -> Surface:
    n = next_number()
    return Surface.objects.create(**{"key": f"surface-{n}", "name": f"Surface {n}", **given})


def rule(**given: Any) -> Rule:
    """A block of a product; an empty `product` leaves the target to what else is given."""
    n = next_number()
    chosen = given.pop("product") if "product" in given else product()
    return Rule.objects.create(**{"name": f"Rule {n}", "kind": "block", "product": chosen, **given})


def health_report(**given: Any) -> HealthReport:
    """A report that computed nothing yet; its scope is none that the page asks for by itself."""
    return HealthReport.objects.create(
        **{
            "surface": f"surface-{next_number()}",
            "days": 28,
            "last_day": timezone.now().date(),
            **given,
        }
    )


def health_alert(**given: Any) -> HealthAlert:
    return HealthAlert.objects.create(
        **{
            "measure": "input_drift",
            "subject": f"input {next_number()}",
            "severity": "look",
            "value": 0.2,
            "threshold": 0.1,
            **given,
        }
    )


def health_threshold(**given: Any) -> HealthThreshold:
    return HealthThreshold.objects.create(
        **{"measure": f"measure-{next_number()}", "look": 0.1, "alarm": 0.25, **given}
    )
