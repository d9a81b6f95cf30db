"""Form: length, language, markup, personal data, left-over placeholders and punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop
from models_ml.writer.lexicon import words
from models_ml.writer.quantities import find_quantities


class Length(NamedTuple):
    """Words in English, characters in Chinese; past `most` the shop's page breaks."""

    least: int
    usual: int
    most: int


LENGTHS = {
    ("short_description", "en"): Length(4, 30, 45),
    ("short_description", "zh-hans"): Length(6, 60, 90),
    ("description", "en"): Length(12, 120, 200),
    ("description", "zh-hans"): Length(16, 220, 400),
}
_WORD = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ɏ]+(?:['’.-][A-Za-z0-9À-ÖØ-öø-ɏ]+)*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_MARKUP = re.compile(
    r"</?[a-z][^<>]{0,300}>|&(?:[a-z]{2,8}|#\d{2,5});|https?://\S+|www\.\S+|(?<![a-z0-9-])[a-z0-9-]{1,63}\.(?:com|net|org|shop|cn|co\.uk)\b"
    r"|\[[^\[\]]{1,200}\]\([^()]{1,300}\)|[\x00-\x08\x0b\x0c\x0e-\x1f]",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\w.])(?:(?:\+|00)\d{1,3}[\s-]?)?(?:\(\d{2,5}\)[\s-]?|\d{3,5}[\s-])\d{3,4}[\s-]?\d{3,4}(?![\w.])"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{9,10}(?!\d)"
)
_CONTACT = re.compile(
    r"(?:微信|wechat|qq|whatsapp|telegram)\s*(?:号|id)?\s*[:：]?\s*[a-z0-9_-]{5,}", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"\{[^}]*\}|\[[A-Za-z_ ]{2,30}\]|<unk>|\bTBD\b|\blorem ipsum\b|\bX{3,}\b|\bTO(?:-?DO)\b"
    r"|待补充|此处填写"
)
_HALF_WIDTH = re.compile(
    r"(?<=[\u4e00-\u9fff])[,;:!?](?=\s*(?:[\u4e00-\u9fff]|$))|(?<=[\u4e00-\u9fff])\.(?=\s*(?:[\u4e00-\u9fff]|$))"
)
_USUAL_LATIN = frozenset(
    words("led|lcd|usb|diy|logo|app|pu|pvc|abs|ok|polo|wifi|wi-fi|vip|oversize|type")
)
_FOREIGN_SHARE = 0.3
"""Share of foreign letters from which the text as a whole is in the wrong language."""


def measure(text: str, language: str) -> int:
    """The length as `LENGTHS` counts it: words, or Chinese characters plus Latin words."""
    latin = len(_WORD.findall(text))
    return latin if language == "en" else latin + sum(len(run) for run in _HAN.findall(text))


def empty(context: Context) -> Iterator[Finding]:
    """Nothing to read."""
    if not context.text.strip():
        message = gettext_noop("The text is empty.")
        hint = gettext_noop("Write it, or reject the draft.")
        yield Finding("empty", BLOCK, 0, len(context.text), message, hint)


def length(context: Context) -> Iterator[Finding]:
    """Too short or too long for this kind and language."""
    limit = LENGTHS.get((context.kind, context.language))
    if limit is None:
        return
    size = measure(context.text, context.language)
    params = {"size": size, "least": limit.least, "usual": limit.usual, "most": limit.most}
    if not context.text.strip() or limit.least <= size <= limit.usual:
        return
    if size < limit.least:
        message = gettext_noop("Too short: %(size)s, at least %(least)s are usual")
        hint = gettext_noop("Say more of what the facts hold.")
        yield Finding("length", WARN, 0, len(context.text), message, hint, params)
        return
    severity = BLOCK if size > limit.most else WARN
    message = gettext_noop("Too long: %(size)s, at most %(usual)s are usual")
    hint = gettext_noop("Shorten it; more than %(most)s does not fit the page.")
    yield Finding("length", severity, 0, len(context.text), message, hint, params)


def language(context: Context) -> Iterator[Finding]:
    """Words of the other language, unless they are names, units or words of the facts."""
    foreign = list(_foreign_words(context))
    letters = len(_WORD.findall(context.text)) + sum(len(run) for run in _HAN.findall(context.text))
    amount = sum(_weight(context.text[start:end]) for start, end in foreign)
    if not foreign:
        return
    hint = gettext_noop("Write it in the language of this copy.")
    if amount > _FOREIGN_SHARE * letters:
        message = gettext_noop("The text is not in the language of this copy.")
        yield Finding("language", BLOCK, foreign[0][0], foreign[-1][1], message, hint)
        return
    for start, end in foreign:
        message = gettext_noop("Word in another language: %(said)s")
        yield Finding(
            "language", WARN, start, end, message, hint, {"said": context.text[start:end]}
        )


def _weight(word: str) -> int:
    return len(word) if _HAN.match(word) else 1


def _foreign_words(context: Context) -> Iterator[tuple[int, int]]:
    pattern = _HAN if context.language == "en" else _WORD
    measured = (
        [(q.start, q.end) for q in find_quantities(context.text)]
        if context.language == "zh-hans"
        else []
    )
    for match in pattern.finditer(context.text):
        word = match.group()
        if context.evidence.contains(word) or any(
            low <= match.start() and match.end() <= high for low, high in measured
        ):
            continue
        if context.language == "zh-hans" and (
            len(word) == 1 or word.isdigit() or word.lower() in _USUAL_LATIN
        ):
            continue
        yield match.span()


def markup(context: Context) -> Iterator[Finding]:
    """HTML, links and control characters: copy is plain text."""
    addresses = [match.span() for match in _EMAIL.finditer(context.text)]
    for match in _MARKUP.finditer(context.text):
        if any(start <= match.start() < end for start, end in addresses):
            continue
        message = gettext_noop("Markup or link: %(said)s")
        hint = gettext_noop("Copy is plain text; take it out.")
        yield Finding(
            "markup", BLOCK, *match.span(), message, hint, {"said": repr(match.group())[1:-1]}
        )


def personal_data(context: Context) -> Iterator[Finding]:
    """E-mail addresses, telephone numbers and messenger accounts."""
    for pattern in (_EMAIL, _PHONE, _CONTACT):
        for match in pattern.finditer(context.text):
            message = gettext_noop("Contact details in the copy")
            yield Finding(
                "personal_data", BLOCK, *match.span(), message, gettext_noop("Take them out.")
            )


def placeholder(context: Context) -> Iterator[Finding]:
    """What a template or a note to oneself left behind."""
    for match in _PLACEHOLDER.finditer(context.text):
        message = gettext_noop("Left-over placeholder: %(said)s")
        hint = gettext_noop("Fill it in or take it out.")
        yield Finding("placeholder", BLOCK, *match.span(), message, hint, {"said": match.group()})


def punctuation(context: Context) -> Iterator[Finding]:
    """Half-width punctuation between Chinese characters."""
    if context.language == "zh-hans":
        for match in _HALF_WIDTH.finditer(context.text):
            message = gettext_noop("Half-width punctuation: %(said)s")
            hint = gettext_noop("Use the full-width form in Chinese.")
            yield Finding(
                "punctuation", WARN, *match.span(), message, hint, {"said": match.group()}
            )
