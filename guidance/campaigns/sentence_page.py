"""What a sentence comes to, shown before anything is made of it."""

from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from guidance.campaigns.audiences.language import read
from guidance.campaigns.audiences.words import in_words
from guidance.campaigns.models import Objective, Offer, Trigger
from guidance.campaigns.rendering import OfferFacts, offer_line
from guidance.campaigns.sentence_words import reader_in_words, refused_in_words, where_it_goes
from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.services.beginning import USUAL_DAILY_MAXIMUM
from guidance.campaigns.services.reading import Reading
from guidance.core.selectors import default_market

EXAMPLES = {
    "en": "win back tea buyers who left a cart last week with 10 % off, not at night",
    "zh-hans": "召回上周加购未付款、买过茶的顾客，打九折，晚上不发",
}


def sentence_page(sentence: str, reading: Reading | None) -> dict[str, Any]:
    """Return what the page shows of a sentence; None is nothing read yet."""
    language = get_language() or "en"
    page = {
        "sentence": sentence,
        "example": EXAMPLES.get(language, EXAMPLES["en"]),
        "where_it_goes": where_it_goes(),
    }
    if reading is None or not sentence.strip():
        return page
    found = reading.found
    return page | {
        "is_read": True,
        "words": found.words,
        "unresolved": found.unresolved,
        "by": reader_in_words(reading),
        "refused": [refused_in_words(one) for one in reading.refused],
        "lines": _lines(found, language),
        "may_begin": found.may_begin,
        "seal": reading.seal,
    }


def _lines(found: Understood, language: str) -> list[tuple[str, str]]:
    lines = [
        (_("For"), in_words(read(found.rules)[0])),
        (_("objective"), str(Objective(found.objective or Objective.ORDERS).label)),
    ]
    if found.category:
        lines.append((_("category"), found.category))
    if found.trigger:
        most = found.daily_maximum or USUAL_DAILY_MAXIMUM
        lines.append((_("trigger"), str(Trigger(found.trigger).label)))
        lines.append((_("messages a day at most"), formats.number_format(most)))
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
