"""Rows of content: copy, from drafts to webhooks."""

from datetime import date
from typing import Any

from django.utils import timezone

from guidance.content.models import (
    CopyBandit,
    Draft,
    GlossaryTerm,
    Kind,
    LabelPolicy,
    MissingFacts,
    ProviderUsage,
    Publication,
    PublishedCopy,
    RulePackVersion,
    SignedException,
    StyleGuide,
    WebhookEndpoint,
    WebhookMessage,
)
from guidance.content.services.webhook_endpoints import create_endpoint
from models_ml.writer.packs import builtin_text
from tests.factories.catalog import product
from tests.factories.core import market, user
from tests.factories.numbers import next_number


def draft(**given: Any) -> Draft:
    return Draft.objects.create(
        **{
            "product": given.pop("product", None) or product(),
            "kind": Kind.DESCRIPTION,
            "language": "en",
            "text": "A green tea from Uji.",
            "writer": "builtin",
            **given,
        }
    )


def rule_pack_version(**given: Any) -> RulePackVersion:
    """Make a version of China's rules, which nobody activated; the built-in one is number 1."""
    n = next_number()
    return RulePackVersion.objects.create(
        **{"pack": "cn", "number": 1_000 + n, "rules": builtin_text("cn"), "note": f"v {n}"} | given
    )


def signed_exception(**given: Any) -> SignedException:
    n = next_number()
    usual = {
        "rule": "superlatives_en",
        "span_text": "best",
        "text_sha256": "0" * 64,
        "justification": f"The jury's report {n} says so.",
        "requesters": ",",
    }
    draft_, signer = given.pop("draft", None) or draft(), given.pop("signed_by", None) or user()
    return SignedException.objects.create(draft=draft_, signed_by=signer, **{**usual, **given})


def publication(**given: Any) -> Publication:
    reviewer = given.pop("approved_by", None) or user()
    approved = {
        "status": Draft.Status.APPROVED,
        "decided_at": timezone.now(),
        "decided_by": reviewer,
    }
    source = given.pop("draft", None) or draft(**approved)
    return Publication.objects.create(
        **{
            "draft": source,
            "product": source.product,
            "kind": source.kind,
            "language": source.language,
            "number": 1,
            "text": source.text,
            "approved_by": reviewer,
            **given,
        }
    )


def copy_bandit(**given: Any) -> CopyBandit:
    """A bandit that waits for approval, over a main text that is live."""
    if "main" not in given:
        text = publication()
        place = {"product": text.product, "kind": text.kind, "language": text.language}
        given["main"] = PublishedCopy.objects.create(publication=text, **place)
    asker = given.pop("requested_by", None) or user()
    return CopyBandit.objects.create(
        **{
            "key": f"copy-bandit-{next_number()}",
            "surface": "product",
            "requested_by": asker,
            **given,
        }
    )


def label_policy(**given: Any) -> LabelPolicy:
    return LabelPolicy.objects.create(
        **{"market": given.pop("market", None) or market(), "jurisdiction": "us", **given}
    )


def style_guide(**given: Any) -> StyleGuide:
    return StyleGuide.objects.create(**{"language": "en", "number": next_number(), **given})


def glossary_term(**given: Any) -> GlossaryTerm:
    defaults = {"language": "en", "term": f"couch {next_number()}", "preferred": "sofa"}
    return GlossaryTerm.objects.create(**{**defaults, **given})


def webhook_endpoint(**given: Any) -> WebhookEndpoint:
    defaults = {"name": f"hook {next_number()}", "url": "https://shop.example/hooks"}
    events = given.pop("events", ["copy.published", "copy.withdrawn"])
    endpoint, _secret = create_endpoint(**{**defaults, **given}, events=events, actor=None)
    return endpoint


def webhook_message(**given: Any) -> WebhookMessage:
    return WebhookMessage.objects.create(
        **{
            "endpoint": given.pop("endpoint", None) or webhook_endpoint(),
            "type": "copy.published",
            "body": "{}",
            **given,
        }
    )


def missing_facts(**given: Any) -> MissingFacts:
    return MissingFacts.objects.create(
        **{
            "product": given.pop("product", None) or product(),
            "kind": Kind.DESCRIPTION,
            "language": "en",
            "keys": ["material"],
            **given,
        }
    )


def provider_usage(**given: Any) -> ProviderUsage:
    return ProviderUsage.objects.create(
        **{
            "day": date(2026, 5, 1),
            "provider": "openai",
            "model": f"model-{next_number()}",
            **given,
        }
    )
