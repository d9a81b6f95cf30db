"""Kinds of copy beside descriptions: titles, bullets, pushes, campaign texts, FAQ, guides."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

from models_ml.writer.checks.lengths import channel_of, message_limits
from models_ml.writer.facts import has_han, label
from models_ml.writer.lexicon import rows, words
from models_ml.writer.naming import Naming
from models_ml.writer.phrases import Part, Written

KINDS = ("title", "bullets", "push", "campaign", "faq", "guide")
LINES = frozenset({"bullets", "campaign", "faq", "guide"})
"""Kinds whose sentences stand on lines of their own."""
COUNTS = {"bullets": (2, 6), "faq": (2, 5)}
"""Least and most lines of a kind, whoever writes; a question and its answer are one."""
BETWEEN = {"en": " ", "zh-hans": ""}
LONGEST_TITLE = {"en": 80, "zh-hans": 36}
_WITHOUT_CALL = frozenset({"email_subject"})
_MOST_IN_SECTION = 3
_LONGEST_IN_TITLE = {"en": 24, "zh-hans": 8}
_TITLE_ORDER = ("material", "colour", "pattern", "style", "fit", "details", "size", "dimensions")


class TooShort(ValueError):
    """Not even the product's name fits into so few characters."""


def between(kind: str, language: str) -> str:
    """What stands between two sentences of a kind, or between two of its lines."""
    return "\n" if kind in LINES else BETWEEN[language]


@dataclass(frozen=True)
class Telling:
    """What is to be told and by whom: `parts` in the order of their weight."""

    parts: Sequence[Part]
    naming: Naming
    language: str
    compose: ModuleType
    rng: random.Random

    @property
    def brand(self) -> Part | None:
        return next((part for part in self.parts if part.name == "brand"), None)

    @property
    def prose(self) -> list[Part]:
        """The parts that a sentence can tell, without the brand."""
        return [part for part in self.parts if part.is_prose and part.name != "brand"]

    def sentence(self, parts: Sequence[Part]) -> Written:
        return self.compose.follow_up(parts, self.naming, self.rng, ("",), linked=False)


def title(telling: Telling) -> list[Written]:
    """Brand, what it is and what tells it from its likes, within `LONGEST_TITLE`."""
    naming, brand, language = telling.naming, telling.brand, telling.language
    called, keys = naming.noun or naming.name, naming.noun_keys or naming.name_keys
    marks = [
        part
        for name in _TITLE_ORDER
        for part in telling.parts
        if part.name == name
        and part.value
        and len(part.value) <= _LONGEST_IN_TITLE[language]
        and not set(part.keys) <= naming.noun_tells
    ]
    telling.rng.shuffle(marks)
    leads = brand is not None and not set(brand.keys) <= naming.noun_tells
    used: list[Part] = [brand] if brand and leads else []
    text = _title_text(used, called, [], language)
    for mark in marks[:3]:
        longer = _title_text(used, called, [m for m in used if m is not brand] + [mark], language)
        if len(longer) <= LONGEST_TITLE[language]:
            used.append(mark)
            text = longer
    told = keys + tuple(key for part in used for key in part.keys)
    return [(text, tuple(dict.fromkeys(told)))]


def _title_text(used: Sequence[Part], called: str, marks: Sequence[Part], language: str) -> str:
    brand = next((part.value for part in used if part.name == "brand"), "")
    if language == "zh-hans":
        return " ".join(filter(None, [brand, called, *(mark.value for mark in marks)]))
    shown = [mark.value if mark.group == "measure" else _capitals(mark.value) for mark in marks]
    return ", ".join([f"{brand} {_capitals(called)}".strip(), *shown])


def _capitals(words_: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words_.split())


def bullets(telling: Telling) -> list[Written]:
    """A few lines, one fact each: all labelled or all phrased."""
    labelled = telling.rng.random() < 0.4
    lines = []
    for part in telling.prose[: COUNTS["bullets"][1]]:
        lines.append(_labelled(part, telling) if labelled else _phrased(part, telling))
    return lines


def _labelled(part: Part, telling: Telling) -> Written:
    named = label(part.keys[0], telling.language)
    if part.name == "details":
        named = "设计细节"
    elif part.name == "dimensions":
        named = label("dimensions", telling.language)
    if not part.value or part.value == named:
        return _phrased(part, telling)
    if telling.language == "zh-hans":
        return f"{named}：{part.value}", part.keys
    return f"{named[:1].upper()}{named[1:]}: {part.value}", part.keys


def _phrased(part: Part, telling: Telling) -> Written:
    text, keys = telling.compose.line(part, telling.naming)
    return text, keys


