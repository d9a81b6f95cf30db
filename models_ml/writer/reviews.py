"""What buyers praise and criticise: counts and quotes, never a sentence without its reviews."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from models_ml.writer.checks.form import find_personal_data
from models_ml.writer.checks.injection import find_instructions
from models_ml.writer.facts import LANGUAGES, has_han
from models_ml.writer.lexicon import rows, words
from models_ml.writer.negation import is_turned
from models_ml.writer.terms import Terms, fold

LEAST_REVIEWS = 5
"""Fewer say nothing about a product that one of them could not overturn."""
_LEAST_PER_ASPECT = 2
_MOST_SENTENCES = 3
_QUOTE = {"en": (20, 140), "zh-hans": (6, 50)}
"""Characters of a quote, least and most."""
_LIKED, _DISLIKED = 4, 2
"""Stars of five from which a review as a whole praises or criticises."""
_SENTENCE = re.compile(r"[^.!?。！？;；\n]+[.!?。！？]?")
_CLAUSE = re.compile(r"[^.!?。！？;；\n,，、]+")
_LONG_NUMBER = re.compile(r"(?<!\d)(?:\+?\d[\s-]?){9}")
"""Whatever it is, a telephone or an order, it belongs to a person."""
_MARKUP = re.compile(r"https?:|www\.|[{}<>]", re.IGNORECASE)
_REACH = {"en": 24, "zh-hans": 4}
"""Characters before praise or blame in which a negation turns it."""


@dataclass(frozen=True)
class Review:
    """One buyer's words; `rating` in stars, 1 to 5, or None where none was given."""

    id: str
    text: str
    rating: float | None = None


@dataclass(frozen=True)
class SummarySentence:
    """One sentence of the summary with all reviews that it rests on; `quote` is verbatim."""

    text: str
    review_ids: tuple[str, ...]
    quote: str = ""
    quoted_from: str = ""


