"""What was sent, in the decision log: opens, clicks and purchases find it by the delivery's id."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection

from guidance.behaviour.models import Source
from guidance.behaviour.services.rollups import mark_days
from guidance.campaigns.models import Delivery, MessageBandit, Why
from guidance.campaigns.planning.choosing import values_of
from guidance.campaigns.selectors.choices import SURFACE
from guidance.customers.services import mark_customers
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment

# What messages have in common whose decisions differ by shopper and time alone.
ALIKE = ("message_id", "experiment", "arm", "propensity", "why", "context", "step", "product_id")
# For the log, which is read in one language.
REASONS = {
    Why.ONLY: "The only wording there is.",
    Why.FIXED: "The wording that everybody gets.",
    Why.SHARE: "By chance, in fixed shares.",
    Why.ARM: "The wording of the shopper's arm.",
    Why.STOOD_IN: "Stands in: the wording of the shopper's arm cannot be sent.",
    Why.OUTSIDE: "Takes no part in the experiment: the control's wording.",
    Why.DRAWN: "Drawn by what the wordings earned so far.",
}
_AMONG = {"postgresql": "= ANY(%s::uuid[])", "sqlite": "IN (SELECT value FROM json_each(%s))"}
# Rows go from table to table: building half a thousand decisions took longer than all the rest.
_LOG = """
INSERT INTO {decisions} (id, at, customer_id, surface, policy, policy_version, fallback_from,
    experiment, arm, items, context, latency_ms, source)
SELECT id, sent_at, customer_id, %s, channel, %s, %s, %s, %s, {items}, {context}, 0, %s
FROM {deliveries} WHERE id {among}
ON CONFLICT DO NOTHING"""
_JSON = {"postgresql": "%s::jsonb", "sqlite": "%s"}


def log_sent(deliveries: Sequence[Delivery]) -> None:
    """Write a decision for each message that was sent, in the transaction that says it was.

    One statement for each wording, arm and chance of it, and two for the marks by which sums are
    counted again. What was sent for an experiment that no longer runs is logged outside it.
    """
    groups: defaultdict[tuple[Any, ...], list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        groups[tuple(getattr(delivery, name) for name in ALIKE)].append(delivery)
    chosen_by = _asked({delivery.experiment for delivery in deliveries} - {""})
    for group in groups.values():
        _log(group, chosen_by.get(group[0].experiment))
    moments = [(one.sent_at, Source.LIVE) for one in deliveries if one.sent_at is not None]
    mark_days(moments=moments)
    mark_customers(customer_ids=[one.customer_id for one in deliveries])


def _asked(keys: set[str]) -> dict[str, Sequence[str]]:
    """Return the experiments that run and the bandits among these, with the features that contexts
    hold; one statement each, none for none."""
    if not keys:
        return {}
    running = Experiment.objects.filter(key__in=keys, status=Experiment.Status.RUNNING)
    bandits = MessageBandit.objects.filter(key__in=keys).values_list("key", "features")
    return dict.fromkeys(running.values_list("key", flat=True), ()) | dict(bandits)


def _log(group: Sequence[Delivery], features: Sequence[str] | None) -> None:
    one, vendor = group[0], connection.vendor
    statement = _LOG.format(
        decisions=Decision._meta.db_table,
        deliveries=Delivery._meta.db_table,
        items=_JSON[vendor],
        context=_JSON[vendor],
        among=_AMONG[vendor],
    )
    ids: Any = [delivery.pk for delivery in group]
    if vendor == "sqlite":
        ids = json.dumps([key.hex for key in ids])
    why = Why(one.why)
    item = {
        "kind": "message",
        "key": one.campaign.key,
        "position": 1,
        "sku": (one.product or one.message.publication.product).sku,
        "variant": one.message.variant,
        "propensity": one.propensity,
        "reason": REASONS[why],
    }
    context: dict[str, Any] = {"campaign": one.campaign.key, "step": one.step}
    if features:
        context["features"] = values_of(one.context, features)
    is_within = features is not None
    fallback = f"{one.arm}: cannot be sent" if is_within and why == Why.STOOD_IN else ""
    told = (one.experiment, one.arm) if is_within else ("", "")
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [
                *(SURFACE, one.campaign.key, fallback, *told),
                *(json.dumps([item]), json.dumps(context), Source.LIVE, ids),
            ],
        )
