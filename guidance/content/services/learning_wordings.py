"""What bandits learn from the decision log, each decision once, when its time is over."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from guidance.content.models import MAIN_POLICY, CopyBandit, PublishedCopy
from guidance.content.selectors.bandits import logged_decisions
from guidance.content.selectors.variants import policy_of, wordings_of
from guidance.core.services import record_audit
from models_ml.policy.base import Policy
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

logger = logging.getLogger(__name__)
# Events travel: a click in the last minute of the window may arrive this much later.
TRAVEL = timedelta(minutes=15)
# So many decisions are learned in one transaction; the next run goes on behind them.
AT_ONCE = 5_000
FIELDS = ("at", "arm", "items", "was_seen", "was_rewarded")
DAY = timedelta(days=1).total_seconds()


class Settled(NamedTuple):
    """How many decisions were learned and how many not: unseen, or of a text that is gone."""

    learned: int = 0
    dropped: int = 0


def new_policy(bandit: CopyBandit) -> Policy:
    """Return the policy of a bandit that knows nothing yet but the main text's name."""
    given: dict[str, Any] = {
        "exploration": bandit.exploration,
        "half_life": bandit.half_life_days,
    }
    if bandit.method == CopyBandit.Method.EPSILON_GREEDY:
        return EpsilonGreedy([MAIN_POLICY], **given)
    return BetaThompson([MAIN_POLICY], **given)


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
            policy.add_arm(name)
        elif not is_same:
            policy.forget_arm(name)
    for name in set(policy.arms) - kept.keys():
        policy.remove_arm(name)
    return kept


def settle_bandits(*, now: datetime | None = None) -> int:
    """Let every running bandit learn what is over; return how many decisions were learned.

    One that cannot be read stands in nobody's way.
    """
    learned = 0
    running = CopyBandit.objects.filter(status=CopyBandit.Status.RUNNING)
    for bandit_id in running.order_by("pk").values_list("pk", flat=True):
        try:
            learned += settle_bandit(bandit_id=bandit_id, now=now).learned
        except PolicyProblem:
            logger.exception("What bandit %s has learned cannot be read", bandit_id)
    return learned


@transaction.atomic
def settle_bandit(*, bandit_id: uuid.UUID, now: datetime | None = None) -> Settled:
    """Let a running bandit learn each decision whose window is over, and follow its wordings.

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
    settled, until = _learn(bandit, policy, at - bandit.window - TRAVEL)
    policy.advance(at.timestamp() / DAY)
    bandit.state, bandit.settled_until = policy.state(), until
    bandit.save(update_fields=["state", "arms", "settled_until"])
    if before != set(policy.arms):
        details = {"before": sorted(before), "now": sorted(policy.arms)}
        record_audit(actor=None, verb="follow_wordings", target=bandit, details=details)
    return settled


def _learn(bandit: CopyBandit, policy: Policy, until: datetime) -> tuple[Settled, datetime]:
    """Learn the decisions up to a moment; return up to where it came."""
    assert bandit.settled_until is not None
    if until <= bandit.settled_until:
        return Settled(), bandit.settled_until
    rows = (
        logged_decisions(bandit)
        .filter(at__gte=bandit.settled_until, at__lt=until)
        .order_by("at", "pk")
        .values_list(*FIELDS)[: AT_ONCE + 1]
    )
    found = list(rows)
    if len(found) > AT_ONCE:
        until = found[-1][0]
    learned = dropped = 0
    for at, arm, items, was_seen, was_rewarded in found:
        if at >= until:
            break
        known = bandit.arms.get(arm)
        if not was_seen or known is None or items[0]["key"] != known["publication"]:
            dropped += 1
            continue
        policy.update(arm, None, float(was_rewarded), at=at.timestamp() / DAY)
        learned += 1
    return Settled(learned, dropped), until
