"""The rows of content."""

from guidance.content.models.bandits import CopyBandit
from guidance.content.models.drafts import (
    NOBODY,
    Draft,
    DraftComment,
    DraftQuerySet,
    DraftRevision,
    MissingFacts,
    ReviewTask,
    asked_for_by,
    barred,
    between_commas,
)
from guidance.content.models.kinds import Kind, MessageChannel, Stress
from guidance.content.models.labels import EditorialTakeover, LabelPolicy
from guidance.content.models.places import MAIN, MAIN_POLICY, PLACE
from guidance.content.models.providers import ProviderCircuit, ProviderUsage
from guidance.content.models.publications import (
    Citation,
    PlannedCopy,
    Publication,
    PublicationQuerySet,
    PublishedCopy,
)
from guidance.content.models.rules import CopyFingerprint, RulePackVersion, SignedException
from guidance.content.models.voices import GlossaryTerm, StyleGuide
from guidance.content.models.webhooks import (
    WebhookAttempt,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)

__all__ = [
    "MAIN",
    "MAIN_POLICY",
    "NOBODY",
    "PLACE",
    "Citation",
    "CopyBandit",
    "CopyFingerprint",
    "Draft",
    "DraftComment",
    "DraftQuerySet",
    "DraftRevision",
    "EditorialTakeover",
    "GlossaryTerm",
    "Kind",
    "LabelPolicy",
    "MessageChannel",
    "MissingFacts",
    "PlannedCopy",
    "ProviderCircuit",
    "ProviderUsage",
    "Publication",
    "PublicationQuerySet",
    "PublishedCopy",
    "ReviewTask",
    "RulePackVersion",
    "SignedException",
    "Stress",
    "StyleGuide",
    "WebhookAttempt",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookMessage",
    "asked_for_by",
    "barred",
    "between_commas",
]
