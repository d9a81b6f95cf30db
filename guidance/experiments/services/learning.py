"""What bandits learn, each trial once, when its time is over, and put right when more is heard."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from guidance.experiments import hooks
from guidance.experiments.models import Bandit
from guidance.experiments.selectors.trials import COMMIT, Batch, DecisionTrials, Trial
from guidance.experiments.services.policies import context_of, is_told, settle_each
from models_ml.policy.base import Policy
from models_ml.policy.kinds import policy_from_state

DAY = timedelta(days=1).total_seconds()
# Corrections are looked for no more often: every decision of five weeks is asked.
CORRECTED_EVERY = timedelta(hours=1)


class Trials(Protocol):
    """What tells a bandit's trials; see `DecisionTrials`."""

    @property
    def open_for(self) -> timedelta: ...

    def new(self, since: datetime, until: datetime, heard: datetime) -> Batch: ...

    def late(self, before: datetime, heard: datetime, now: datetime) -> Sequence[Trial]: ...


class Settled(NamedTuple):
    """How many trials were learned, how many decisions were none, and how many trials that were
    learned before were put right."""

    learned: int = 0
    dropped: int = 0
    corrected: int = 0


class Progress(NamedTuple):
    """Up to where a bandit has learned the decisions, and heard what was received."""

    settled_until: datetime
    heard_until: datetime


def learn(
    policy: Policy,
    trials: Trials,
    since: Progress,
    *,
    now: datetime,
    knows: Callable[[Trial], bool],
    context_of: Callable[[Trial], object] = lambda trial: None,
) -> tuple[Settled, Progress]:
    """Let a policy learn what is over, correct what it learned, and let time pass until `now`.

    `knows` tells whether a trial is of an arm as the policy knows it, `context_of` gives what the
    policy was told of the shopper. Return what was done, and up to where it came: write that and
    the policy's state in one transaction, and a run that dies learns nothing.
    """

    def takes(trial: Trial) -> bool:
        return trial.arm in policy.arms and knows(trial)

    settled_until, heard = since
    corrected = 0
    if now - COMMIT - heard >= CORRECTED_EVERY:
        for one in filter(takes, trials.late(settled_until, heard, now - COMMIT)):
            assert one.learned is not None
            days = one.at.timestamp() / DAY
            policy.correct(one.arm, context_of(one), one.learned, one.reward, at=days)
            corrected += 1
        heard = now - COMMIT
    learned = dropped = 0
    until = now - trials.open_for - COMMIT
    if until > settled_until:
        batch = trials.new(settled_until, until, heard)
        for one in filter(takes, batch.trials):
            policy.update(one.arm, context_of(one), one.reward, at=one.at.timestamp() / DAY)
            learned += 1
        settled_until, dropped = batch.until, max(batch.read - learned, 0)
    policy.advance(now.timestamp() / DAY)
    return Settled(learned, dropped, corrected), Progress(settled_until, heard)


def settle_bandits(*, now: datetime | None = None) -> int:
    """Let every running bandit learn what is over; return how many trials were learned."""
    running = Bandit.objects.filter(status=Bandit.Status.RUNNING)
    return settle_each(running, lambda pk: settle_bandit(bandit_id=pk, now=now).learned)


@transaction.atomic
def settle_bandit(*, bandit_id: UUID, now: datetime | None = None) -> Settled:
    """Let a running bandit learn each trial whose time is over; of a stopped one: nothing.

    Raises PolicyProblem where what it has learned cannot be read.
    """
    rows = Bandit.objects.select_for_update(of=("self",))
    bandit = rows.filter(pk=bandit_id, status=Bandit.Status.RUNNING).first()
    if bandit is None or (trials := trials_of(bandit)) is None:
        return Settled()
    policy = policy_from_state(bandit.state)
    since = {arm: datetime.fromisoformat(told) for arm, told in bandit.arms.items()}

    def knows(trial: Trial) -> bool:
        return is_told(policy, trial) and trial.arm in since and trial.at >= since[trial.arm]

    settled, progress = learn(
        policy,
        trials,
        Progress(bandit.settled_until, bandit.heard_until),
        now=now or timezone.now(),
        knows=knows,
        context_of=partial(context_of, policy),
    )
    bandit.state = policy.state()
    bandit.settled_until, bandit.heard_until = progress
    bandit.save(update_fields=["state", "settled_until", "heard_until"])
    return settled


def trials_of(bandit: Bandit) -> Trials | None:
    """Return what tells a bandit's trials; None where the app that does is gone."""
    if bandit.trials == hooks.DECISIONS:
        return DecisionTrials(bandit.key, bandit.reward, bandit.window)
    found: Trials | None = hooks.trials_called(bandit.trials, bandit)
    return found
