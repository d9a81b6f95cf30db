"""The tables of campaigns, by what they are about."""

from guidance.campaigns.models.audiences import Audience, AudienceImport, AudienceMember
from guidance.campaigns.models.campaigns import (
    Campaign,
    CampaignMessage,
    CampaignStep,
    Objective,
    Purpose,
    Trigger,
)
from guidance.campaigns.models.channels import Channel, ChannelLimit, FrequencyCap
from guidance.campaigns.models.choosing import MessageBandit, Why
from guidance.campaigns.models.contacts import Contact
from guidance.campaigns.models.deliveries import Delivery
from guidance.campaigns.models.endpoints import PushEndpoint
from guidance.campaigns.models.inbox import InboxMessage
from guidance.campaigns.models.moves import ProductMove, ProductState
from guidance.campaigns.models.offers import Coupon, Offer
from guidance.campaigns.models.plans import PlanEntry, PushPlan, Verdict
from guidance.campaigns.models.scores import CustomerScore, CustomerSegment

__all__ = [
    "Audience",
    "AudienceImport",
    "AudienceMember",
    "Campaign",
    "CampaignMessage",
    "CampaignStep",
    "Channel",
    "ChannelLimit",
    "Contact",
    "Coupon",
    "CustomerScore",
    "CustomerSegment",
    "Delivery",
    "FrequencyCap",
    "InboxMessage",
    "MessageBandit",
    "Objective",
    "Offer",
    "PlanEntry",
    "ProductMove",
    "ProductState",
    "Purpose",
    "PushEndpoint",
    "PushPlan",
    "Trigger",
    "Verdict",
    "Why",
]
