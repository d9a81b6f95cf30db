"""The contexts in which strong words promise nothing, read from the sentence around them.

For China they follow articles 5 and 6 of the market regulator's enforcement guide on absolute
terms in advertising (announcement 6 of 2023): stated goals, tips on use, comparison with one's
own goods, grades of a standard, names and trademarks, and facts that name time and source.
"""

from __future__ import annotations

import re

_BOUNDS = re.compile(r"[。！？!?\n；;]|\.(?=\s|$)")
_QUOTES = (("“", "”"), ("「", "」"), ("《", "》"), ("『", "』"), ('"', '"'), ("‘", "’"))
_WORD = re.compile(r"[A-Za-z][\w'’-]*")

# Each is searched in the sentence as (what stands before the words, all of it).
_BEFORE = {
    "stated_goal": {
        "zh-hans": re.compile(
            r"(?:追求|力求|力争|致力于|争取|立志|旨在|追逐|努力[^，,]{0,6}|希望[^，,]{0,6}"
            r"|(?:目标|宗旨|愿望|理想|初心|理念)(?:是|就是|为|在于)?|矢志|愿为|愿做)[^，,]{0,14}$"
        ),
        "en": re.compile(
            r"\b(?:aims?|strives?|striv(?:ing|es)|goal|mission|ambition|tr(?:y|ies|ying)|hopes?|"
            r"wants?|works? (?:hard )?(?:to|towards?)|committed to|in search of|our wish)\b"
            r"[^,;]{0,60}$",
            re.IGNORECASE,
        ),
    },
    "tip": {
        "zh-hans": re.compile(
            r"(?:请|建议|温馨提示|提示|注意|务必|切勿|请勿|避免|使用前|使用时|清洗时|安装时)[^，,]{0,14}$"
        ),
        "en": re.compile(
            r"^\W*(?:please|store|keep|use|serve|wash|clean|place|set|turn|press|mix|apply|avoid|"
            r"always|do not|don['’]t|never|on the|for)\b[^,;]{0,40}$",
            re.IGNORECASE,
        ),
    },
    "disclaimer": {
        "zh-hans": re.compile(
            r"(?:不能|不可|不具有|不具备|不得|无法|并非|不是|不含|没有|非)[^，,]{0,8}$"
        ),
        "en": re.compile(
            r"\b(?:not|no|cannot|can['’]t|never|without)\b(?:\s[\w,'’-]+){0,6}\s*$", re.IGNORECASE
        ),
    },
}
_AROUND = {
    "self_comparison": {
        "zh-hans": re.compile(
            r"(?:比|较|与|跟|和|同)[^，。,]{0,6}?(?:上一?代|前一?代|前款|旧款|老款|上一?款|旧版|老版|初代|去年|以往"
            r"|之前的|原款|基础款|标准款)|(?:本|同|全|我们?|自家)(?:家|的)?(?:系列|品牌|店铺?)[^，。,]{0,6}(?:最|第一|首)"
        ),
        "en": re.compile(
            r"\b(?:than|with|to|over)\s+(?:(?:its|our|the|any of our|all our)\s+)?(?:own\s+)?"
            r"(?:previous|predecessor|older|earlier|former|first|last (?:year|season)"
            r"|other models in)"
            r"|\bour\s[\w\s-]{1,40}\byet\b|\bin (?:our|this|the) (?:range|series|collection)\b",
            re.IGNORECASE,
        ),
    },
    "standard_grade": {
        "zh-hans": re.compile(
            r"(?:GB|QB|FZ|NY)[/T\s]*\d|(?:国家|行业|地方|团体)标准|国标", re.IGNORECASE
        ),
        "en": re.compile(r"\b(?:EN|ISO|ASTM|DIN|BS)\s?\d{2,}", re.IGNORECASE),
    },
    "sourced_fact": {
        "zh-hans": re.compile(
            r"数据来源|来源[:：]|据[^，。]{1,20}(?:统计|报告|调查|数据)|截至(?:19|20)?\d{2}|经[^，。]{1,16}检测"
        ),
        "en": re.compile(
            r"\bsource:|\baccording to\b|\bas of \w* ?\d{4}|\bbased on (?:a|\d)", re.IGNORECASE
        ),
    },
}
_NAMED = {
    "zh-hans": re.compile(r"(?:品牌|商标|名为|名叫|书名|歌名|片名|系列名?为?|款名)[^，。,]{0,4}$"),
    "en": re.compile(r"\b(?:brand|trademark|called|titled|entitled|named)\s*$", re.IGNORECASE),
}
_IS_NAMED = {
    "zh-hans": re.compile(
        r"^[^，。,]{0,8}(?:系列|牌|®|™|一书|是[^，。,]{1,6}的(?:书?名|名字|名称))"
    ),
    "en": re.compile(r"^[\w'’-]*\s?(?:®|™)"),
}


def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the sentence around `text[start:end]` begins and ends."""
    begin = 0
    for bound in _BOUNDS.finditer(text, 0, start):
        begin = bound.end()
    after = _BOUNDS.search(text, end)
    return begin, after.start() if after else len(text)


def context_of(text: str, start: int, end: int, language: str, known: tuple[str, ...]) -> str:
    """The first context out of `known` in which `text[start:end]` stands, "" for none."""
    if not known:
        return ""
    begin, finish = sentence_at(text, start, end)
    before, sentence = text[begin:start], text[begin:finish]
    for context in known:
        if context == "trademark":
            if _is_name(before, text[start:end], text[end:finish], language):
                return context
        elif context in _BEFORE:
            if _BEFORE[context][language].search(before):
                return context
        elif _AROUND[context][language].search(sentence):
            return context
    return ""


def _is_name(before: str, said: str, after: str, language: str) -> bool:
    for opening, closing in _QUOTES:
        opened = before.rfind(opening)
        if opened >= 0 and closing not in before[opened + 1 :] and closing in after:
            return True
    if _NAMED[language].search(before) or _IS_NAMED[language].match(after):
        return True
    return language == "en" and _is_title_case(before, said, after)


def _is_title_case(before: str, said: str, after: str) -> bool:
    """Whether the words are part of a capitalised name in a sentence that is not all capitals."""
    if not said[:1].isupper():
        return False
    following = _WORD.match(after.lstrip())
    preceding = _WORD.findall(before)[-1:]
    capital = bool(following and following.group()[:1].isupper())
    capital = capital or bool(preceding and len(preceding[0]) > 3 and preceding[0][:1].isupper())
    rest = [word for word in _WORD.findall(before + " " + after) if len(word) > 3]
    return capital and sum(word.islower() for word in rest) * 2 >= len(rest)
