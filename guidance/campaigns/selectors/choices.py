"""How the wordings of a step are chosen: out of its rows, and out of what a plan has frozen."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from guidance.behaviour.models import Event, Source
from guidance.campaigns.models import CampaignMessage, CampaignStep, MessageBandit
from guidance.campaigns.planning.choosing import (
    ALWAYS,
    Choice,
    Kind,
    Split,
    arms_of,
    bit_of,
)
from guidance.campaigns.planning.shoppers import Ints, Shoppers
from guidance.campaigns.selectors.texts import gone_texts
from guidance.core.among import Among
from guidance.experiments.models import Experiment
from guidance.experiments.targeting.attributes import attributes_of_all
from guidance.experiments.targeting.conditions import matches
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

# The surface of everything that is sent; which channel it went over is the policy's to say.
SURFACE = "push"
Status = Experiment.Status
_SUBJECT = re.compile(r"message-([0-9]{1,18})", re.ASCII)
# What a bandit may look at beside channel and tier: purchases within a year, anything in a month.
YEAR, MONTH = timedelta(days=365), timedelta(days=30)
TIER = "tier:"
BOUGHT, BOUGHT_OFTEN, ACTIVE = "bought", "bought_often", "active"
OFTEN = 3


def subject_of(step_id: int) -> str:
    """Return what experiments call the wordings of a step."""
    return f"message-{step_id}"


def is_message(subject: str) -> bool:
    """Tell whether an experiment's subject is a step's wordings."""
    return _SUBJECT.fullmatch(subject) is not None


def step_of_subject(subject: str) -> CampaignStep | None:
    """Return the step that a subject names, with its campaign; None for no such."""
    found = _SUBJECT.fullmatch(subject)
    steps = CampaignStep.objects.select_related("campaign")
    return steps.filter(pk=int(found[1])).first() if found else None


def experiments_of(step: CampaignStep, **narrowed: Any) -> list[Experiment]:
    """Return the experiments about a step's wordings, the newest first."""
    found = Experiment.objects.filter(surface=SURFACE, subject=subject_of(step.pk), **narrowed)
    return list(found.order_by("-created_at", "-pk"))


def variants_of(step: CampaignStep) -> list[str]:
    """Return the variants that a step has wordings of, in order, but for texts that may not be told
    any more."""
    messages = list(CampaignMessage.objects.filter(step=step))
    gone = gone_texts(messages)
    return sorted({one.variant for one in messages if one.pk not in gone})


def bandit_of(step: CampaignStep) -> MessageBandit | None:
    """Return the bandit that draws among a step's wordings, whether it is asked or not."""
    return MessageBandit.objects.filter(step=step, is_current=True).first()


def choice_as_json(step: CampaignStep) -> dict[str, Any] | None:
    """Return all that chooses a step's wordings now and is not the step's own, as JSON; None where
    nothing else does, or its experiment does not run."""
    if step.choosing == Kind.EXPERIMENT:
        running = experiments_of(step, status=Status.RUNNING, source=Source.LIVE)
        return _experiment(min(running, key=lambda one: one.key)) if running else None
    if step.choosing == Kind.BANDIT and (bandit := bandit_of(step)) is not None:
        told = {"key": bandit.key, "features": bandit.features, "state": bandit.state}
        return {"kind": Kind.BANDIT, **told}
    return None


def _experiment(experiment: Experiment) -> dict[str, Any]:
    arms = list(experiment.arms.all())
    control = next((arm.policy for arm in arms if arm.is_control), arms[0].policy)
    return {
        "kind": Kind.EXPERIMENT,
        "key": experiment.key,
        "arms": [[arm.key, arm.policy, float(arm.weight)] for arm in arms],
        "control": control,
        "salt": experiment.salt,
        "hash_version": experiment.hash_version,
        "coverage": float(experiment.coverage),
        "namespace": [
            experiment.namespace,
            float(experiment.namespace_from),
            float(experiment.namespace_to),
        ],
        "targeting": experiment.targeting,
    }


def read_choice(step: CampaignStep | None, told: Mapping[str, Any] | None) -> Choice:
    """Return how a step's wordings are chosen, by what a plan froze of it.

    Raises ValidationError where what a bandit has learned cannot be read.
    """
    if step is None:
        return Choice()
    if told is None:
        kind = Kind(step.choosing)
        only = _control_of(step) if kind == Kind.EXPERIMENT else step.only_variant
        return Choice(kind, only=only)
    kind = Kind(told["kind"])
    if kind == Kind.EXPERIMENT:
        name, start, end = told["namespace"]
        split = Split(
            arms=[(key, variant, share) for key, variant, share in told["arms"]],
            control=told["control"],
            salt=told["salt"],
            hash_version=told["hash_version"],
            coverage=told["coverage"],
            namespace=(name, start, end),
            targeting=told["targeting"],
        )
        return Choice(kind, key=told["key"], split=split)
    try:
        policy = policy_from_state(told["state"])
    except PolicyProblem as problem:
        raise ValidationError(_("What the bandit has learned cannot be read.")) from problem
    return Choice(kind, key=told["key"], policy=policy, features=told["features"])


def _control_of(step: CampaignStep) -> str:
    """Return the control's variant of a step's last experiment, '' for none."""
    last = next(iter(experiments_of(step)), None)
    return _experiment(last)["control"] if last is not None and last.arms.exists() else ""


def with_choice(shoppers: Shoppers, choice: Choice, *, at: datetime) -> Shoppers:
    """Return the shoppers with their arms, or with the features that a bandit looks at.

    No statement but for a bandit that looks at features (one), and for an experiment with
    conditions (two).
    """
    if choice.split is not None:
        arms = arms_of(choice.split, shoppers.refs, attributes_of_all, matches)
        return replace(shoppers, arms=arms)
    if choice.policy is not None and choice.policy.reads_context:
        return replace(shoppers, contexts=contexts_of(shoppers, choice.features, at=at))
    return shoppers


def contexts_of(shoppers: Shoppers, features: Sequence[str], *, at: datetime) -> Ints:
    """Return what is true of each shopper, a bit for each feature; their channel's is not known
    yet."""
    contexts = np.full(len(shoppers), bit_of(ALWAYS, features), dtype=np.int64)
    for tier in set(shoppers.tiers.tolist()):
        contexts[shoppers.tiers == tier] |= bit_of(f"{TIER}{tier}", features)
    if not {BOUGHT, BOUGHT_OFTEN, ACTIVE} & set(features):
        return contexts
    rows = (
        Event.objects.real()
        .filter(
            Among("customer_id", shoppers.ids.tolist()),
            occurred_at__lt=at,
            occurred_at__gte=at - YEAR,
        )
        .order_by()
        .values_list("customer")
        .annotate(bought=Count("pk", filter=Q(kind=Event.Kind.PURCHASE)), last=Max("occurred_at"))
    )
    for customer_id, bought, last in rows.iterator():
        bits = bit_of(BOUGHT, features) if bought else 0
        bits |= bit_of(BOUGHT_OFTEN, features) if bought >= OFTEN else 0
        bits |= bit_of(ACTIVE, features) if last >= at - MONTH else 0
        contexts[np.searchsorted(shoppers.ids, customer_id)] |= bits
    return contexts
