"""Form: language, markup, links, personal data, left-over placeholders and punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop
from models_ml.writer.checks.lengths import HAN_RUN, LATIN_WORD
from models_ml.writer.lexicon import words
from models_ml.writer.quantities import find_quantities

_MARKUP = re.compile(
    r"</?[a-z][^<>]{0,300}>|&(?:[a-z]{2,8}|#\d{2,5});"
    r"|\[[^\[\]]{1,200}\]\([^()]{1,300}\)|[\x00-\x08\x0b\x0c\x0e-\x1f]",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?:https?|ftp)://[^\s\u3000-\u9fff\uff00-\uffef]+|(?<![a-z0-9.])www\.[^\s\u3000-\u9fff\uff00-\uffef]+"
    r"|(?<![a-z0-9-])[a-z0-9-]{1,63}\.(?:com|net|org|shop|store|cn|io|app|info|xyz|top|co\.uk|de|ly)\b"
    r"(?:/[^\s\u3000-\u9fff\uff00-\uffef]*)?|点击(?:此处|这里|下方|链接)|复制(?:链接|口令)|扫(?:描|一扫)?二维码",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?<![\w.])(?:(?:\+|00)\d{1,3}[\s-]?)?(?:\(\d{2,5}\)[\s-]?|\d{3,5}[\s-])\d{3,4}[\s-]?\d{3,4}(?![\w.])"
    r"|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{9,10}(?!\d)"
)
_NUMBERED = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
    r"|(?<!\d)\d{4}(?:[ -]\d{4}){3}(?!\d)|(?<!\d)62\d{14,17}(?!\d)"
    r"|\b[A-Z]{2}\d{2} ?[A-Z0-9]{4}(?: ?\d{4}){2,6}\b"
)
"""Identity cards, bank cards and accounts."""
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


def empty(context: Context) -> Iterator[Finding]:
    """Nothing to read."""
    if not context.text.strip():
        message = gettext_noop("The text is empty.")
        hint = gettext_noop("Write it, or reject the draft.")
        yield Finding("empty", BLOCK, 0, len(context.text), message, hint)


def language(context: Context) -> Iterator[Finding]:
    """Words of the other language, unless they are names, units or words of the facts."""
    foreign = list(_foreign_words(context))
    letters = len(LATIN_WORD.findall(context.text)) + sum(
        len(run) for run in HAN_RUN.findall(context.text)
    )
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
    return len(word) if HAN_RUN.match(word) else 1


def _foreign_words(context: Context) -> Iterator[tuple[int, int]]:
    pattern = HAN_RUN if context.language == "en" else LATIN_WORD
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
    """HTML, Markdown links and control characters: copy is plain text."""
    for match in _MARKUP.finditer(context.text):
        message = gettext_noop("Markup: %(said)s")
        hint = gettext_noop("Copy is plain text; take it out.")
        yield Finding(
            "markup", BLOCK, *match.span(), message, hint, {"said": repr(match.group())[1:-1]}
        )


def links(context: Context) -> Iterator[Finding]:
    """Addresses of pages, and words that send a shopper to one; a name such as Shop.xyz is none."""
    taken = context.evidence.name_spans(context.text)
    for pattern in (_EMAIL, _MARKUP):
        taken += [match.span() for match in pattern.finditer(context.text)]
    for match in _LINK.finditer(context.text):
        if not any(start <= match.start() < end for start, end in taken):
            message = gettext_noop("Link: %(said)s")
            hint = gettext_noop("The shop's page sets the links; take it out.")
            yield Finding("link", BLOCK, *match.span(), message, hint, {"said": match.group()})


def personal_data(context: Context) -> Iterator[Finding]:
    """E-mail addresses, telephone numbers, messenger accounts, identity and bank numbers."""
    for start, end in find_personal_data(context.text):
        message = gettext_noop("Personal data or contact details in the copy")
        yield Finding("personal_data", BLOCK, start, end, message, gettext_noop("Take them out."))


def find_personal_data(text: str) -> Iterator[tuple[int, int]]:
    """Where a text of anybody tells how to reach a person, or who they are."""
    taken = bytearray(len(text))
    for pattern in (_NUMBERED, _EMAIL, _PHONE, _CONTACT):
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]):
                taken[start:end] = b"\x01" * (end - start)
                yield start, end


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
