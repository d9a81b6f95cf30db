"""Sums brought up to the rows that a test wrote around the services."""

from datetime import datetime

from guidance.behaviour.services.rollups import advance_rollups
from guidance.customers.models import Customer
from guidance.customers.services import mark_customers
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import Report, report


def count_everybody() -> None:
    """Count every customer again, as the rollup does after their rows came in."""
    mark_customers(customer_ids=Customer.objects.values_list("pk", flat=True))
    advance_rollups()


def counted_report(experiment: Experiment, as_of: datetime | None = None) -> Report:
    """Return the report once everybody is counted."""
    count_everybody()
    return report(experiment, as_of=as_of)
