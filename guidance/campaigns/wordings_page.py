"""A step's wordings in words and tables: who gets which, what came of each, and whether one is
best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.behaviour.models import Source
from guidance.campaigns.models import (
    CampaignMessage,
    CampaignStep,
    Channel,
    Delivery,
    MessageBandit,
    PushPlan,
)
from guidance.campaigns.planning.choosing import CHANNEL, Choice, Kind, values_of
from guidance.campaigns.selectors.choices import (
    ACTIVE,
    BOUGHT_OFTEN,
    TIER,
    bandit_of,
    choice_as_json,
    experiments_of,
    read_choice,
    variants_of,
)
from guidance.campaigns.selectors.choices import BOUGHT as BOUGHT_BEFORE
from guidance.campaigns.selectors.texts import gone_texts
from guidance.campaigns.selectors.wordings import (
    BOUGHT,
    CLICKED,
    OPENED,
    Step,
    Wording,
    wordings_by_step,
)
from guidance.content.presentation import excerpt
from guidance.core.numbers import rounded
from guidance.experiments.models import Experiment
from guidance.experiments.statistics import Estimate, NotMeasured

# Of fewer messages a wording nothing is said, whatever the intervals say.
FEWEST_SENT = 50
ALPHA = 0.05
GOALS = {
    OPENED: gettext_lazy("opened"),
    CLICKED: gettext_lazy("clicked"),
    BOUGHT: gettext_lazy("bought within a week"),
}
METRIC_GOALS = {"opened": OPENED, "ctr": CLICKED, "conversion": BOUGHT}
REWARD_GOALS = {MessageBandit.Reward.CLICK: CLICKED, MessageBandit.Reward.PURCHASE: BOUGHT}


@dataclass(frozen=True)
class Row:
    """A wording with its share of the messages and what came of it, in words."""

    variant: str
    text: str
    now: str
    sent: int
    share: str
    rates: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class StepWordings:
    """A step: how its wordings are chosen, each of them, and which is best."""

    number: int
    how: str
    rows: Sequence[Row]
    best: str
    goal: str


def wordings_of_plan(plan: PushPlan) -> list[StepWordings]:
    """Return, for each step with several wordings, what came of a plan's messages; four statements
    and a few a step."""
    steps = CampaignStep.objects.filter(campaign=plan.campaign_id).order_by("number")
    found = wordings_by_step(Delivery.objects.filter(plan=plan))
    told = (wordings_of_step(step, found.get(step.number)) for step in steps)
    return [one for one in told if len(one.rows) > 1]


def wordings_of_campaign(campaign_id: int) -> list[StepWordings]:
    """Return a campaign's steps that have messages, with what came of all that was sent where
    there are several wordings."""
    steps = CampaignStep.objects.filter(campaign=campaign_id).order_by("number")
    several = [step for step in steps if len(variants_of(step)) > 1]
    if not several:
        return []
    found = wordings_by_step(Delivery.objects.filter(campaign=campaign_id))
    return [wordings_of_step(step, found.get(step.number)) for step in several]


def wordings_of_step(step: CampaignStep, found: Step | None) -> StepWordings:
    """Return a step's wordings with what came of them, in words."""
    came = found or Step(step.number)
    goal = goal_of(step)
    messages = list(
        CampaignMessage.objects.filter(step=step)
        .select_related("publication")
        .order_by("variant", "channel", "language")
    )
    gone, whole = gone_texts(messages), sum(one.sent for one in came.whole.values())
    chances = chances_now(step)
    rows = []
    for variant in sorted({one.variant for one in messages}):
        own = [one for one in messages if one.variant == variant]
        is_gone = all(one.pk in gone for one in own)
        wording = came.whole.get(variant, Wording(step.number, variant))
        rows.append(
            Row(
                variant=variant,
                text=excerpt(" ".join(own[0].publication.text.split())),
                now=_("may not be sent") if is_gone else chances.get(variant, "–"),
                sent=wording.sent,
                share=_percent(wording.sent / whole) if whole else "–",
                rates=[(str(name), rate_text(wording.rate(one))) for one, name in GOALS.items()],
            )
        )
    return StepWordings(
        number=step.number,
        how=str(step.get_choosing_display()),
        rows=rows,
        best=best_text(came, goal),
        goal=str(GOALS[goal]),
    )


def goal_of(step: CampaignStep) -> str:
    """Return what a step's wordings are compared by: what its bandit is rewarded for, its
    experiment's primary metric, else clicks."""
    if step.choosing == Kind.BANDIT and (bandit := bandit_of(step)) is not None:
        return REWARD_GOALS[MessageBandit.Reward(bandit.reward)]
    if step.choosing == Kind.EXPERIMENT and (experiments := experiments_of(step)):
        return METRIC_GOALS.get(experiments[0].primary_metric, CLICKED)
    return CLICKED


