"""Length: what the shop's pages hold, and what each channel shows of a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop


class Length(NamedTuple):
    """Past `usual` it reads badly, past `most` it is cut off or breaks the page."""

    least: int
    usual: int
    most: int


class Channel(NamedTuple):
    """What a channel shows, in characters; `title` is None where a message has only a body."""

    title: Length | None
    body: Length


LENGTHS = {
    ("short_description", "en"): Length(4, 30, 45),
    ("short_description", "zh-hans"): Length(6, 60, 90),
    ("description", "en"): Length(12, 120, 200),
    ("description", "zh-hans"): Length(16, 220, 400),
    ("title", "en"): Length(2, 12, 20),
    ("title", "zh-hans"): Length(2, 30, 60),
    ("bullets", "en"): Length(6, 100, 160),
    ("bullets", "zh-hans"): Length(10, 180, 300),
    ("faq", "en"): Length(12, 250, 400),
    ("faq", "zh-hans"): Length(20, 450, 800),
    ("guide", "en"): Length(20, 500, 900),
    ("guide", "zh-hans"): Length(30, 900, 1_800),
    ("campaign", "en"): Length(4, 60, 120),
    ("campaign", "zh-hans"): Length(6, 110, 220),
}
"""Words in English, characters in Chinese."""

CHANNELS = {
    ("ios", "en"): Channel(Length(4, 40, 50), Length(8, 110, 178)),
    ("ios", "zh-hans"): Channel(Length(2, 18, 25), Length(4, 50, 80)),
    ("android", "en"): Channel(Length(4, 45, 65), Length(8, 120, 240)),
    ("android", "zh-hans"): Channel(Length(2, 20, 32), Length(4, 56, 110)),
    ("web_push", "en"): Channel(Length(4, 40, 50), Length(8, 100, 120)),
    ("web_push", "zh-hans"): Channel(Length(2, 18, 25), Length(4, 45, 60)),
    ("inbox", "en"): Channel(Length(4, 40, 60), Length(8, 220, 400)),
    ("inbox", "zh-hans"): Channel(Length(2, 18, 30), Length(4, 110, 200)),
    ("email_subject", "en"): Channel(None, Length(8, 50, 78)),
    ("email_subject", "zh-hans"): Channel(None, Length(4, 20, 39)),
    ("sms", "en"): Channel(None, Length(10, 160, 306)),
    ("sms", "zh-hans"): Channel(None, Length(5, 70, 134)),
    ("wechat", "en"): Channel(Length(4, 40, 64), Length(8, 100, 120)),
    ("wechat", "zh-hans"): Channel(Length(2, 22, 64), Length(4, 54, 120)),
}
"""What phones, browsers and mail programs show before they cut; an SMS is one to two parts."""

CHANNELS_OF_KIND = {
    "push": ("web_push", "ios", "android", "inbox", "sms", "wechat", "email_subject"),
    "campaign": ("", "email_subject", "sms", "wechat", "ios", "android", "web_push"),
}
"""Where each kind may go, the usual one first; other kinds go to the shop's pages only."""

LATIN_WORD = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ɏ]+(?:['’.-][A-Za-z0-9À-ÖØ-öø-ɏ]+)*")
HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_UCS2_SMS = Length(5, 70, 134)
"""An SMS with one character beyond the Latin alphabet holds no more, in any language."""


def measure(text: str, language: str) -> int:
    """The length as `LENGTHS` counts it: words, or Chinese characters plus Latin words."""
    latin = len(LATIN_WORD.findall(text))
    return latin if language == "en" else latin + sum(len(run) for run in HAN_RUN.findall(text))


def channel_of(kind: str, channel: str) -> str:
    """The channel, or the kind's usual one for ""; raises ValueError where it cannot go there."""
    known = CHANNELS_OF_KIND.get(kind, ("",))
    if channel and channel not in known:
        where = ", ".join(name for name in known if name) or "none"
        raise ValueError(f"channel {channel!r} is none of those of {kind!r}: {where}")
    return channel or known[0]


def length(context: Context) -> Iterator[Finding]:
    """Too short or too long for this kind and language, or for the channel's title or body."""
    if not context.text.strip():
        return
    if not context.channel:
        size = measure(context.text, context.language)
        limit = LENGTHS[context.kind, context.language]
        yield from _compare(size, limit, 0, len(context.text))
        return
    shown = CHANNELS[context.channel, context.language]
    body, start = message_limits(context.channel, context.language, text=context.text), 0
    if shown.title and "\n" in context.text:
        title, newline, _ = context.text.partition("\n")
        yield from _compare(len(title.strip()), shown.title, 0, len(title))
        start = len(title) + len(newline)
    yield from _compare(len(context.text[start:].strip()), body, start, len(context.text))


def longer_than_asked(context: Context) -> Iterator[Finding]:
    """More characters than whoever asked for the text has room for."""
    size = len(context.text.strip())
    if context.longest and size > context.longest:
        message = gettext_noop("Longer than was asked for: %(size)s of %(most)s characters")
        hint = gettext_noop("Shorten it; there is room for no more where it goes.")
        params = {"size": size, "most": context.longest}
        yield Finding("asked_length", BLOCK, 0, len(context.text), message, hint, params)


def message_limits(channel: str, language: str, *, longest: int = 0, text: str = "") -> Length:
    """Return the lengths of a message's body on a channel, none above `longest` where it is given.

    An SMS holds less once `text` leaves the Latin alphabet. Raises KeyError for a channel or
    language that nobody knows.
    """
    body = CHANNELS[channel, language].body
    if channel == "sms" and not text.isascii():
        body = _UCS2_SMS
    most = longest or body.most
    return Length(body.least, min(most, body.usual), min(most, body.most))


def _compare(size: int, limit: Length, start: int, end: int) -> Iterator[Finding]:
    params = {"size": size, "least": limit.least, "usual": limit.usual, "most": limit.most}
    if size < limit.least:
        message = gettext_noop("Too short: %(size)s, at least %(least)s are usual")
        hint = gettext_noop("Say more of what the facts hold.")
        yield Finding("length", WARN, start, end, message, hint, params)
    elif size > limit.usual:
        severity = BLOCK if size > limit.most else WARN
        message = gettext_noop("Too long: %(size)s, at most %(usual)s are usual")
        hint = gettext_noop("Shorten it; more than %(most)s does not fit.")
        yield Finding("length", severity, start, end, message, hint, params)
