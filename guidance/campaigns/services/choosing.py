"""How a step's wordings are chosen: said by a person, and made ready when a plan is asked for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.campaigns.models import Campaign, CampaignMessage, CampaignStep, MessageBandit
from guidance.campaigns.planning.choosing import ALWAYS, CHANNEL, Kind
from guidance.campaigns.selectors.choices import (
    ACTIVE,
    BOUGHT,
    BOUGHT_OFTEN,
    SURFACE,
    TIER,
    bandit_of,
    choice_as_json,
    experiments_of,
    subject_of,
    variants_of,
)
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.models import Customer
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.services import save_arms, save_experiment
from models_ml.policy.base import Policy
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.linear_thompson import LinearThompson
from models_ml.policy.linucb import LinUCB
from models_ml.policy.problems import PolicyProblem

Status, Method = Experiment.Status, MessageBandit.Method
# What wordings of messages are compared by: opened, clicked, bought.
COMPARED_BY = ("opened", "ctr", "conversion")
# The tiers that most shoppers have; of a shop with more, the others are told apart by nothing.
MOST_TIERS = 8


@transaction.atomic
def choose_by(
    *,
    step: CampaignStep,
    choosing: str,
    only_variant: str = "",
    asked: MessageBandit | None = None,
    actor: User,
) -> CampaignStep:
    """Say how a step's wordings are chosen; what is approved stops until it is approved anew.

    `asked`, unsaved, holds a bandit's settings; with others than before another one begins to
    learn. Raises ValidationError where there is nothing to choose among, the variant is none, or a
    setting cannot be.
    """
    step = CampaignStep.objects.select_for_update(of=("self",)).get(pk=step.pk)
    variants = variants_of(step)
    if choosing != Kind.ONE and len(variants) < 2:
        raise ValidationError(_("Give the step another wording first: there is one."))
    if choosing == Kind.ONE and only_variant not in variants:
        raise ValidationError(_("The step has no such wording that may be sent."))
    step.choosing = Kind(choosing)
    step.only_variant = only_variant if choosing == Kind.ONE else ""
    step.save(update_fields=["choosing", "only_variant"])
    details: dict[str, Any] = {"step": step.number, "choosing": choosing, "only": step.only_variant}
    if choosing == Kind.BANDIT:
        bandit = _bandit_as_asked(step, asked or MessageBandit(), actor)
        details |= {name: getattr(bandit, name) for name in ("key", *bandit.SETTINGS)}
    record_audit(actor=actor, verb="choose_wordings_by", target=step.campaign, details=details)
    return step


def _bandit_as_asked(step: CampaignStep, asked: MessageBandit, actor: User) -> MessageBandit:
    """Return the step's bandit with these settings: the one there is, or a new one."""
    current = bandit_of(step)
    if current and all(getattr(current, n) == getattr(asked, n) for n in current.SETTINGS):
        return current
    MessageBandit.objects.filter(step=step, is_current=True).update(is_current=False)
    before = MessageBandit.objects.filter(step=step).count()
    asked.step, asked.created_by = step, actor
    asked.key = f"{subject_of(step.pk)}-bandit-{before + 1}"
    asked.features = (
        _features(step) if asked.method in (Method.LINUCB, Method.LINEAR_THOMPSON) else []
    )
    asked.full_clean(exclude=["step", "created_by"])
    asked.save()
    return asked


def _features(step: CampaignStep) -> list[str]:
    """Return what a bandit that looks at shoppers may tell apart, at most 31 things."""
    messages = CampaignMessage.objects.filter(step=step).order_by("channel")
    channels = list(messages.values_list("channel", flat=True).distinct())
    tiers = Customer.objects.exclude(tier="").order_by().values_list("tier")
    most = sorted(tiers.annotate(count=Count("pk")), key=lambda one: (-one[1], one[0]))
    return [
        ALWAYS,
        *(f"{CHANNEL}{channel}" for channel in channels),
        *(f"{TIER}{tier}" for tier, _count in most[:MOST_TIERS]),
        *(BOUGHT, BOUGHT_OFTEN, ACTIVE),
    ]


def check_choices(campaign: Campaign) -> str:
    """Return why nobody can say now which wordings shoppers get, '' where somebody can."""
    for step in CampaignStep.objects.filter(campaign=campaign).order_by("number"):
        if step.choosing != Kind.EXPERIMENT:
            continue
        if not experiments_of(step, status=Status.RUNNING, source=Source.LIVE):
            return _(
                "The experiment between the wordings of step %(number)d does not run: start it, or"
                " choose the wordings otherwise."
            ) % {"number": step.number}
    return ""


def freeze_choices(campaign: Campaign) -> dict[str, Any]:
    """Return, by step, the experiments and bandits that choose a campaign's wordings, as they are
    now; bandits follow the wordings there are first.

    Call it in the transaction that makes the plan.
    """
    found = {}
    for step in CampaignStep.objects.filter(campaign=campaign).order_by("number"):
        if step.choosing == Kind.BANDIT:
            ready_bandit(step)
        if (told := choice_as_json(step)) is not None:
            found[str(step.number)] = told
    return found


