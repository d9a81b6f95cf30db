"""Rows of decisions: decisions and their outcomes."""

from collections.abc import Sequence
from typing import Any

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import mark_days
from guidance.decisions.models import Decision, Outcome
from tests.factories.behaviour import event
from tests.factories.customers import customer


def decision(**given: Any) -> Decision:
    return Decision.objects.create(
        **{
            "surface": "home",
            "policy": "popularity",
            "customer": given.pop("customer", None) or customer(),
            "items": [{"sku": "sku-1", "position": 1, "propensity": 1.0}],
            **given,
        }
    )


def logged(decisions: Sequence[Decision]) -> None:
    """Write decisions as an answer does, their days marked for the rollups."""
    Decision.objects.bulk_create(decisions)
    mark_days(moments=((one.at, one.source) for one in decisions))


def outcome(**given: Any) -> Event:
    shown = decision()
    given = {"kind": Event.Kind.IMPRESSION, "customer": shown.customer, **given}
    return Outcome.objects.get(pk=event(decision=shown.pk, **given).pk)
