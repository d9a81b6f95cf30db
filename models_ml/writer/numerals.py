"""Numbers written as words, in English and Chinese."""

from __future__ import annotations

from fractions import Fraction

from models_ml.writer.lexicon import words

CHINESE_DIGITS = "零〇一二两三四五六七八九十百千万亿半点"
_DIGIT = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SCALE = {"十": 10, "百": 100, "千": 1000}
_BLOCK = {"万": 10**4, "亿": 10**8}

_ENGLISH_UNITS = words(
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    "|sixteen|seventeen|eighteen|nineteen"
)
_ENGLISH_TENS = words("twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety")
_ENGLISH = (
    {word: value for value, word in enumerate(_ENGLISH_UNITS)}
    | {word: 20 + 10 * index for index, word in enumerate(_ENGLISH_TENS)}
    | {"dozen": 12, "hundred": 100, "thousand": 1000}
)


def chinese_number(spelled: str) -> Fraction | None:
    """The value of a numeral such as 两百五十, 一千五, 三点五 or 半; None if it is none."""
    if spelled == "半":
        return Fraction(1, 2)
    if "半" in spelled:
        return None
    whole, point, part = spelled.partition("点")
    if point:
        digits = "".join(str(_DIGIT[char]) for char in part if char in _DIGIT)
        value = _chinese_integer(whole)
        if value is None or not digits or len(digits) != len(part):
            return None
        return value + Fraction(int(digits), 10 ** len(digits))
    return _chinese_integer(spelled)


def _chinese_integer(spelled: str) -> Fraction | None:
    if not spelled:
        return None
    if all(char in _DIGIT for char in spelled):
        return Fraction(int("".join(str(_DIGIT[char]) for char in spelled)))
    total, block, digit, scale = 0, 0, None, 1
    for char in spelled:
        if char in _DIGIT:
            digit = _DIGIT[char]
            scale = 1 if digit == 0 else scale
        elif char in _SCALE:
            scale = _SCALE[char]
            block += (1 if digit is None else digit) * scale
            digit = None
        elif char in _BLOCK:
            block += digit or 0
            total += (block or 1) * _BLOCK[char]
            block, digit, scale = 0, None, _BLOCK[char]
        else:
            return None
    if digit is not None:
        trailing = scale // 10 if scale >= 100 else 1
        block += digit * trailing
    return Fraction(total + block)


def english_number_pattern() -> str:
    """A pattern for number words in lower-case text: "twenty-five", "half a dozen"."""
    units = "|".join(sorted(_ENGLISH_UNITS[1:], key=len, reverse=True))
    tens = "|".join(_ENGLISH_TENS)
    below_hundred = rf"(?:(?:{tens})(?:[\s-](?:{units}))?|(?:{units}))"
    rest = rf"(?:\s(?:and\s)?{below_hundred})?"
    many = rf"(?:(?:{below_hundred}|a)[\s-])?(?:hundred|thousand|dozen){rest}"
    point = rf"\spoint(?:\s(?:zero|{units})){{1,4}}"
    part = rf"(?:\sand a (?:half|quarter)|\sand three quarters|{point})?"
    return rf"\bhalf a dozen\b|\bhalf an?\b|\b(?:{many}|{below_hundred}){part}\b"


_ENGLISH_PARTS = {
    " and a half": Fraction(1, 2),
    " and a quarter": Fraction(1, 4),
    " and three quarters": Fraction(3, 4),
}


def english_number(spelled: str) -> Fraction:
    """The value of what `english_number_pattern` matched."""
    if spelled == "half a dozen":
        return Fraction(6)
    if spelled.startswith("half a"):
        return Fraction(1, 2)
    extra = Fraction(0)
    for ending, part in _ENGLISH_PARTS.items():
        if spelled.endswith(ending):
            spelled, extra = spelled.removesuffix(ending), part
    whole, _, digits = spelled.partition(" point ")
    for place, word in enumerate(digits.split(), start=1):
        extra += Fraction(_ENGLISH[word], 10**place)
    total = 0
    for word in whole.replace("-", " ").split():
        value = _ENGLISH.get(word, 0)
        total = (
            (total or 1) * value
            if value in (12, 100, 1000) and word not in _ENGLISH_UNITS
            else total + value
        )
    return total + extra
