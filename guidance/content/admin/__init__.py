"""The review desk, publications, missing facts and the use of language models."""

from guidance.content.admin.drafts import DraftAdmin
from guidance.content.admin.missing import MissingFactsAdmin
from guidance.content.admin.publications import PublicationAdmin
from guidance.content.admin.usage import ProviderUsageAdmin

__all__ = ["DraftAdmin", "MissingFactsAdmin", "ProviderUsageAdmin", "PublicationAdmin"]