@dataclass(frozen=True)
class ReviewSummary:
    """Praise first, then criticism; `left_out` are reviews that were not read, with the reason."""

    sentences: tuple[SummarySentence, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        between = "" if has_han(self.sentences[0].text) else " "
        return between.join(sentence.text for sentence in self.sentences)


class TooFewReviews(Exception):
    """There are not enough readable reviews; `count` is how many there are."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} reviews; at least {LEAST_REVIEWS} are needed")
        self.count = count


@dataclass
class _Aspect:
    """Who praises and who criticises one thing, each with a sentence to quote."""

    praise: dict[str, str] = field(default_factory=dict)
    blame: dict[str, str] = field(default_factory=dict)


def review_summary(reviews: Iterable[Review], language: str) -> ReviewSummary:
    """Summarise what buyers wrote in `language`, each review once.

    Reviews with contact details, markup or instructions are left out. Raises TooFewReviews, and
    ValueError for an unknown language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is none of {', '.join(LANGUAGES)}")
    read: dict[str, Review] = {}
    left_out: dict[str, str] = {}
    seen: set[str] = set()
    for review in reviews:
        reason = _unreadable(review, language) or ("repeated" if fold(review.text) in seen else "")
        if reason:
            left_out[review.id] = reason
        else:
            read[review.id] = review
            seen.add(fold(review.text))
    if len(read) < LEAST_REVIEWS:
        raise TooFewReviews(len(read))
    aspects: dict[str, _Aspect] = {}
    for review in read.values():
        _read(review, language, aspects)
    sentences = [
        *_told(aspects, True, len(read), language),
        *_told(aspects, False, len(read), language),
    ]
    return ReviewSummary((_overall(read, language), *sentences), left_out)


def _unreadable(review: Review, language: str) -> str:
    if not review.text.strip():
        return "empty"
    if has_han(review.text) != (language == "zh-hans"):
        return "other language"
    if _LONG_NUMBER.search(review.text) or next(find_personal_data(review.text), None):
        return "personal data"
    is_told = _MARKUP.search(review.text) or find_instructions(review.text)
    return "markup or instructions" if is_told else ""


def _read(review: Review, language: str, aspects: dict[str, _Aspect]) -> None:
    """Note the aspects that a review speaks of in the same breath as praise or blame.

    Where the stars say the opposite of the words, irony or a comparison is likelier than either.
    """
    for match in _SENTENCE.finditer(review.text):
        sentence = match.group().strip()
        overall = polarity(sentence, language)
        for clause in _CLAUSE.findall(sentence):
            sign = polarity(clause, language)
            if not sign or sign == -_sign_of(review.rating):
                continue
            for aspect in _aspects_in(clause, language):
                kept = aspects.setdefault(aspect, _Aspect())
                told = kept.praise if sign > 0 else kept.blame
                if overall == sign or review.id not in told:
                    told[review.id] = sentence


def _sign_of(rating: float | None) -> int:
    if rating is None:
        return 0
    return (rating >= _LIKED) - (rating <= _DISLIKED)


def _aspects_in(clause: str, language: str) -> list[str]:
    terms, aspect_of = _aspect_terms(language)
    return list(dict.fromkeys(aspect_of[term] for _, _, term in terms.find(clause)))


@cache
def _aspect_terms(language: str) -> tuple[Terms, dict[str, str]]:
    aspect_of: dict[str, str] = {}
    for aspect, _, _, english, chinese in rows("aspects"):
        for word in words(chinese if language == "zh-hans" else english):
            aspect_of.setdefault(word, aspect)
    return Terms(aspect_of), aspect_of


@cache
def _polarity_terms(language: str) -> tuple[Terms, dict[str, int]]:
    signs: dict[str, int] = {}
    for spoken, sign, listed in rows("polarity"):
        if spoken == language:
            signs.update(dict.fromkeys(words(listed), {"+": 1, "-": -1}.get(sign, 0)))
    return Terms(signs), signs


def polarity(text: str, language: str) -> int:
    """1 for praise, -1 for criticism, 0 for neither or both; a negation before a word turns it."""
    terms, signs = _polarity_terms(language)
    plain, reach, total = fold(text), _REACH[language], 0
    for start, _, word in terms.find(text, plain):
        turned = is_turned(plain[max(start - reach, 0) : start])
        total += -signs[word] if turned else signs[word]
    return (total > 0) - (total < 0)


def _told(
    aspects: dict[str, _Aspect], is_praise: bool, count: int, language: str
) -> list[SummarySentence]:
    labels = {row[0]: row[2] if language == "zh-hans" else row[1] for row in rows("aspects")}
    sided = [(name, one.praise if is_praise else one.blame) for name, one in aspects.items()]
    sided = [(name, told) for name, told in sided if len(told) >= _LEAST_PER_ASPECT]
    sided.sort(key=lambda pair: (-len(pair[1]), pair[0]))
    made = []
    used: set[str] = set()
    for name, told in sided[:_MOST_SENTENCES]:
        quoted_from, quote = _quote(told, 1 if is_praise else -1, language, used)
        used.add(quoted_from)
        text = _sentence(labels[name], len(told), count, is_praise, quote, language)
        made.append(SummarySentence(text, tuple(told), quote, quoted_from))
    return made


def _quote(told: dict[str, str], sign: int, language: str, used: set[str]) -> tuple[str, str]:
    """The shortest whole sentence that fits, from a review not quoted yet where there is one."""
    least, most = _QUOTE[language]
    fitting = [
        (one, said)
        for one, said in told.items()
        if least <= len(said) <= most and polarity(said, language) == sign
    ]
    fitting.sort(key=lambda pair: (pair[0] in used, len(pair[1]), pair[0]))
    return fitting[0] if fitting else ("", "")


def _sentence(label: str, said: int, count: int, is_praise: bool, quote: str, language: str) -> str:
    if language == "zh-hans":
        told = f"{count}条评价中有{said}条{'称赞' if is_praise else '批评'}{label}"
        return f"{told}：“{quote}”" if quote else f"{told}。"
    told = f"{said} of {count} reviews {'praise' if is_praise else 'criticise'} the {label}"
    return f"{told}: “{quote}”" if quote else f"{told}."


def _overall(read: dict[str, Review], language: str) -> SummarySentence:
    rated = [review.rating for review in read.values() if review.rating is not None]
    if len(rated) == len(read):
        mean = round(sum(rated) / len(rated), 1)
        text = (
            f"{len(read)}条评价，平均{mean}星（满分5星）。"
            if language == "zh-hans"
            else f"{len(read)} reviews give {mean} of 5 stars on average."
        )
    else:
        text = (
            f"共有{len(read)}条评价。"
            if language == "zh-hans"
            else f"The summary rests on {len(read)} reviews."
        )
    return SummarySentence(text, tuple(read))
