"""How drafts, languages and facts are called on the desk's pages."""

import re
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from guidance.content.models import Draft, Kind, MessageChannel, MissingFacts, ReviewTask
from models_ml.writer.facts import LANGUAGES, label

CATEGORY_NAMES = {
    "superlative": gettext_lazy("absolute term"),
    "comparison": gettext_lazy("comparison"),
    "guarantee": gettext_lazy("guarantee"),
    "health": gettext_lazy("health claim"),
    "environment": gettext_lazy("environmental claim"),
    "price": gettext_lazy("price"),
    "urgency": gettext_lazy("urgency"),
    "endorsement": gettext_lazy("endorsement or popularity"),
    "superstition": gettext_lazy("superstition"),
    "profanity": gettext_lazy("coarse language"),
    "origin": gettext_lazy("origin claim"),
}
EXCEPTION_NAMES = {
    "self_comparison": gettext_lazy("comparison with one's own goods"),
    "stated_goal": gettext_lazy("stated goal"),
    "tip": gettext_lazy("tip on use"),
    "trademark": gettext_lazy("name or trademark"),
    "standard_grade": gettext_lazy("grade of a standard"),
    "sourced_fact": gettext_lazy("fact with its source"),
    "disclaimer": gettext_lazy("disclaimer"),
}
# As `models_ml.writer.providers` says them.
FAILURES = {
    "the stream ended without an answer": gettext_lazy("the stream ended without an answer"),
    "the server's answer holds no choices": gettext_lazy("the server's answer holds no choices"),
    "the server stopped in mid-stream": gettext_lazy("the server stopped in mid-stream"),
    "the server's answer does not end": gettext_lazy("the server's answer does not end"),
    "the server's answer is no JSON": gettext_lazy("the server's answer is no JSON"),
    "the server stopped in mid-answer": gettext_lazy("the server stopped in mid-answer"),
    "the address is neither http nor https": gettext_lazy("the address is neither http nor https"),
}
_TOO_LATE = re.compile(r"no whole answer within (\S+) s")
_REFUSED = re.compile(r"HTTP (\d+): (.*)", re.DOTALL)
FACT_FIELD = "fact-"
EXCERPT = 140
SOON = timedelta(hours=4)


class OfPlace(Protocol):
    """Whatever says what a text is for."""

    @property
    def kind(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def market(self) -> str: ...

    @property
    def segment(self) -> str: ...

    @property
    def variant(self) -> str: ...


def excerpt(text: str) -> str:
    """Return as much of a text as a row of a list has room for."""
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


def language_label(code: str) -> str:
    """Return a language's name, or its code where nobody named it."""
    return str(dict(settings.LANGUAGES).get(code, code))


def kind_label(kind: str) -> str:
    """Return what people call a kind of copy."""
    return str(dict(Kind.choices).get(kind, kind))


def place_label(text: OfPlace) -> str:
    """Return what a text is, where it goes and for whom, such as "push message, SMS, tier gold"."""
    return ", ".join(filter(None, [kind_label(text.kind), reach_label(text)]))


def reach_label(text: OfPlace) -> str:
    """Return where a text goes and for whom it is, '' for everybody who sees the shop's pages."""
    channel = str(dict(MessageChannel.choices).get(text.channel, text.channel))
    market = _("market %(key)s") % {"key": text.market} if text.market else ""
    segment = _("tier %(name)s") % {"name": text.segment} if text.segment else ""
    variant = wording_label(text.variant) if text.variant else ""
    return ", ".join(filter(None, [channel, market, segment, variant]))


def wording_label(variant: str) -> str:
    """Return what people call one wording of a place."""
    return _("variant %(key)s") % {"key": variant} if variant else _("main text")


def severity_name(severity: str) -> str:
    """Return what a finding's severity means for a draft."""
    names = {"block": _("stops approval"), "warn": _("warns"), "signed": _("signed")}
    return names[severity]


def failure_in_words(kept: str) -> str:
    """Return why a language model failed in the reader's language; it is kept in English.

    What a server or the network says of itself stays as it is.
    """
    if kept in FAILURES:
        return str(FAILURES[kept])
    if late := _TOO_LATE.fullmatch(kept):
        return _("no whole answer within %(seconds)s seconds") % {"seconds": late[1]}
    if refused := _REFUSED.fullmatch(kept):
        told = {"status": refused[1], "said": refused[2]}
        return _("the server refused (HTTP %(status)s): %(said)s") % told
    return kept or "–"


def since(time: datetime) -> str:
    """Return how long ago a moment was, in one unit."""
    if timezone.now() - time < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(time, depth=1)}


def fact_label(key: str) -> str:
    """Return what people call a fact, in the reader's language where the writer knows it."""
    language = get_language()
    return label(key, str(language) if language in LANGUAGES else "en")


def cause_of(task: ReviewTask) -> str:
    """Return why a task's texts are back, as a sentence."""
    if task.rules is not None:
        pack = {"pack": task.rules.get_pack_display(), "number": task.rules.number}
        return _("Other rules are in force: %(pack)s, version %(number)d.") % pack
    return _("“%(fact)s” changed.") % {"fact": fact_label(task.fact_key)}


def checks_badge(draft: Draft) -> tuple[str, str]:
    """Return a colour's name and words for what the checks and the facts say of a draft."""
    if draft.is_stale:
        return "stale", _("fact changed")
    if draft.blocking_findings:
        count = draft.blocking_findings
        return "failed", ngettext("%(n)d failed", "%(n)d failed", count) % {"n": count}
    if draft.warnings:
        count = draft.warnings
        return "warning", ngettext("%(n)d warning", "%(n)d warnings", count) % {"n": count}
    return "clean", _("clean")


def due_badge(draft: Draft) -> tuple[str, str]:
    """Return a colour's name and words for how long there is to decide a waiting draft."""
    left = draft.due_at - timezone.now()
    if left < timedelta(0):
        return "over", _("%(time)s over") % {"time": timesince(draft.due_at, depth=1)}
    name = "soon" if left < SOON else "later"
    return name, _("in %(time)s") % {"time": timeuntil(draft.due_at, depth=1)}


def wanted_fields(row: MissingFacts) -> list[tuple[str, str]]:
    """Return the name of each wanted fact's field in the grid, and what people call the fact."""
    return [(f"{FACT_FIELD}{row.pk}-{key}", fact_label(key)) for key in row.keys]
