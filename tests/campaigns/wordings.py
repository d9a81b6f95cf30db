"""Messages in two wordings, and how they are chosen."""

from typing import Any

from guidance.campaigns.models import (
    CampaignMessage,
    CampaignStep,
    MessageBandit,
    PlanEntry,
    PushPlan,
    Verdict,
)
from guidance.campaigns.services.choosing import choose_by
from guidance.customers.models import Customer
from guidance.experiments.models import Experiment
from tests import factories
from tests.campaigns.pushes import publish, push


def two_wordings(*people: Customer, **given: Any) -> CampaignMessage:
    """The first message of a campaign to these people; the second is its wording b."""
    message = push(*people, **given)
    publish(factories.campaign_message(step=message.step, variant="b", channel=message.channel))
    return message


def running_experiment(step: CampaignStep, **given: Any) -> Experiment:
    """An experiment between the wordings a (the control) and b of a step, which it chooses."""
    choose_by(step=step, choosing="experiment", actor=factories.user())
    arms = {"a": "a", "b": "b"}
    told = {"surface": "push", "subject": f"message-{step.pk}", "arms": arms}
    made: Experiment = factories.running_experiment(**{**told, **given})
    return made


def bandit(step: CampaignStep, **given: Any) -> MessageBandit:
    choose_by(step=step, choosing="bandit", asked=MessageBandit(**given), actor=factories.user())
    return MessageBandit.objects.get(step=step, is_current=True)


def got(plan: PushPlan) -> dict[str, str]:
    """Who gets which wording."""
    rows = PlanEntry.objects.filter(plan=plan, verdict=Verdict.SEND)
    return dict(rows.values_list("customer__ref", "message__variant"))
