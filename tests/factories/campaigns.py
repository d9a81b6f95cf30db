"""Rows of campaigns: campaigns with steps and messages, offers, audiences, plans, deliveries."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from guidance.campaigns.models import (
    Audience,
    AudienceImport,
    AudienceMember,
    Campaign,
    CampaignMessage,
    CampaignStep,
    ChannelLimit,
    Contact,
    Delivery,
    FrequencyCap,
    InboxMessage,
    Offer,
    PushEndpoint,
    PushPlan,
)
from guidance.core.ids import new_id
from tests.factories.catalog import category
from tests.factories.content import publication
from tests.factories.core import user
from tests.factories.customers import customer
from tests.factories.numbers import next_number


def campaign(**given: Any) -> Campaign:
    n, now = next_number(), timezone.now()
    return Campaign.objects.create(
        **{
            "key": f"sale-{n}",
            "titles": {"en": f"Sale {n}"},
            "starts_at": now,
            "ends_at": now + timedelta(days=1),
            "category": given.pop("category", None) or category(),
            **given,
        }
    )


def offer(**given: Any) -> Offer:
    return Offer.objects.create(
        **{
            "campaign": given.pop("campaign", None) or campaign(),
            "code": f"CODE{next_number()}",
            "kind": "percent",
            "value": 5,
            **given,
        }
    )


def audience(**given: Any) -> Audience:
    n = next_number()
    members = given.pop("members", ())
    made = Audience.objects.create(**{"key": f"people-{n}", "name": f"People {n}", **given})
    AudienceMember.objects.bulk_create(
        AudienceMember(audience=made, customer=one) for one in members
    )
    return made


def audience_import(**given: Any) -> AudienceImport:
    listed = given.pop("audience", None) or audience(kind="list")
    counts = {"rows": 3, "added": 1, "known": 1, "rejected": 1, "rejects": [[3, "unknown"]]}
    return AudienceImport.objects.create(**{"audience": listed, **counts, **given})


def campaign_step(**given: Any) -> CampaignStep:
    owner = given.pop("campaign", None) or campaign()
    return CampaignStep.objects.create(**{"campaign": owner, "number": 1, **given})


def campaign_message(**given: Any) -> CampaignMessage:
    """A message of a step; what begins with `campaign__` goes to a new campaign."""
    told = {n: given.pop(n) for n in list(given) if n.startswith("campaign__")}
    own = {name.removeprefix("campaign__"): value for name, value in told.items()}
    step = given.pop("step", None) or campaign_step(campaign=campaign(**own))
    return CampaignMessage.objects.create(
        **{
            "step": step,
            "channel": "null",
            "language": "en",
            "publication": given.pop("publication", None) or publication(),
            **given,
        }
    )


def push_plan(**given: Any) -> PushPlan:
    return PushPlan.objects.create(
        **{
            "campaign": given.pop("campaign", None) or campaign(),
            "number": next_number(),
            "proposed_by": given.pop("proposed_by", None) or user(),
            **given,
        }
    )


def delivery(**given: Any) -> Delivery:
    message = given.pop("message", None) or campaign_message()
    return Delivery.objects.create(
        **{
            "campaign": message.step.campaign,
            "customer": given.pop("customer", None) or customer(),
            "occurrence": str(next_number()),
            "channel": message.channel,
            "message": message,
            "due_at": timezone.now(),
            **given,
        }
    )


def push_endpoint(**given: Any) -> PushEndpoint:
    """An endpoint that is not in use, since one is at most."""
    n = next_number()
    told = {"name": f"sender {n}", "url": f"https://sender-{n}.example/", "is_active": False}
    return PushEndpoint.objects.create(**{**told, "secret": b"sealed", **given})


def inbox_message(**given: Any) -> InboxMessage:
    owner = given.pop("customer", None) or customer()
    told = {"subject": f"Message {next_number()}", "body": "Tea is back."}
    return InboxMessage.objects.create(**{"customer": owner, "delivery": new_id(), **told, **given})


def channel_limit(**given: Any) -> ChannelLimit:
    """The e-mail channel's limit: there is one row a channel and provider."""
    told = {"channel": "email", "provider": "", **given}
    named = {name: told.pop(name) for name in ("channel", "provider")}
    return ChannelLimit.objects.get_or_create(**named, defaults=told)[0]


def contact(**given: Any) -> Contact:
    owner = given.pop("customer", None) or customer()
    return Contact.objects.create(**{"customer": owner, "source": "onboarding", **given})


def frequency_cap(**given: Any) -> FrequencyCap:
    return FrequencyCap.objects.create(**{"most": 3, "days": next_number() % 30_000 + 1, **given})
