"""Bandits for any app: opened by a key, asked for an arm with its propensity, stopped.

    open_bandit(key="first-steps", surface="onboarding", arms=["add-photo", "follow-brand"],
                method="linucb", features=["always", "is_new"], actor=None)
    chosen = choose_arm(key="first-steps", arms=["add-photo", "follow-brand"],
                        context={"is_new": 1.0}, customer=ref)
    chosen.arm, chosen.propensity, chosen.decision_id

The reward comes later, as whatever a shopper does comes: a click that names the decision, or a
purchase within the window.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.days import shop_zone
from guidance.behaviour.models import Source
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.selectors import find_customer
from guidance.decisions.models import Decision
from guidance.decisions.services import log_answer
from guidance.experiments import hooks
from guidance.experiments.models import Bandit, Experiment, Holdout
from guidance.experiments.services.assign import assign
from guidance.experiments.services.policies import ALWAYS, BY_SHOPPER, new_policy, take_up
from guidance.experiments.services.steps import hold_keys
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

Method = Bandit.Method


class Chosen(NamedTuple):
    """The arm to show and how probable it was; `decision_id` is None where it was not logged."""

    arm: str
    propensity: float
    decision_id: str | None


@transaction.atomic
def open_bandit(
    *,
    key: str,
    surface: str,
    arms: Sequence[str],
    method: str = Method.BETA_THOMPSON,
    reward: str = Bandit.Reward.CLICK,
    exploration: float = 0.05,
    window_hours: int = 24,
    half_life_days: float | None = 30.0,
    features: Sequence[str] = (),
    trials: str = hooks.DECISIONS,
    actor: User | None,
) -> Bandit:
    """Open a bandit, or let one that runs have these arms: safe to call at every start of an app.

    Arms that are new begin to be learned, those that are gone are forgotten. `features` names, in
    order, what a context tells of shoppers; a method that looks at them needs some, and `ALWAYS`
    is put first. Raises ValidationError where a setting cannot be, an experiment or a
    holdout has the key, or the bandit of that key is stopped or has other settings: give another
    one another key.
    """
    hold_keys()
    asked = Bandit(
        key=key,
        surface=surface,
        method=method,
        reward=reward,
        exploration=exploration,
        window_hours=window_hours,
        half_life_days=half_life_days,
        features=_features(method, features),
        trials=trials,
        opened_by=actor,
    )
    found = Bandit.objects.select_for_update(of=("self",)).filter(key=key).first()
    if found is not None:
        return _follow(_same(found, asked), arms)
    asked.full_clean(exclude=["opened_by"])
    if Experiment.objects.filter(key=key).exists():
        raise ValidationError(_("An experiment has the key “%(key)s”.") % {"key": key})
    if Holdout.objects.filter(key=key).exists():
        raise ValidationError(_("A holdout has this key; choose another."))
    try:
        policy = new_policy(
            method,
            arms,
            exploration=exploration,
            half_life=half_life_days,
            features=len(asked.features),
        )
    except PolicyProblem as problem:
        raise ValidationError(str(problem)) from problem
    now = timezone.now()
    asked.arms, asked.state = {arm: now.isoformat() for arm in policy.arms}, policy.state()
    asked.settled_until = asked.heard_until = now
    asked.save()
    details = {name: getattr(asked, name) for name in (*Bandit.SETTINGS, "features")}
    record_audit(
        actor=actor, verb="open_bandit", target=asked, details={**details, "arms": list(arms)}
    )
    return asked


@transaction.atomic
def stop_bandit(*, key: str, actor: User | None) -> Bandit:
    """Stop a bandit for good; what it was and learned is kept. Safe to repeat."""
    bandit = Bandit.objects.select_for_update(of=("self",)).get(key=key)
    if bandit.status == Bandit.Status.RUNNING:
        bandit.status = Bandit.Status.STOPPED
        bandit.stopped_by, bandit.stopped_at = actor, timezone.now()
        bandit.save(update_fields=["status", "stopped_by", "stopped_at"])
        record_audit(actor=actor, verb="stop_bandit", target=bandit)
    return bandit


def choose_arm(
    *,
    key: str,
    arms: Sequence[str],
    context: Mapping[str, float] | None = None,
    customer: str,
    source: str = Source.LIVE,
    kind: str = "arm",
) -> Chosen:
    """Draw one of the `arms` for a shopper, and log the decision as items of a `kind`.

    `context` gives numbers by feature; what it does not name is 0. A shopper's place on the scale
    of chances stays the same for a day of the shop, so they meet the same arm again until the
    chances or the arms are others. The first arm is for whom a bandit cannot choose: nobody known,
    the held out, traffic that is not live, and where no bandit of that key runs or knows one of
    the arms; of it a decision is logged only for the held out. Three statements, and the log's.
    """
    started = time.perf_counter()
    if not arms:
        raise ValueError("there is no arm to choose")
    bandit = Bandit.objects.filter(key=key, status=Bandit.Status.RUNNING).first()
    if bandit is None or not customer or source != Source.LIVE:
        return Chosen(arms[0], 1.0, None)
    known = find_customer(customer)
    unit = known.ref if known else customer
    held = assign(surface=bandit.surface, unit=unit, source=source)
    features = [float((context or {}).get(one, one == ALWAYS)) for one in bandit.features]
    decision = Decision(
        surface=bandit.surface, policy=bandit.method, experiment=key, arm=arms[0], source=source
    )
    chance = 1.0
    if held is not None and held.is_held_out:
        decision.experiment, decision.arm, decision.policy = held.experiment, held.arm, held.arm
        shown = arms[0]
    else:
        drawn = draw(bandit, arms, features, unit)
        if drawn is None:
            return Chosen(arms[0], 1.0, None)
        shown, chance = drawn
        decision.arm = shown
    decision.items = [{"kind": kind, "key": shown, "position": 1, "propensity": chance}]
    decision.context = {"features": features, "among": list(arms)}
    decision.latency_ms = round(1000 * (time.perf_counter() - started), 2)
    is_logged = log_answer([decision], ref=customer, is_known=known is not None, zone=shop_zone())
    return Chosen(shown, chance, str(decision.pk) if is_logged else None)


def draw(
    bandit: Bandit, arms: Sequence[str], features: Sequence[float], unit: str
) -> tuple[str, float] | None:
    """Return the arm that a shopper draws today and how probable it was; None where there is
    nothing to choose among, or what was learned cannot be read."""
    try:
        policy = policy_from_state(bandit.state)
        among = [arm for arm in arms if arm in policy.arms]
        if not among:
            return None
        return policy.choose(features or None, _dice_of(bandit.key, unit), among=among)
    except PolicyProblem:
        return None


def _dice_of(key: str, unit: str) -> np.random.Generator:
    """Return the shopper's dice of today: evenly spread over shoppers and over days."""
    today = timezone.now().astimezone(shop_zone()).date()
    digest = hashlib.sha256(f"{key}:{unit}:{today}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16]))


def _features(method: str, features: Sequence[str]) -> list[str]:
    if method not in BY_SHOPPER:
        return []
    own = [one for one in features if one != ALWAYS]
    if not own:
        raise ValidationError(_("This way of choosing needs to know something of shoppers."))
    return [ALWAYS, *own]


def _same(found: Bandit, asked: Bandit) -> Bandit:
    if found.status == Bandit.Status.STOPPED:
        raise ValidationError(_("The bandit “%(key)s” is stopped.") % {"key": found.key})
    for name in (*Bandit.SETTINGS, "features", "trials"):
        if getattr(found, name) != getattr(asked, name):
            raise ValidationError(
                _("The bandit “%(key)s” runs with other settings.") % {"key": found.key}
            )
    return found


def _follow(bandit: Bandit, arms: Sequence[str]) -> Bandit:
    """Let a bandit have these arms: new ones begin anew, the others keep what was learned."""
    before = sorted(bandit.arms)
    if sorted(set(arms)) == before:
        return bandit
    policy = policy_from_state(bandit.state)
    now = timezone.now().isoformat()
    for arm in arms:
        if arm not in policy.arms:
            take_up(policy, arm)
    for arm in set(policy.arms) - set(arms):
        policy.remove_arm(arm)
    bandit.arms = {arm: bandit.arms.get(arm, now) for arm in policy.arms}
    bandit.state = policy.state()
    bandit.save(update_fields=["arms", "state"])
    record_audit(
        actor=None,
        verb="change_bandit_arms",
        target=bandit,
        details={"before": before, "now": sorted(policy.arms)},
    )
    return bandit
