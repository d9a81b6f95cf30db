"""The review desk, publications, missing facts, rule packs and exceptions from them."""

from guidance.content.admin.drafts import DraftAdmin
from guidance.content.admin.exceptions import SignedExceptionAdmin
from guidance.content.admin.missing import MissingFactsAdmin
from guidance.content.admin.publications import PublicationAdmin
from guidance.content.admin.rule_packs import RulePackVersionAdmin

__all__ = [
    "DraftAdmin",
    "MissingFactsAdmin",
    "PublicationAdmin",
    "RulePackVersionAdmin",
    "SignedExceptionAdmin",
]
