"""Opens and clicks that a mail provider tells of: events of the decision, each once a message.

An open is the loading of a picture. What a provider itself calls loaded by a machine, as Apple's
Mail Privacy Protection and virus scanners do, is nobody's doing and does not count; ways of saying
it as in the documentation of Brevo, Mailgun, SendGrid and SparkPost. Other providers do not tell
machines from people, so their opens are too many.
"""

import logging
from datetime import datetime
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent, KindName
from guidance.behaviour.services.ingest import record_events
from guidance.campaigns.models import Delivery
from guidance.core.ids import derived_id
from guidance.customers.tokens import is_way_out

logger = logging.getLogger(__name__)
KINDS: dict[str, KindName] = {EventType.OPENED: "impression", EventType.CLICKED: "click"}
# Brevo's names of opens that its own or Apple's proxy made.
BY_PROXY = {"proxy_open", "unique_proxy_open"}
# What a decision of a message calls the message in it.
POSITION = 1


def record_response(*, event: AnymailTrackingEvent, delivery: Delivery) -> bool:
    """Keep an open or a click of a message as its decision's event; False where it counts no more.

    The first of each kind counts. A click on the way out is no interest in what was told.
    """
    kind = KINDS[event.event_type]
    if is_machine(event.esp_event) or (event.click_url and is_way_out(event.click_url)):
        return False
    told = IncomingEvent(
        id=derived_id(delivery.created_at, "told by the provider", kind, delivery.pk),
        kind=kind,
        customer=delivery.customer.ref,
        time=_moment(event),
        decision_id=delivery.pk,
        position=POSITION,
    )
    taken = record_events(events={0: told}, source=Source.LIVE)
    for verdict in taken.rejected:
        if verdict.code != "conflict":
            logger.warning("An %s told of %s was not kept: %s", kind, delivery.pk, verdict.detail)
    return bool(taken.accepted)


def is_machine(told: Any) -> bool:
    """Tell whether a provider says of an open or a click that no person made it."""
    if not isinstance(told, dict):
        return False
    inside = told.get("msys")
    for one in (told, *(inside.values() if isinstance(inside, dict) else ())):
        agent, client = one.get("user_agent_parsed"), _mailgun(one).get("client-info")
        if one.get("event") in BY_PROXY or one.get("sg_machine_open") is True:
            return True
        if isinstance(agent, dict) and agent.get("is_prefetched") is True:
            return True
        if isinstance(client, dict) and client.get("bot"):
            return True
    return False


def _mailgun(told: dict[str, Any]) -> dict[str, Any]:
    inner = told.get("event-data")
    return inner if isinstance(inner, dict) else told


def _moment(event: AnymailTrackingEvent) -> datetime:
    """Return when it happened; a provider's clock may run ahead of ours."""
    now = timezone.now()
    return min(event.timestamp, now) if event.timestamp else now
