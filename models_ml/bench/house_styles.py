"""Scripted editors: each makes a draft fit its house style with as few changes as it can.

They stand for a shop's people in `bench writer_learning`. They rewrite words and know nothing of
the scorer; a style was written down before the scorer was tried on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models_ml.writer.claims import sentence_spans

Rule = tuple[str, str | Callable[[re.Match[str]], str]]
_CASE = re.IGNORECASE


@dataclass(frozen=True)
class HouseStyle:
    """`edit(text, brand)` returns the text as this house would publish it."""

    name: str
    language: str
    edit: Callable[[str, str], str]


def _plain_en(text: str, brand: str) -> str:
    """Brand first, short sentences, plain verbs, "it" for the product, instructions bare."""
    text = _brand_first(text, brand)
    text = _replaced(text, _PLAIN_VERBS)
    sentences = [part for said in _sentences(text) for part in _halves(said)]
    sentences = [re.sub(r"^(?:The|This) [a-z-]+ (?=[a-z])", "It ", said) for said in sentences]
    return " ".join(sentences)


def _capital(found: re.Match[str]) -> str:
    return found.group(1).upper()


_PLAIN_VERBS: Sequence[Rule] = (
    (r"\bproduced in\b", "made in"),
    (r"\bcomes from (?=[A-Z])", "is made in "),
    (r"\bhas a capacity of\b", "holds"),
    (r"\bwith a capacity of (\S+ \S+?),", r"holding \1,"),
    (r"\b(features|offers|boasts)\b", "has"),
    (r"\b(is presented|arrives|is available) in\b", "comes in"),
    (r"\b(is supplied|is sold|arrives|comes) as a pack\b", "comes in a pack"),
    (r"\bweighs in at\b", "weighs"),
    (r"\bis (intended|meant) for\b", "suits"),
    (r"\bis suitable for\b", "suits"),
    (r"\bmade from\b", "made of"),
    (r"\bcontains\b", "is made with"),
    (r"\balso ", ""),
    (r"\bcare instructions: (\w)", _capital),
    (r"\bfor care, (\w)", _capital),
    (r"\bfor storage, (\w)", _capital),
)
_INTRODUCED = r"(?:the|this|these|an?)"
_MOST_WORDS = 12


def _brand_first(text: str, brand: str) -> str:
    if not brand:
        return text
    name = re.escape(brand)
    first, *rest = _sentences(text)
    front = re.match(rf"([A-Z][^,]*), ({_INTRODUCED}\b.*|{name}.*)\.$", first, _CASE)
    if front and not front.group(1).startswith(brand):
        lead = front.group(1)
        first = f"{front.group(2)}, {lead[0].lower()}{lead[1:]}."
    behind = rf"^{_INTRODUCED} (.+?),? (?:from|by) {name}\b"
    first = re.sub(behind, rf"{brand}'s \1", first, count=1, flags=_CASE)
    first = re.sub(rf"^{_INTRODUCED} {name} ", f"{brand}'s ", first, count=1, flags=_CASE)
    return " ".join([first, *rest])


def _halves(sentence: str) -> list[str]:
    """A long sentence becomes two where its last verb joins it."""
    if len(sentence.split()) <= _MOST_WORDS:
        return [sentence]
    verb = r"(?:is|are|comes?|holds?|has|have|weighs?|measures?|suits?|keeps?|runs?|carries|works?)"
    found = list(re.finditer(rf"\s+and (?={verb}\b)", sentence))
    if not found:
        return [sentence]
    cut = found[-1]
    return [f"{sentence[: cut.start()].rstrip(',')}.", f"It {sentence[cut.end() :]}"]


def _rich_en(text: str, brand: str) -> str:
    """The brand behind the name, fuller verbs, instructions announced, origin told last."""
    first, *rest = _sentences(text)
    if brand:
        name = re.escape(brand)
        first = re.sub(
            rf"^(?:The )?{name}(?:'s)? (.+?) (?={_VERB_EN})", rf"This \1 by {brand} ", first
        )
        first = re.sub(rf"\b(the) {name} (.+?) (?={_VERB_EN})", rf"this \2 by {brand} ", first)
        first = re.sub(rf"\b(from {name}|of {name})\b", f"by {brand}", first)
    text = _replaced(" ".join([first, *rest]), _RICH_VERBS)
    first, *rest = _sentences(text)
    home = [said for said in rest if re.search(r"\bproduced in [A-Z]", said)]
    return " ".join([first, *(said for said in rest if said not in home), *home])


_VERB_EN = (
    r"(?:is|are|comes?|holds?|has|have|weighs?|measures?|arrives?|offers?|features?|suits?)\b"
)
_RICH_VERBS: Sequence[Rule] = (
    (r"\bmade in (?=[A-Z])", "produced in "),
    (r"\bcomes from (?=[A-Z])", "is produced in "),
    (r"\bholds (?=\d)", "has a capacity of "),
    (r"\bmade of\b", "made from"),
    (r"\bsuits\b", "is suitable for"),
    (r"\bcomes in a pack\b", "comes as a pack"),
    (r"\bcomes in (?:a|an) (\S+ \S+) size\b", r"is sold as \1"),
    (r"(^|(?<=[.] ))(?=(?:Hand|Machine|Wipe|Iron|Dry|Wash)\b)", "Care instructions: "),
    (r"\bFor care, ", "Care instructions: "),
    (r"\bTo brew: ", "Brew at "),
)


def _plain_zh(text: str, brand: str) -> str:
    """The brand first, one word for where it is made, plain verbs, no "this"."""
    if brand:
        name = re.escape(brand)
        text = re.sub(rf"^(?:来自|出自)?{name}\s*的?(?:这款|此款)?", f"{brand}的", text)
        text = re.sub(rf"^这款(?:来自|出自)?{name}\s*的?", f"{brand}的", text)
    return _replaced(text, _PLAIN_ZH)


_PLAIN_ZH: Sequence[Rule] = (
    (r"原?产地(?:为|是)", "产自"),
    (r"在([^，。]{2,8}?)(?:制造|生产)", r"产自\1"),
    (r"采用([^，。；]{1,12}?)(?:制成|制作|材质)", r"\1制成"),
    (r"净含量(?:为|是)", "净含量"),
    (r"重量(?:为|约为)", "重"),
    (r"容量(?:为|是)", "容量"),
    (r"(?:尺寸|规格)(?:为|是)", "规格"),
    (r"(?:适用于|适宜)", "适合"),
    (r"(?:颜色为|采用)([^，。]{1,4}色)", r"呈\1"),
    (r"口味(?:为|是)", "口味"),
    (r"(?:保养方式|护理方式|洗护方式)(?:为|是)?：?", "护理："),
    (r"(?:具有|拥有|具备)", "有"),
)


def _replaced(text: str, rules: Sequence[Rule]) -> str:
    for pattern, new in rules:
        text = re.sub(pattern, new, text, flags=_CASE)
    return re.sub(r"(^|[.] )([a-z])", lambda found: found.group(1) + found.group(2).upper(), text)


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


PLAIN = HouseStyle("plain", "en", _plain_en)
RICH = HouseStyle("rich", "en", _rich_en)
PLAIN_CHINESE = HouseStyle("plain Chinese", "zh-hans", _plain_zh)
STYLES = (PLAIN, RICH, PLAIN_CHINESE)
