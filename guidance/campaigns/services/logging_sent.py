"""What was sent, in the decision log: opens, clicks and purchases find it by the delivery's id."""

from collections.abc import Sequence

from guidance.behaviour.models import Source
from guidance.behaviour.services.rollups import mark_days
from guidance.campaigns.models import Delivery
from guidance.customers.services import mark_customers
from guidance.decisions.models import Decision

# The surface of everything that is sent; which channel it went over is the policy's to say.
SURFACE = "push"


def log_sent(deliveries: Sequence[Delivery]) -> None:
    """Write a decision for each message that was sent; call it in the transaction that says so."""
    if not deliveries:
        return
    Decision.objects.bulk_create([_decision(one) for one in deliveries], ignore_conflicts=True)
    moments = [(one.sent_at, Source.LIVE) for one in deliveries if one.sent_at is not None]
    mark_days(moments=moments)
    mark_customers(customer_ids=[one.customer_id for one in deliveries])


def _decision(delivery: Delivery) -> Decision:
    wording = delivery.message
    assert delivery.sent_at is not None
    return Decision(
        id=delivery.pk,
        at=delivery.sent_at,
        customer_id=delivery.customer_id,
        surface=SURFACE,
        policy=delivery.channel,
        policy_version=delivery.campaign.key[:50],
        items=[
            {
                "kind": "message",
                "key": delivery.campaign.key,
                "position": 1,
                "sku": wording.publication.product.sku,
                "variant": wording.variant,
                "propensity": 1.0,
            }
        ],
        context={"campaign": delivery.campaign.key, "step": delivery.step},
    )
