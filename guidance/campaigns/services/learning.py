"""What bandits among wordings learn from the decision log: each message once, when its time is
over, and put right when more is heard."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from guidance.campaigns.models import MessageBandit
from guidance.campaigns.selectors.message_trials import MessageTrials
from guidance.experiments.selectors.trials import Trial
from guidance.experiments.services.learning import Progress, Settled, learn
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

logger = logging.getLogger(__name__)


def settle_message_bandits(*, now: datetime | None = None) -> int:
    """Let every bandit that is asked learn what is over; return how many messages were learned.

    One that cannot be read stands in nobody's way.
    """
    learned = 0
    current = MessageBandit.objects.filter(is_current=True).exclude(state={})
    for bandit_id in current.order_by("pk").values_list("pk", flat=True):
        try:
            learned += settle_message_bandit(bandit_id=bandit_id, now=now).learned
        except PolicyProblem:
            logger.exception("What bandit %s has learned cannot be read", bandit_id)
    return learned


@transaction.atomic
def settle_message_bandit(*, bandit_id: UUID, now: datetime | None = None) -> Settled:
    """Let a bandit learn each message whose window is over, and the grace for what is still on its
    way, and correct what it learned where more was heard since.

    The log is what waits: what was learned and up to where are written in one transaction, so a
    run that dies learns nothing and the next one begins where it did. Of a wording that is gone,
    or that has other words by now, nothing is learned.
    """
    rows = MessageBandit.objects.select_for_update(of=("self",)).exclude(state={})
    bandit = rows.filter(pk=bandit_id).first()
    if bandit is None:
        return Settled()
    policy = policy_from_state(bandit.state)
    since = {arm: datetime.fromisoformat(told["since"]) for arm, told in bandit.arms.items()}

    def context_of(trial: Trial) -> Any:
        return trial.context.get("features") if policy.reads_context else None

    def knows(trial: Trial) -> bool:
        if trial.arm not in since or trial.at < since[trial.arm]:
            return False
        return not policy.reads_context or len(context_of(trial) or ()) == len(bandit.features)

    settled, progress = learn(
        policy,
        MessageTrials.of(bandit),
        Progress(bandit.settled_until, bandit.heard_until),
        now=now or timezone.now(),
        knows=knows,
        context_of=context_of,
    )
    bandit.state = policy.state()
    bandit.settled_until, bandit.heard_until = progress
    bandit.save(update_fields=["state", "settled_until", "heard_until"])
    return settled