def best_text(step: Step, goal: str) -> str:
    """Return which wording is best, or that the data cannot tell.

    One is best where it differs from each other one, corrected for as many pairs as there are
    (Bonferroni).
    """
    told = {name: one for name, one in step.whole.items() if one.drawn}
    if len(told) < 2:
        return _("Nothing to compare: no two wordings were sent by chance.")
    if few := [name for name, one in told.items() if one.drawn < FEWEST_SENT]:
        return _(
            "This cannot be told yet: of wording %(name)s fewer than %(fewest)d messages were sent."
        ) % {"name": few[0], "fewest": FEWEST_SENT}
    pairs = len(list(combinations(told, 2)))
    confidence = 1 - ALPHA / pairs
    for first in told:
        others = [name for name in told if name != first]
        differences = [step.difference(first, one, goal, confidence=confidence) for one in others]
        if all(isinstance(one, Estimate) and one.low > 0 for one in differences):
            least = min(one.low for one in differences if isinstance(one, Estimate))
            return _(
                "Wording %(name)s is best: more of its messages were %(goal)s, by %(points)s points"
                " at least."
            ) % {"name": first, "goal": GOALS[goal], "points": rounded(100 * least, 2)}
    return _("The data cannot tell yet which wording is best (%(goal)s).") % {"goal": GOALS[goal]}


def chances_now(step: CampaignStep) -> dict[str, str]:
    """Return, by variant, which share of messages gets it now, in words."""
    variants = variants_of(step)
    if step.choosing == Kind.ONE:
        chosen = step.only_variant if step.only_variant in variants else next(iter(variants), "")
        return {one: _percent(float(one == chosen)) for one in variants}
    if step.choosing == Kind.SHARES:
        return _by_weight(step, variants)
    choice = _choice_now(step)
    if choice.split is not None:
        shares: dict[str, float] = {}
        for _key, variant, share in choice.split.arms:
            shares[variant] = shares.get(variant, 0.0) + share
        return {variant: _percent(share) for variant, share in shares.items()}
    if choice.policy is None:
        return {}
    among = [one for one in variants if one in choice.policy.arms]
    if not among:
        return {}
    # Of a bandit that looks at shoppers: those of whom nothing is known.
    context = values_of(1, choice.features) if choice.policy.reads_context else None
    chances = choice.policy.propensities(context, among=among)
    told = zip(choice.policy.arms, chances.tolist(), strict=True)
    return {arm: _percent(chance) for arm, chance in told}


def _choice_now(step: CampaignStep) -> Choice:
    """Return what chooses for a step now; nothing where no experiment runs, or a bandit knows no
    wordings yet or cannot be read."""
    told: Mapping[str, Any] | None = choice_as_json(step)
    if told is None or not (told.get("arms") or told.get("state")):
        return Choice()
    try:
        return read_choice(step, told)
    except ValidationError:
        return Choice()


def _by_weight(step: CampaignStep, variants: Sequence[str]) -> dict[str, str]:
    """Return the shares of the first channel and language that has each."""
    weights: dict[str, int] = {}
    for one in CampaignMessage.objects.filter(step=step).order_by("channel", "language"):
        if one.variant in variants:
            weights.setdefault(one.variant, one.weight)
    whole = sum(weights.values()) or 1
    return {variant: _percent(weight / whole) for variant, weight in weights.items()}


def step_page(step: CampaignStep, *, may: Mapping[str, bool]) -> dict[str, Any]:
    """Return what the page of a step's wordings needs."""
    sent = Delivery.objects.filter(campaign=step.campaign_id, step=step.number)
    bandit = bandit_of(step)
    experiments = experiments_of(step) if may["see_experiments"] else []
    return {
        "step": step,
        "wordings": wordings_of_step(step, wordings_by_step(sent).get(step.number)),
        "is_by_bandit": step.choosing == Kind.BANDIT,
        "is_by_experiment": step.choosing == Kind.EXPERIMENT,
        "bandit": bandit,
        "features": _features(bandit) if bandit is not None else [],
        "experiments": experiments,
        "may_compare": may["change"]
        and not any(one.status in Experiment.UNDECIDED for one in experiments),
        "may_change": may["change"],
        "has_several": len(variants_of(step)) > 1,
        "waits": step.choosing == Kind.EXPERIMENT
        and not experiments_of(step, status=Experiment.Status.RUNNING, source=Source.LIVE),
    }


def _features(bandit: MessageBandit) -> list[str]:
    """Return what a bandit tells shoppers apart by, in words; what all have in common is left
    out."""
    named = {
        BOUGHT_BEFORE: _("whether they bought within a year"),
        BOUGHT_OFTEN: _("whether they did so three times or more"),
        ACTIVE: _("whether they did anything within a month"),
    }
    told = []
    for feature in bandit.features:
        kind, _colon, value = feature.partition(":")
        if feature.startswith(CHANNEL):
            told.append(_("channel %(name)s") % {"name": Channel(value).label})
        elif feature.startswith(TIER):
            told.append(_("membership tier %(name)s") % {"name": value})
        elif kind in named:
            told.append(named[kind])
    return told


def rate_text(rate: Estimate | NotMeasured) -> str:
    """Return a share with its interval."""
    if isinstance(rate, NotMeasured):
        return "–"
    return _("%(rate)s %% (%(low)s to %(high)s)") % {
        "rate": rounded(100 * rate.value, 1),
        "low": rounded(100 * rate.low, 1),
        "high": rounded(100 * rate.high, 1),
    }


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 1)} %"
