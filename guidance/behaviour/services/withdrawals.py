"""That a shopper wants no more messages is an event, so that metrics count it."""

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent
from guidance.behaviour.services.ingest import record_events
from guidance.core.ids import derived_id
from guidance.core.rows import Refused
from guidance.customers.hooks import Withdrawal


def record_withdrawal(withdrawal: Withdrawal) -> None:
    """Keep an unsubscription or a complaint as an event, in the transaction of the withdrawal.

    Told again it is the same event. Raises Refused for a time that no event may have.
    """
    told = withdrawal
    event = IncomingEvent(
        id=derived_id(told.at, told.kind, told.customer, told.channel, told.purpose),
        kind=told.kind,
        customer=told.customer,
        time=told.at,
        decision_id=told.decision,
    )
    taken = record_events(events={0: event}, source=Source.LIVE)
    for verdict in taken.rejected:
        raise Refused(verdict.code, verdict.detail)
