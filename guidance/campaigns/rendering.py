"""From a frame, a published text and an offer to the words that a shopper reads.

A frame is plain text with variables in braces; `VARIABLES` lists them. It is taken apart once and
filled in for each shopper. Pure: no rows are read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_percent
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

VARIABLES = {
    "text": gettext_lazy("the published text"),
    "greeting": gettext_lazy("a greeting, by membership tier"),
    "title": gettext_lazy("the title of the product; of a trigger's, the one that set it off"),
    "price": gettext_lazy("that product's price today"),
    "offer": gettext_lazy("what the offer gives, with its code"),
    "code": gettext_lazy("the code alone"),
    "link": gettext_lazy("that product's page"),
    "preferences": gettext_lazy("the address of the shopper's preferences"),
    "unsubscribe": gettext_lazy("the address that unsubscribes"),
}
EMAIL_TEMPLATE = "campaigns/email.html"
LINKS = frozenset({"link", "preferences", "unsubscribe"})
BLANK_LINES = re.compile(r"\n{3,}")


class BadFrame(ValueError):
    """A frame cannot be filled in; says which variable or brace is at fault."""


@dataclass(frozen=True)
class Frame:
    """A frame taken apart: texts and, after each, the name of a variable ('' for none)."""

    parts: tuple[tuple[str, str], ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the words; a variable without a value leaves no empty lines behind."""
        words = "".join(text + values.get(name, "") for text, name in self.parts)
        return BLANK_LINES.sub("\n\n", words).strip()

    def fill_html(self, values: Mapping[str, str]) -> list[SafeString]:
        """Return the paragraphs as HTML; what is not marked as safe is escaped."""
        pieces = (
            escape(text) + _as_html(values.get(name, ""), is_link=name in LINKS)
            for text, name in self.parts
        )
        words = BLANK_LINES.sub("\n\n", "".join(pieces)).strip()
        broken = (paragraph.replace("\n", "<br>") for paragraph in words.split("\n\n"))
        return [mark_safe(one) for one in broken]  # noqa: S308  every piece was escaped above

    @property
    def variables(self) -> set[str]:
        return {name for _text, name in self.parts if name}


@dataclass(frozen=True, kw_only=True)
class ProductFacts:
    """What is told of the product that a text is about, as it is today."""

    title: str
    price: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class OfferFacts:
    """What an offer gives: `kind` is one of `Offer.Kind`, `title` what a gift is called."""

    kind: str
    value: Decimal
    currency: str = ""
    title: str = ""
    minimum_spend: Decimal | None = None
    ends_at: datetime | None = None
    zone: tzinfo | None = None


@dataclass(frozen=True, kw_only=True)
class Links:
    """Absolute addresses; '' where there is none. They are all of one shopper."""

    product: str = ""
    preferences: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, kw_only=True)
class Words:
    """One wording of a message: its frame and the published texts."""

    frame: str
    text: str
    language: str
    subject: str = ""


