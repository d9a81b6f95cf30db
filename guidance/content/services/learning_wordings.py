"""What bandits among wordings learn from the decision log, and the wordings they follow."""

import uuid
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from guidance.content.models import MAIN_POLICY, CopyBandit, PublishedCopy
from guidance.content.selectors.bandits import trials_of
from guidance.content.selectors.variants import policy_of, wordings_of
from guidance.core.services import record_audit
from guidance.experiments.selectors.trials import Trial
from guidance.experiments.services.learning import Progress, Settled, learn
from guidance.experiments.services.policies import (
    context_of,
    is_told,
    new_policy,
    settle_each,
    take_up,
)
from models_ml.policy.base import Policy
from models_ml.policy.kinds import policy_from_state


def begin(bandit: CopyBandit) -> Policy:
    """Return the policy of a bandit that knows nothing yet but the main text's name."""
    return new_policy(
        bandit.method,
        [MAIN_POLICY],
        exploration=bandit.exploration,
        half_life=bandit.half_life_days,
        features=len(bandit.features),
    )


def follow_wordings(
    bandit: CopyBandit, policy: Policy, *, at: datetime
) -> dict[str, dict[str, str]]:
    """Make the policy's arms the wordings there are; return the text each knows of, since when.

    A withdrawn variant's arm goes. A stale one is not shown meanwhile but keeps its arm. Another
    text in the same place begins anew: what was learned was learned of other words.
    """
    kept: dict[str, dict[str, str]] = {}
    for row in wordings_of(bandit.main):
        name, text = policy_of(row.variant), str(row.publication_id)
        known = bandit.arms.get(name)
        if row.status == PublishedCopy.Status.WITHDRAWN and name != MAIN_POLICY:
            continue
        if known is None and not row.is_served and name != MAIN_POLICY:
            continue
        is_same = known is not None and known["publication"] == text
        kept[name] = known if is_same else {"publication": text, "since": at.isoformat()}
        if name not in policy.arms:
            take_up(policy, name)
        elif not is_same:
            policy.forget_arm(name)
    for name in set(policy.arms) - kept.keys():
        policy.remove_arm(name)
    return kept


def settle_bandits(*, now: datetime | None = None) -> int:
    """Let every running bandit learn what is over; return how many trials were learned."""
    running = CopyBandit.objects.filter(status=CopyBandit.Status.RUNNING)
    return settle_each(running, lambda pk: settle_bandit(bandit_id=pk, now=now).learned)


@transaction.atomic
def settle_bandit(*, bandit_id: uuid.UUID, now: datetime | None = None) -> Settled:
    """Let a running bandit learn each trial whose time is over, and follow its wordings.

    The log is what waits: what was learned and up to where are written in one transaction, so a
    run that dies learns nothing and the next one begins where it did. Of another status: nothing.
    """
    at = now or timezone.now()
    rows = CopyBandit.objects.select_for_update(of=("self",)).select_related("main")
    bandit = rows.filter(pk=bandit_id, status=CopyBandit.Status.RUNNING).first()
    if bandit is None or bandit.settled_until is None:
        return Settled()
    policy = policy_from_state(bandit.state)
    before = set(policy.arms)
    bandit.arms = follow_wordings(bandit, policy, at=at)
    settled, progress = learn(
        policy,
        trials_of(bandit),
        Progress(bandit.settled_until, bandit.heard_until or bandit.settled_until),
        now=at,
        knows=lambda trial: is_told(policy, trial) and _is_of_these_words(bandit, trial),
        context_of=partial(context_of, policy),
    )
    bandit.state = policy.state()
    bandit.settled_until, bandit.heard_until = progress
    bandit.save(update_fields=["state", "arms", "settled_until", "heard_until"])
    if before != set(policy.arms):
        details = {"before": sorted(before), "now": sorted(policy.arms)}
        record_audit(actor=None, verb="follow_wordings", target=bandit, details=details)
    return settled


def _is_of_these_words(bandit: CopyBandit, trial: Trial) -> bool:
    """Tell whether a trial showed the text that the arm stands for, since it does."""
    known = bandit.arms.get(trial.arm)
    if known is None or trial.about != known["publication"]:
        return False
    return trial.at >= datetime.fromisoformat(known["since"])
