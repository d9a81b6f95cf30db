"""The pages of content: the desk, publications, rules, labels and storefronts told."""

from guidance.content.admin.bandits import CopyBanditAdmin
from guidance.content.admin.drafts import DraftAdmin
from guidance.content.admin.exceptions import SignedExceptionAdmin
from guidance.content.admin.labels import LabelPolicyAdmin
from guidance.content.admin.missing import MissingFactsAdmin
from guidance.content.admin.publications import PublicationAdmin
from guidance.content.admin.rule_packs import RulePackVersionAdmin
from guidance.content.admin.usage import ProviderUsageAdmin
from guidance.content.admin.voice import GlossaryTermAdmin, StyleGuideAdmin
from guidance.content.admin.webhooks import WebhookEndpointAdmin, WebhookMessageAdmin

__all__ = [
    "CopyBanditAdmin",
    "DraftAdmin",
    "GlossaryTermAdmin",
    "LabelPolicyAdmin",
    "MissingFactsAdmin",
    "ProviderUsageAdmin",
    "PublicationAdmin",
    "RulePackVersionAdmin",
    "SignedExceptionAdmin",
    "StyleGuideAdmin",
    "WebhookEndpointAdmin",
    "WebhookMessageAdmin",
]