@dataclass(frozen=True)
class Rendered:
    """A message as a shopper gets it; `html` is '' where it was not asked for."""

    subject: str
    body: str
    html: str = ""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whom a message is for, and what they get with it."""

    tier: str = ""
    code: str = ""
    links: Links = field(default_factory=Links)


def render(
    words: Words,
    *,
    product: ProductFacts,
    offer: OfferFacts | None,
    reader: Reader,
    as_html: bool = False,
) -> Rendered:
    """Return a message's subject, plain text and, where asked for, the e-mail's HTML.

    Without a subject the product's title stands for it. The ways out that the frame does not name
    come after an e-mail's text. Raises BadFrame.
    """
    frame = parse_frame(words.frame)
    values = _values(words, frame, product, offer, reader)
    subject, body = words.subject or product.title, frame.fill(values)
    if not as_html:
        return Rendered(subject, body)
    ways_out = _ways_out(words.language, reader.links)
    named = frame.variables
    lines = [f"{label}: {values[name]}" for name, label in ways_out if name not in named]
    html = render_to_string(
        EMAIL_TEMPLATE,
        {
            "language": words.language,
            "subject": subject,
            "paragraphs": frame.fill_html(values),
            "ways_out": [(label, values[name]) for name, label in ways_out],
        },
    )
    return Rendered(subject, "\n\n".join([body, *lines]), html)


@lru_cache(maxsize=1024)
def parse_frame(frame: str) -> Frame:
    """Take a frame apart; raises BadFrame for an unknown variable or a brace that is left open."""
    try:
        found = list(Formatter().parse(frame))
    except ValueError:
        raise BadFrame(
            _("A brace is opened or closed alone; write two to show one: {{ or }}.")
        ) from None
    parts = []
    for text, name, form, conversion in found:
        if name is not None and (name not in VARIABLES or form or conversion):
            told = {"name": name or "{}", "known": ", ".join(VARIABLES)}
            raise BadFrame(_("“%(name)s” is no variable; there are: %(known)s.") % told)
        parts.append((text, name or ""))
    if "text" not in {name for _text, name in parts}:
        raise BadFrame(_("The frame must hold {text}, where the published text stands."))
    return Frame(tuple(parts))


def offer_line(offer: OfferFacts, *, code: str, language: str) -> str:
    """Return what an offer gives: "10% off with the code SPRING (from €50.00, until 3 May 2026)".

    A gift that has no name in the language is "a gift".
    """
    with translation.override(language):
        line = _benefit(offer, language)
        if code:
            line = _("%(benefit)s with the code %(code)s") % {"benefit": line, "code": code}
        limits = _limits(offer, language)
        if not limits:
            return line
        told = {"line": line, "limits": _(", ").join(limits)}
        return _("%(line)s (%(limits)s)") % told


def greeting(*, tier: str, language: str) -> str:
    """Return how a shopper is greeted; nobody's name is known here."""
    with translation.override(language):
        return _("Dear %(tier)s member,") % {"tier": tier} if tier else _("Hello,")


def money(value: Decimal | str, currency: str, language: str) -> str:
    """Return an amount as people of a language write it."""
    return format_currency(Decimal(value), currency, locale=locale_of(language))


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Return Babel's locale of a language tag, English where it knows none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


def _values(
    words: Words, frame: Frame, product: ProductFacts, offer: OfferFacts | None, reader: Reader
) -> dict[str, str]:
    """Return what the variables stand for; what costs something only where the frame names it."""
    links, language, named = reader.links, words.language, frame.variables
    values = {"text": words.text, "title": product.title, "code": reader.code}
    values |= {"link": links.product, "preferences": links.preferences}
    values["unsubscribe"] = links.unsubscribe
    if "price" in named and product.price is not None:
        values["price"] = money(product.price, product.currency, language)
    if "offer" in named and offer is not None:
        values["offer"] = offer_line(offer, code=reader.code, language=language)
    if "greeting" in named:
        values["greeting"] = greeting(tier=reader.tier, language=language)
    return values


def _benefit(offer: OfferFacts, language: str) -> str:
    if offer.kind == "shipping":
        return _("Free shipping")
    if offer.kind == "gift":
        gift = offer.title
        return _("%(gift)s as a gift") % {"gift": gift} if gift else _("A gift")
    if offer.kind == "percent":
        locale = locale_of(language)
        amount = format_percent(offer.value / 100, locale=locale, decimal_quantization=False)
    else:
        amount = money(offer.value, offer.currency, language)
    return _("%(amount)s off") % {"amount": amount}


def _limits(offer: OfferFacts, language: str) -> list[str]:
    limits = []
    if offer.minimum_spend:
        spend = money(offer.minimum_spend, offer.currency, language)
        limits.append(_("from %(spend)s") % {"spend": spend})
    if offer.ends_at is not None:
        # What ends at midnight was valid until the day before.
        last = (offer.ends_at - timedelta(microseconds=1)).astimezone(offer.zone)
        day = format_date(last.date(), format="long", locale=locale_of(language))
        limits.append(_("until %(day)s") % {"day": day})
    return limits


def _ways_out(language: str, links: Links) -> Sequence[tuple[str, str]]:
    """Return the variables of the ways out that there are, each with what to call it."""
    with translation.override(language):
        told = [
            ("unsubscribe", _("Unsubscribe")),
            ("preferences", _("Choose what you hear from us")),
        ]
    given = {"unsubscribe": links.unsubscribe, "preferences": links.preferences}
    return [(name, label) for name, label in told if given[name]]


def _as_html(value: str, *, is_link: bool) -> str:
    if is_link and value:
        return format_html('<a href="{}">{}</a>', value, value)
    return escape(value)
