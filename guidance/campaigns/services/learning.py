"""What bandits among wordings learn from the decision log: each message once, when its time is
over."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from guidance.campaigns.models import MessageBandit
from guidance.campaigns.selectors.wordings import decisions_learned
from guidance.experiments.selectors.trials import GRACE
from models_ml.policy.base import Policy
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

logger = logging.getLogger(__name__)
# So many messages are learned in one transaction; the next run goes on behind them.
AT_ONCE = 5_000
FIELDS = ("at", "arm", "context", "was_rewarded")
DAY = timedelta(days=1).total_seconds()


def settle_message_bandits(*, now: datetime | None = None) -> int:
    """Let every bandit that is asked learn what is over; return how many messages were learned.

    One that cannot be read stands in nobody's way.
    """
    learned = 0
    current = MessageBandit.objects.filter(is_current=True).exclude(state={})
    for bandit_id in current.order_by("pk").values_list("pk", flat=True):
        try:
            learned += settle_message_bandit(bandit_id=bandit_id, now=now)
        except PolicyProblem:
            logger.exception("What bandit %s has learned cannot be read", bandit_id)
    return learned


@transaction.atomic
def settle_message_bandit(*, bandit_id: UUID, now: datetime | None = None) -> int:
    """Let a bandit learn each message whose window is over, and the grace for what is still on its
    way; return how many.

    The log is what waits: what was learned and up to where are written in one transaction, so a
    run that dies learns nothing and the next one begins where it did.
    """
    at = now or timezone.now()
    rows = MessageBandit.objects.select_for_update(of=("self",)).exclude(state={})
    bandit = rows.filter(pk=bandit_id).first()
    if bandit is None:
        return 0
    policy = policy_from_state(bandit.state)
    learned, bandit.settled_until = _learn(
        bandit, policy, at - bandit.window - GRACE[bandit.reward]
    )
    policy.advance(at.timestamp() / DAY)
    bandit.state = policy.state()
    bandit.save(update_fields=["state", "settled_until"])
    return learned


def _learn(bandit: MessageBandit, policy: Policy, until: datetime) -> tuple[int, datetime]:
    """Learn the messages sent up to a moment; return how many, and up to where it came.

    Of a wording that is gone, or that has other words by now, nothing is learned.
    """
    if until <= bandit.settled_until:
        return 0, bandit.settled_until
    rows = (
        decisions_learned(bandit)
        .filter(at__gte=bandit.settled_until, at__lt=until)
        .order_by("at", "pk")
        .values_list(*FIELDS)[: AT_ONCE + 1]
    )
    found = list(rows)
    if len(found) > AT_ONCE:
        until = found[-1][0]
    since = {arm: datetime.fromisoformat(told["since"]) for arm, told in bandit.arms.items()}
    learned = 0
    for at, arm, context, was_rewarded in found:
        if at >= until or arm not in policy.arms or at < since[arm]:
            continue
        features = context.get("features") if policy.reads_context else None
        if policy.reads_context and len(features or ()) != len(bandit.features):
            continue
        policy.update(arm, features, float(was_rewarded), at=at.timestamp() / DAY)
        learned += 1
    return learned, until
