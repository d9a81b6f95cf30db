"""Whom a trigger fired for: as it was decided then, so that its effect can be told later."""

from collections.abc import Sequence

import numpy as np

from guidance.campaigns.models import Delivery, PlanEntry, PushPlan, Verdict
from guidance.campaigns.planning.deciding import Decided
from guidance.campaigns.planning.shoppers import Shoppers
from guidance.campaigns.services.entries import UNKNOWN, thousandths

# Only these are compared; who could get nothing anyway is in the outbox with the reason.
COMPARED = (Verdict.SEND, Verdict.HOLDOUT, Verdict.EXPERIMENT)


def note_firings(
    plan: PushPlan, shoppers: Shoppers, decided: Decided, rows: Sequence[Delivery]
) -> None:
    """Write down whom a trigger's first message goes to and who is held out instead.

    Each shopper once for rules that were approved: what they got later is an effect of the first
    time. `rows` are the outbox's, in the shoppers' order. Call it in the transaction that writes
    them.
    """
    uplift = thousandths(decided.uplift)
    wanted = np.flatnonzero(np.isin(decided.verdict, COMPARED)).tolist()
    entries = []
    for place in wanted:
        row = rows[place]
        is_sent = row.reason == Verdict.SEND
        entries.append(
            PlanEntry(
                plan=plan,
                customer_id=row.customer_id,
                verdict=row.reason,
                message_id=row.message_id if is_sent else None,
                offer_id=row.offer_id,
                send_at=row.due_at if is_sent else None,
                fired_at=row.created_at,
                tier=shoppers.tiers[place],
                segment=shoppers.segments[place],
                uplift=None if uplift[place] == UNKNOWN else int(uplift[place]),
                arm=row.arm,
                propensity=row.propensity,
                why=row.why,
                context=row.context,
            )
        )
    PlanEntry.objects.bulk_create(entries, ignore_conflicts=True, batch_size=500)
