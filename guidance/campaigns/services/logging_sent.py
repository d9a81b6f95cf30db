"""What was sent, in the decision log: opens, clicks and purchases find it by the delivery's id."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection

from guidance.behaviour.models import Source
from guidance.behaviour.services.rollups import mark_days
from guidance.campaigns.models import Delivery
from guidance.customers.services import mark_customers
from guidance.decisions.models import Decision

# The surface of everything that is sent; which channel it went over is the policy's to say.
SURFACE = "push"
_AMONG = {"postgresql": "= ANY(%s::uuid[])", "sqlite": "IN (SELECT value FROM json_each(%s))"}
# Rows go from table to table: building half a thousand decisions took longer than all the rest.
_LOG = """
INSERT INTO {decisions} (id, at, customer_id, surface, policy, policy_version, fallback_from,
    experiment, arm, items, context, latency_ms, source)
SELECT id, sent_at, customer_id, %s, channel, %s, '', '', '', {items}, {context}, 0, %s
FROM {deliveries} WHERE id {among}
ON CONFLICT DO NOTHING"""
_JSON = {"postgresql": "%s::jsonb", "sqlite": "%s"}


def log_sent(deliveries: Sequence[Delivery]) -> None:
    """Write a decision for each message that was sent, in the transaction that says it was.

    One statement for each wording, and two for the marks by which sums are counted again.
    """
    groups: defaultdict[int, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        groups[delivery.message_id].append(delivery)
    for group in groups.values():
        _log(group)
    moments = [(one.sent_at, Source.LIVE) for one in deliveries if one.sent_at is not None]
    mark_days(moments=moments)
    mark_customers(customer_ids=[one.customer_id for one in deliveries])


def _log(group: Sequence[Delivery]) -> None:
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
    item = {
        "kind": "message",
        "key": one.campaign.key,
        "position": 1,
        "sku": one.message.publication.product.sku,
        "variant": one.message.variant,
        "propensity": 1.0,
    }
    context = {"campaign": one.campaign.key, "step": one.step}
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            [
                *(SURFACE, one.campaign.key, json.dumps([item]), json.dumps(context)),
                *(Source.LIVE, ids),
            ],
        )
