"""What a sentence comes to, shown before anything is made of it."""

from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from guidance.campaigns.audiences.language import read
from guidance.campaigns.audiences.words import in_words
from guidance.campaigns.models import Objective, Offer
from guidance.campaigns.rendering import OfferFacts, offer_line
from guidance.campaigns.sentences.grammar import understand
from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.sentences.vocabulary import read_vocabulary
from guidance.core.selectors import default_market

EXAMPLES = {
    "en": "win back tea buyers who left a cart last week with 10 % off, not at night",
    "zh-hans": "召回上周加购未付款、买过茶的顾客，打九折，晚上不发",
}


def sentence_page(sentence: str) -> dict[str, Any]:
    """Return what the page shows of a sentence; '' is nothing yet."""
    language = get_language() or "en"
    found = understand(sentence, read_vocabulary())
    return {
        "sentence": sentence,
        "example": EXAMPLES.get(language, EXAMPLES["en"]),
        "words": found.words,
        "unresolved": found.unresolved,
        "lines": _lines(found, language) if sentence.strip() else [],
        "may_begin": bool(found.conditions or found.objective or found.offer_kind),
    }


def _lines(found: Understood, language: str) -> list[tuple[str, str]]:
    lines = [
        (_("For"), in_words(read(found.rules)[0])),
        (_("objective"), str(Objective(found.objective or Objective.ORDERS).label)),
    ]
    if found.offer_kind:
        lines.append((_("offer"), _offer(found, language)))
    if found.send_at is not None:
        lines.append((_("send at"), formats.time_format(found.send_at)))
    if found.quiet is not None:
        told = {"from": formats.time_format(found.quiet[0])}
        told["until"] = formats.time_format(found.quiet[1])
        lines.append((_("quiet hours"), _("%(from)s to %(until)s") % told))
    return [(str(name), value) for name, value in lines]


def _offer(found: Understood, language: str) -> str:
    currency = found.offer_currency or default_market().currency
    facts = OfferFacts(
        kind=Offer.Kind(found.offer_kind),
        value=found.offer_value or Decimal(0),
        currency=currency,
    )
    return offer_line(facts, code="", language=language)
