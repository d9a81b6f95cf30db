"""What the builtin writer understands of an instruction: it picks among true texts, no more."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from guidance.content.models import Draft
from guidance.content.presentation import fact_label
from guidance.content.services.refusals import Invalid
from models_ml.writer.facts import label

# Of two texts the one with the higher mark follows the instruction better.
Mark = Callable[[Draft], float]
_SHORTER = re.compile(r"\b(shorter|short|brief|concise)\b|[更简]?短|简洁|精简", re.IGNORECASE)
_LONGER = re.compile(r"\b(longer|long|more detail(s|ed)?)\b|更?长|详细", re.IGNORECASE)
_START = re.compile(r"\b(start|begin|open|lead)\w* with\b|先(说|写|讲)|开头", re.IGNORECASE)
_WITHOUT = re.compile(r"\b(without|leave out|omit|drop|no)\b|不要|去掉|别提|不提", re.IGNORECASE)
_MENTION = re.compile(
    r"\b(mention|say|include|add|stress)\b|提到|写上|加上|强调|突出", re.IGNORECASE
)


@dataclass(frozen=True)
class Instruction:
    """How candidates are marked, and what was understood, for the page."""

    mark: Mark
    understood: str


def read_instruction(text: str, fact_keys: Sequence[str]) -> Instruction:
    """Read an instruction in English or Chinese about a product with these facts.

    Raises Invalid, naming what can be asked for, where nothing is understood.
    """
    key = _named(text, fact_keys)
    if key:
        told = {"fact": fact_label(key)}
        if _WITHOUT.search(text):
            return Instruction(lambda d: -_times(d, key), _("without: %(fact)s") % told)
        if _START.search(text):
            return Instruction(lambda d: -_place(d, key), _("first: %(fact)s") % told)
        if _MENTION.search(text):
            return Instruction(lambda d: min(_times(d, key), 1), _("with: %(fact)s") % told)
    if _SHORTER.search(text):
        return Instruction(lambda d: -len(d.text), _("shorter"))
    if _LONGER.search(text):
        return Instruction(lambda d: len(d.text), _("longer"))
    facts = ", ".join(fact_label(key) for key in fact_keys)
    raise Invalid(
        _(
            "The builtin writer understands: shorter, longer, and start with, mention or leave "
            "out one of its facts (%(facts)s)."
        )
        % {"facts": facts}
    )


def _named(text: str, fact_keys: Sequence[str]) -> str:
    """Return the fact that an instruction names in either language, the longest name first."""
    folded = text.casefold()
    names = [
        (name.casefold(), key)
        for key in fact_keys
        for name in {label(key, "en"), label(key, "zh-hans"), key, key.replace("_", " ")}
    ]
    return next(
        (key for name, key in sorted(names, key=lambda one: -len(one[0])) if name in folded), ""
    )


def _told(draft: Draft) -> list[set[str]]:
    return [{fact["key"] for fact in sentence["told"]} for sentence in draft.sentences]


def _times(draft: Draft, key: str) -> int:
    return sum(key in keys for keys in _told(draft))


def _place(draft: Draft, key: str) -> int:
    told = _told(draft)
    return next((place for place, keys in enumerate(told) if key in keys), len(told))
