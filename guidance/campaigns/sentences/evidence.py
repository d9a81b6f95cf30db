"""What figures a piece of a sentence really holds, in digits or in words, English or Chinese.

A language model's answer is held against it: a figure that does not stand in the person's words is
nobody's wish. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from functools import lru_cache

from babel import Locale

from guidance.campaigns.sentences.phrases import DAY_PARTS, ONCE, SIGNS, UNITS
from models_ml.writer.numerals import chinese_number, english_number, english_number_pattern

Span = tuple[int, int]


@dataclass(frozen=True)
class Figure:
    """A number and where it stands, with what makes it percent, money or days."""

    value: Decimal
    start: int
    end: int
    unit: str = ""

    @property
    def span(self) -> Span:
        return self.start, self.end


_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ENGLISH = re.compile(english_number_pattern(), re.IGNORECASE)
_CHINESE = re.compile(r"[零〇一二两三四五六七八九十百千万半]+(?:点[零〇一二三四五六七八九]+)?")
_PERCENT = re.compile(r"[\s-]*(?:%|％|per ?cent\b|pct\b)(?:\s*off\b)?", re.IGNORECASE)
_TENTHS = re.compile(r"\s*(?:折|成)")
_HALF = re.compile(r"\bhalf[ -](?:price|off)\b|\bhalf the price\b|半价|对折", re.IGNORECASE)
_MONEY_WORDS = {"euro": "EUR", "dollar": "USD", "buck": "USD", "pound": "GBP", "yuan": "CNY"}
_MONEY_WORDS |= {"人民币": "CNY", "欧元": "EUR", "美元": "USD", "英镑": "GBP", "￥": "CNY"}
_MONEY = {**SIGNS, **_MONEY_WORDS}
_NAMED = "|".join(re.escape(name) for name in sorted(_MONEY, key=len, reverse=True))
_MONEY_AFTER = re.compile(rf"[\s-]*(?:(?P<name>{_NAMED})s?|(?P<code>(?-i:[A-Z]{{3}}))\b)", re.I)
_MONEY_BEFORE = re.compile(rf"(?:(?P<name>{_NAMED})|\b(?P<code>(?-i:[A-Z]{{3}})))\s*$", re.I)
_LONGER_UNITS = {**UNITS, "fortnight": 14, "quarter": 90, "礼拜": 7, "季度": 90, "季": 90}
_UNIT = "|".join(sorted(_LONGER_UNITS, key=len, reverse=True))
_UNIT_AFTER = re.compile(rf"[\s-]*(?:个)?(?P<unit>{_UNIT})s?", re.IGNORECASE)
_ONE_UNIT = re.compile(
    rf"\b(?:last|past|previous|this|an?)\s+(?P<unit>{_UNIT})\b"
    rf"|(?P<once>{'|'.join(sorted(ONCE, key=len, reverse=True))})",
    re.IGNORECASE,
)
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_TIMES_WORD = re.compile(rf"\b(?:{'|'.join(_TIMES)})\b", re.IGNORECASE)
_HOURS = {**DAY_PARTS, "noon": 12, "midday": 12, "midnight": 0, "中午": 12, "午夜": 0}
_HOUR_WORD = re.compile("|".join(_HOURS), re.IGNORECASE)
_HALF_PAST = re.compile(r"\bhalf past\b|[点时]半", re.IGNORECASE)
_MEASURED = re.compile(r"\s*(?:折|成|元|块|天|日|周|星期|礼拜|个?月|年|季度?|点|时|次|%|％)")
HALF_A_DAY = 12
_EARLY = re.compile(r"\d ?a\.?m\b|\bmorning\b|早上|上午", re.IGNORECASE)
_LATE = re.compile(r"\d ?p\.?m\b|\b(?:afternoon|evening)\b|下午|晚上", re.IGNORECASE)


def figures(text: str) -> list[Figure]:
    """Return every number that stands in a text, in order."""
    found = [Figure(_decimal(m.group()), *m.span()) for m in _DIGITS.finditer(text)]
    for match in _ENGLISH.finditer(text):
        value = english_number(re.sub(r"\s+", " ", match.group().lower()))
        found.append(Figure(Decimal(value.numerator) / value.denominator, *match.span()))
    for match in _CHINESE.finditer(text):
        numeral = chinese_number(match.group())
        if numeral is not None:
            exact = Decimal(numeral.numerator) / numeral.denominator
            found.append(Figure(exact, *match.span()))
    found += [Figure(Decimal(_TIMES[m.group().lower()]), *m.span())
              for m in _TIMES_WORD.finditer(text)]  # fmt: skip
    return sorted(found, key=lambda one: one.start)


def percents(text: str) -> Iterator[Figure]:
    """Yield what takes percent off: 10 %, ten percent, 百分之十, 九折, 两成, half price."""
    for one in figures(text):
        if mark := _PERCENT.match(text, one.end):
            yield Figure(one.value, one.start, mark.end())
        elif text[: one.start].endswith("百分之"):
            yield Figure(one.value, one.start - len("百分之"), one.end)
        elif tenths := _TENTHS.match(text, one.end):
            whole = one.value if one.value >= 10 else one.value * 10
            value = whole if tenths.group().strip() == "成" else 100 - whole
            yield Figure(value, one.start, tenths.end())
    for match in _HALF.finditer(text):
        yield Figure(Decimal(50), *match.span())


def amounts(text: str) -> Iterator[Figure]:
    """Yield what may be money, with its currency where the text says one."""
    other = [one.span for one in (*percents(text), *spans_of_days(text))]
    for one in figures(text):
        if any(start < one.end and one.start < end for start, end in other):
            continue
        after, before = _MONEY_AFTER.match(text, one.end), _MONEY_BEFORE.search(text[: one.start])
        for match, start, end in (
            (after, one.start, after.end() if after else 0),
            (before, before.start() if before else 0, one.end),
        ):
            if match and (currency := _currency(match)):
                yield Figure(one.value, start, end, currency)
                break
        else:
            yield one


def spans_of_days(text: str) -> Iterator[Figure]:
    """Yield spans of time in days: two weeks, 最近30天, last month, a fortnight."""
    taken: list[Span] = []
    for one in figures(text):
        if unit := _UNIT_AFTER.match(text, one.end):
            days = int(one.value * _LONGER_UNITS[unit["unit"].lower()])
            taken.append((one.start, unit.end()))
            yield Figure(Decimal(max(days, 1)), one.start, unit.end())
    for match in _ONE_UNIT.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            once = match["once"]
            days = ONCE[once.lower()] if once else _LONGER_UNITS[match["unit"].lower()]
            yield Figure(Decimal(days), *match.span())


def clock(text: str, at: time) -> list[Span] | None:
    """Return the pieces that say this time of day; None where they do not."""
    is_early, is_late = _EARLY.search(text), _LATE.search(text)
    if (is_late and not is_early) if at.hour < HALF_A_DAY else (is_early and not is_late):
        return None
    said = figures(text)
    hours = [one.span for one in said if one.value in _spoken_hours(at.hour)]
    words = [m.span() for m in _HOUR_WORD.finditer(text) if _HOURS[m.group().lower()] == at.hour]
    if not hours and not (words and at.minute == 0):
        return None
    if at.minute == 0:
        return [*hours, *words, *(one.span for one in said if one.value == 0)]
    minutes = [one.span for one in said if one.value == at.minute]
    if at.minute == 30:
        minutes += [match.span() for match in _HALF_PAST.finditer(text)]
    return [*hours, *words, *minutes] if minutes else None


def measures(text: str) -> Iterator[Figure]:
    """Yield the numbers that say something by themselves: not the 一 of 一起, not "one"."""
    for one in figures(text):
        said = text[one.start : one.end].lower()
        if said.isascii():
            if said != "one":
                yield one
        elif _MEASURED.match(text, one.end):
            yield one


def _spoken_hours(hour: int) -> set[int]:
    return {hour, hour - HALF_A_DAY if hour > HALF_A_DAY else hour or HALF_A_DAY}


def _decimal(said: str) -> Decimal:
    if _THOUSANDS.fullmatch(said):
        return Decimal(said.replace(",", ""))
    whole, *parts = re.split(r"[.,]", said)
    return Decimal(f"{whole}.{''.join(parts)}" if parts else whole)


def _currency(match: re.Match[str]) -> str:
    if name := match["name"]:
        return _MONEY[name] if name in _MONEY else _MONEY[name.lower()]
    return match["code"] if match["code"] in _currencies() else ""


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(Locale.parse("en").currencies)
