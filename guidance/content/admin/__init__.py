"""The review desk, publications and missing facts."""

from guidance.content.admin.drafts import DraftAdmin
from guidance.content.admin.labels import LabelPolicyAdmin
from guidance.content.admin.missing import MissingFactsAdmin
from guidance.content.admin.publications import PublicationAdmin
from guidance.content.admin.voice import GlossaryTermAdmin, StyleGuideAdmin
from guidance.content.admin.webhooks import WebhookEndpointAdmin, WebhookMessageAdmin

__all__ = [
    "DraftAdmin",
    "GlossaryTermAdmin",
    "LabelPolicyAdmin",
    "MissingFactsAdmin",
    "PublicationAdmin",
    "StyleGuideAdmin",
    "WebhookEndpointAdmin",
    "WebhookMessageAdmin",
]
