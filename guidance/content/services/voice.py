"""The house voice: style guides in versions, and what they do to ten of the shop's products."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import StyleGuide
from guidance.content.selectors.rules import active_rules
from guidance.content.selectors.shop import shop_brands
from guidance.content.services.waiting import require
from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.checks import BLOCK, check
from models_ml.writer.facts import Fact
from models_ml.writer.realiser import NotEnoughFacts, write
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import Terms
from models_ml.writer.voice import Voice

PREVIEWED = 10
# Products tried at a time, and in all: those with too few facts fall through.
TRIED, MOST_TRIED = 50, 500
CHANGES = "content.change_styleguide"


@dataclass(frozen=True)
class Sample:
    """One product's text without and with the voice, and how many checks each fails."""

    product: Product
    plain: str
    voiced: str
    plain_failed: int
    voiced_failed: int


@dataclass(frozen=True)
class _House:
    """What every sample is written and checked by."""

    voice: Voice
    brands: Terms
    rules: CompiledRules


@transaction.atomic
def add_version(*, guide: StyleGuide, actor: User) -> StyleGuide:
    """Store a new version of its language's style guide; it comes into use by `use_version`.

    Raises PermissionDenied.
    """
    require(actor, "content.add_styleguide")
    hold_lock("content.voice")
    same = StyleGuide.objects.filter(language=guide.language)
    guide.number = (same.aggregate(last=Max("number"))["last"] or 0) + 1
    # The guide may be an earlier version with changes, of another person and day.
    guide.created_by, guide.created_at, guide.is_active = actor, timezone.now(), False
    guide.save(force_insert=True)
    details = {"language": guide.language, "version": guide.number}
    record_audit(actor=actor, verb="add_style_guide", target=guide, details=details)
    return guide


@transaction.atomic
def use_version(*, guide: StyleGuide, actor: User) -> None:
    """Have every writer follow this version from the next text on; raises PermissionDenied."""
    require(actor, CHANGES)
    hold_lock("content.voice")
    StyleGuide.objects.filter(language=guide.language, is_active=True).update(is_active=False)
    StyleGuide.objects.filter(pk=guide.pk).update(is_active=True)
    details = {"language": guide.language, "version": guide.number}
    record_audit(actor=actor, verb="use_style_guide", target=guide, details=details)


def preview(*, voice: Voice, kind: str, after: int = 0) -> list[Sample]:
    """Return how the builtin writer words ten products without and with the voice.

    They are the first ten beyond the primary key `after` whose facts are enough for this kind.
    """
    found, house = list[Sample](), _House(voice, shop_brands(), active_rules(voice.language))
    for product, facts in _products(voice.language, after):
        try:
            found.append(_sample(product, facts, kind, house))
        except NotEnoughFacts:
            continue
        if len(found) == PREVIEWED:
            break
    return found


def _products(language: str, after: int) -> Iterator[tuple[Product, list[Fact]]]:
    shown = Product.objects.filter(is_hidden=False).select_related("category").order_by("pk")
    for _round in range(MOST_TRIED // TRIED):
        batch = list(shown.filter(pk__gt=after)[:TRIED])
        if not batch:
            return
        facts = facts_of(batch, language)
        for product in batch:
            yield product, facts[product.pk]
        after = batch[-1].pk


def _sample(product: Product, facts: list[Fact], kind: str, house: _House) -> Sample:
    voice, language = house.voice, house.voice.language
    title = product.title_in(language)
    plain = write(kind, title=title, facts=facts, language=language, seed=product.pk)
    voiced = voice.applied(plain, kind=kind, title=title, facts=facts)

    def failed(text: str) -> int:
        findings = check(
            text,
            facts=facts,
            title=title,
            language=language,
            kind=kind,
            banned=voice.banned,
            brands=house.brands,
            rules=house.rules,
        )
        return sum(finding.severity == BLOCK for finding in findings)

    return Sample(product, plain.text, voiced.text, failed(plain.text), failed(voiced.text))