def push(telling: Telling, channel: str, most: int = 0) -> list[Written]:
    """The body of a message, of at most `most` characters, by default what the channel shows.

    Raises ValueError for an unknown channel, TooShort when the name does not fit.
    """
    channel = channel_of("push", channel)
    limit = message_limits(channel, telling.language, longest=most).usual
    naming, gap = telling.naming, BETWEEN[telling.language]
    called = [(naming.name, naming.name_keys), (naming.noun, naming.noun_keys)]
    names = [(name, keys) for name, keys in called if name and len(name) + 1 <= limit]
    if not names:
        raise TooShort(f"{limit} characters are too few for {naming.name or naming.noun!r}")
    name, keys = names[0] if telling.rng.random() < 0.6 else names[-1]
    text, told = _ended(_capital(name), telling.language), list(keys)
    fresh = [part for part in telling.prose if not set(part.keys) <= set(keys)]
    for count in (3, 2, 1):
        said = telling.compose.message(name, fresh[:count], naming)
        if fresh[:count] and len(said) <= limit:
            text, told = said, [*keys, *(key for part in fresh[:count] for key in part.keys)]
            break
    call = _any(_calls(telling.language), telling.rng)
    lines = [(text, tuple(dict.fromkeys(told)))]
    if channel not in _WITHOUT_CALL and len(text) + len(gap) + len(call) <= limit:
        lines.append((call, ()))
    return lines


def campaign(telling: Telling) -> list[Written]:
    """A headline, one or two sentences and a closing line."""
    naming, rng = telling.naming, telling.rng
    short = [part for part in telling.prose if part.value and len(part.value) <= 20]
    plans = [
        plan
        for language, plan in rows("headlines")
        if language == telling.language
        and (short or "alue}" not in plan)
        and (naming.name or "ame}" not in plan)
        and (naming.noun or "oun}" not in plan)
    ]
    plan = _any(plans, rng)
    value = rng.choice(short) if "alue}" in plan else None
    headline = plan.format(
        noun=naming.noun,
        Noun=_capital(naming.noun),
        name=naming.name,
        Name=_capital(naming.name),
        value=value.value if value else "",
        Value=_capital(value.value) if value else "",
    )
    keys = (naming.name_keys if "ame}" in plan else naming.noun_keys) + (
        value.keys if value else ()
    )
    sayable = [part for part in telling.parts if part.is_prose]
    first, rest = telling.compose.bare(naming), sayable
    if sayable:
        first, rest = telling.compose.opening(sayable, naming, rng, 2)
    lines = [(headline, tuple(dict.fromkeys(keys))), first]
    if rest:
        lines.append(telling.sentence(_sayable_together(rest[:2])[0]))
    call = _any(_calls(telling.language), rng)
    lines[-1] = (lines[-1][0] + BETWEEN[telling.language] + call, lines[-1][1])
    return lines


def faq(telling: Telling) -> list[Written]:
    """Up to five questions that the facts answer, each with its answer."""
    asked = {key: (words(english), words(chinese)) for key, english, chinese in rows("faq")}
    lines: list[Written] = []
    this = telling.naming.noun if telling.language == "zh-hans" else f"the {telling.naming.noun}"
    for part in telling.parts:
        if not part.is_prose or part.name not in asked:
            continue
        english, chinese = asked.pop(part.name)
        plans = [
            plan
            for plan in (chinese if telling.language == "zh-hans" else english)
            if telling.naming.noun or "{this}" not in plan
        ]
        question = _any(plans, telling.rng).format(this=this)
        if telling.naming.plural:
            question = _plural(question)
        answer, keys = telling.sentence([part])
        mark = "问：{}\n答：{}" if telling.language == "zh-hans" else "Q: {}\nA: {}"
        lines.append((mark.format(question, answer), keys))
        if len(lines) == COUNTS["faq"][1]:
            break
    return lines


def _plural(question: str) -> str:
    for one, many in (("is it", "are they"), ("does it", "do they"), (" it?", " them?")):
        question = question.replace(one, many)
    return question


def guide(telling: Telling) -> list[Written]:
    """Sections on choosing, using, knowing and keeping; only those that facts fill."""
    left = list(telling.prose)
    lines: list[Written] = []
    for _, wanted, english, chinese in rows("guide"):
        names = wanted.split()
        own = [part for part in left if part.name in names or part.group in names]
        left = [part for part in left if part not in own]
        chosen = own[:_MOST_IN_SECTION]
        if not chosen:
            continue
        heading = _any(words(chinese if telling.language == "zh-hans" else english), telling.rng)
        told = [telling.sentence(group) for group in _sayable_together(chosen)]
        text = BETWEEN[telling.language].join(sentence for sentence, _ in told)
        keys = tuple(dict.fromkeys(key for _, cited in told for key in cited))
        colon = "：" if telling.language == "zh-hans" else ": "
        lines.append((f"{heading}{colon}{text}", keys))
    return lines


def _sayable_together(parts: Sequence[Part]) -> list[list[Part]]:
    running = [part for part in parts if not part.sentence]
    return [*([running] if running else []), *([part] for part in parts if part.sentence)]


def _calls(language: str) -> list[str]:
    return [call for spoken, call in rows("calls") if spoken == language]


def _any(choices: Sequence[str], rng: random.Random) -> str:
    return rng.choice(list(choices))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended(text: str, language: str) -> str:
    return text + ("。" if language == "zh-hans" or has_han(text[-1:]) else ".")


COMPOSED: dict[str, Callable[[Telling], list[Written]]] = {
    "title": title,
    "bullets": bullets,
    "campaign": campaign,
    "faq": faq,
    "guide": guide,
}