@transaction.atomic
def ready_bandit(step: CampaignStep) -> None:
    """Let a step's bandit know the wordings that the step has now."""
    rows = MessageBandit.objects.select_for_update(of=("self",))
    bandit = rows.filter(step=step, is_current=True).first()
    if bandit is None:
        return
    try:
        policy = policy_from_state(bandit.state) if bandit.state else None
    except PolicyProblem as problem:
        raise ValidationError(_("What the bandit has learned cannot be read.")) from problem
    policy, arms = follow_wordings(bandit, policy, at=timezone.now())
    if policy is None:
        raise ValidationError(_("None of the step's wordings may be sent."))
    state = policy.state()
    if (bandit.state, bandit.arms) != (state, arms):
        before = sorted(bandit.arms)
        bandit.state, bandit.arms = state, arms
        bandit.save(update_fields=["state", "arms"])
        record_audit(
            actor=None,
            verb="follow_message_wordings",
            target=bandit,
            details={"before": before, "now": sorted(arms)},
        )


def follow_wordings(
    bandit: MessageBandit, policy: Policy | None, *, at: datetime
) -> tuple[Policy | None, dict[str, Any]]:
    """Return the policy with an arm for each variant, and the texts each knows of, since when.

    A variant that is gone goes with what was learned; one whose text is only stale keeps it. Other
    words under the same name begin anew; one more channel or language does not.
    """
    kept: dict[str, Any] = {}
    for variant, texts in _texts_of(bandit.step).items():
        known = bandit.arms.get(variant)
        is_same = known is not None and all(
            texts.get(place, text) == text for place, text in known["texts"].items()
        )
        since = known["since"] if is_same else at.isoformat()
        kept[variant] = {"texts": texts, "since": since}
        if policy is None:
            policy = new_policy(bandit, [variant])
        elif variant not in policy.arms:
            policy.add_arm(variant)
        elif not is_same:
            policy.forget_arm(variant)
    if policy is not None and kept:
        for name in set(policy.arms) - kept.keys():
            policy.remove_arm(name)
    return policy, kept


def _texts_of(step: CampaignStep) -> dict[str, dict[str, str]]:
    """Return, by variant, the text and subject that stand in each channel and language."""
    found: dict[str, dict[str, str]] = {}
    for one in CampaignMessage.objects.filter(step=step).order_by("variant", "channel", "language"):
        text = f"{one.publication_id}:{one.subject_id or ''}"
        found.setdefault(one.variant, {})[f"{one.channel}/{one.language}"] = text
    return found


def new_policy(bandit: MessageBandit, arms: list[str]) -> Policy:
    """Return the policy of a bandit that knows nothing yet of these variants."""
    given: dict[str, Any] = {
        "exploration": bandit.exploration,
        "half_life": bandit.half_life_days,
    }
    if bandit.method == Method.EPSILON_GREEDY:
        return EpsilonGreedy(arms, **given)
    if bandit.method == Method.LINUCB:
        return LinUCB(arms, len(bandit.features), **given)
    if bandit.method == Method.LINEAR_THOMPSON:
        return LinearThompson(arms, len(bandit.features), **given)
    return BetaThompson(arms, **given)


@dataclass(frozen=True)
class Expected:
    """What the author of an experiment between wordings expects, before anybody may approve it:
    the primary metric, why, the least effect worth a change (%), and for how many days."""

    metric: str
    hypothesis: str
    smallest_effect: Decimal
    days: int


@transaction.atomic
def compare_wordings(*, step: CampaignStep, expected: Expected, actor: User) -> Experiment:
    """Draft an experiment between a step's wordings in equal shares, and have it choose them.

    Another person approves and starts it. Raises ValidationError where there is nothing to compare,
    an experiment compares them already, or the metric is none.
    """
    if expected.metric not in COMPARED_BY:
        raise ValidationError(_("Wordings are compared by opens, clicks or purchases."))
    step = choose_by(step=step, choosing=Kind.EXPERIMENT, actor=actor)
    if others := experiments_of(step, status__in=Experiment.UNDECIDED):
        raise ValidationError(_("“%(name)s” compares them already.") % {"name": others[0].name})
    before = len(experiments_of(step))
    experiment = Experiment(
        key=f"{subject_of(step.pk)}-{before + 1}",
        name=_("Wordings: %(campaign)s, step %(number)d")
        % {"campaign": str(step.campaign)[:150], "number": step.number},
        hypothesis=expected.hypothesis,
        surface=SURFACE,
        subject=subject_of(step.pk),
        primary_metric=expected.metric,
        guardrails=["unsubscribe", "complaint"],
        also_measured=[one for one in COMPARED_BY if one != expected.metric],
        smallest_effect=expected.smallest_effect,
        horizon_days=expected.days,
    )
    save_experiment(experiment=experiment, actor=actor)
    variants = variants_of(step)
    weight = round(Decimal(1) / len(variants), 4)
    arms = [
        Arm(key=variant, policy=variant, weight=weight, is_control=place == 0, position=place)
        for place, variant in enumerate(variants)
    ]
    save_arms(experiment=experiment, arms=arms, actor=actor)
    return experiment
