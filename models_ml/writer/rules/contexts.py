"""The contexts in which strong words promise nothing, read from the sentence around them.

For China they follow articles 5 and 6 of the market regulator's enforcement guide on absolute
terms in advertising (announcement 6 of 2023): stated goals, tips on use, comparison with one's
own goods, grades of a standard, names and trademarks, and facts that name time and source.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

_BOUNDS = re.compile(r"[。！？!?\n；;]|\.(?=\s|$)")
_WORD = re.compile(r"[A-Za-z][\w'’-]*")

_REACH = 160
"""Characters before and after the words that are read at most; a sentence of copy has fewer."""

# What may stand between a word of aim or denial and what it governs; anything else parts them.
_AIMED_ZH = (
    r"(?:为|给|让|使|您|你|顾客|客户|用户|消费者|每一?[位件款个]|成|做|达|打造|提供|带来|得|获得|享受|享有"
    r"|创造|呈现|实现|更加?|品质|质量|工艺|服务|体验|舒适|性能|口感|效果|行业|业内|以|到|出|一[件款个]|[“「])*+$"
)
_AIMED_EN = (
    r"(?:\s+(?:to|for|at|towards?|in|of|and|on|be|being|becom(?:e|ing)|offer(?:ing)?|mak(?:e|ing)"
    r"|giv(?:e|ing)|bring|deliver(?:ing)?|provid(?:e|ing)|build|creat(?:e|ing)|achiev(?:e|ing)"
    r"|reach|produc(?:e|ing)|reduc(?:e|ing)|you|your|our|its|their|every|each|all|the|an?|ever"
    r"|more|most|as|customers?|children|people|families|them|only|always|quality|products?"
    r"|goods)){0,8}\s+$"
)
_DENIED_ZH = (
    r"(?:能够?|可以?|会|任何|具有|具备|用于|用来|用作|代替|替代|取代|直接|作为|声称|保证|承诺|宣称|起到|有"
    r"|达到|带来|产生|是|为|对|预防|诊断|治疗|治愈|缓解|保健|医疗|药品|药物|疾病|病症|功能|功效|作用|的"
    r"|疗效|绝对|完全|百分之百|100%|、|或者?|和|及|以及|与)*+$"
)
_DENIED_EN = (
    r"(?:,?\s+(?:an?|any|the|our|its|to|be|been|as|for|of|or|and|nor|by|in|is|are|have|has|fully"
    r"|completely|entirely|necessarily|intended|meant|designed|suitable|claim(?:s|ed|ing)?"
    r"|promis(?:e[sd]?|ing)|guarantee[sd]?|substitute|replacement|replace|diagnos(?:e|is)"
    r"|treat(?:ment)?|cure|prevent(?:ion)?|mitigate|relieve|heal|medical|known|proven|certified"
    r"|considered|called|say|made|with|that|it|this|product)){0,10},?\s+$"
)
# What the words must stand with to be a tip on use, such as an angle or a temperature.
_USED_ZH = re.compile(
    r"的?[^，,。的]{0,2}?(?:角度|位置|温度|水温|火候|时间|时机|距离|高度|亮度|音量|档位?|挡位?|模式|水位"
    r"|刻度|转速|状态|姿势|坐姿|比例|用量|剂量|尺码|尺寸|口感|风味|效果)"
)
_USED_EN = re.compile(
    r"(?:\s[\w-]+)?\s(?:results?|effects?|performance|flavou?r|taste|aroma|positions?|angles?|fit"
    r"|comfort|settings?|levels?|temperature|heat|speed|coverage|finish|grip|sound|hold|texture"
    r"|consistency|lather|balance|seal|shine|foam|crema|brew|viewing|lighting)\b",
    re.IGNORECASE,
)

# Each is searched in what stands of the sentence before the words.
_BEFORE = {
    "stated_goal": {
        "zh-hans": re.compile(
            r"(?:追求|力求|力争|致力于|争取|立志|旨在|努力|希望(?:能够?)?|矢志|愿为|愿做"
            r"|(?:目标|宗旨|愿望|理想|初心|理念)(?:就?是|为|在于))" + _AIMED_ZH
        ),
        "en": re.compile(
            r"(?:\b(?:aims?|aiming|striv(?:es?|ing)|committed|in (?:search|pursuit)\s+of"
            r"|(?:our|the|whose|its) (?:goal|mission|ambition|aim|wish|hope)(?: is| remains)?)"
            r"|\b(?:we|our \w+)(?: all| always)? (?:(?:are |keep )?(?:try|trying|hoping|working)"
            r"|hope|want|work(?: hard)?))" + _AIMED_EN,
            re.IGNORECASE,
        ),
    },
    "tip": {
        "zh-hans": re.compile(
            r"(?:(?<![邀申聘宴敬])请(?!教|客|柬)|建议|提示|注意|务必|切勿|避免|[使食饮]用[前时]"
            r"|(?:清洗|安装|存放)[前时])[^，,]{0,14}$"
        ),
        "en": re.compile(
            r"^\W*(?:please\s)?(?:store|keep|use|serve|wash|clean|place|set|turn|press|mix|apply"
            r"|avoid|rinse|dry|charge|brew|steep|adjust|do not|don['’]t|for)\b[^,;]{0,60}$",
            re.IGNORECASE,
        ),
    },
    "disclaimer": {
        "zh-hans": re.compile(
            r"(?:不能|不可(?!思议)|不具有|不具备|不得(?!不)|无法|并非|不是|不含|没有|非(?![常凡同得要但]))"
            + _DENIED_ZH
        ),
        "en": re.compile(
            r"\b(?:not|no|cannot|\w+n['’]t|never|without)\b" + _DENIED_EN, re.IGNORECASE
        ),
    },
}
_AFTER = {"tip": {"zh-hans": _USED_ZH, "en": _USED_EN}}
"""What must follow the words as well."""
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
    "zh-hans": re.compile(
        r"(?:(?:品牌|商标|系列|书|歌|片|款)名?[为叫是：:]|(?:品牌|商标|系列|书|歌|片|款)名|名为|名叫)[“「『‘\"]?$"
    ),
    "en": re.compile(
        r"\b(?:brand|trademark|called|titled|entitled|named)\s+[“\"‘]?$", re.IGNORECASE
    ),
}
_IS_NAMED = {
    "zh-hans": re.compile(
        r"[”」』’\"]?牌(?![子照匾九])|[^，。,]{0,4}?[”」』’\"]?(?:®|™)|[^，。,]{0,6}?[”」』’\"]系列|[^，。,]{0,6}一书"
        r"|[^，。,]{0,4}是[^，。,]{1,8}的(?:书?名|名字|名称)(?!副|不)"
    ),
    "en": re.compile(r"[\w'’-]*[”\"’]?\s?(?:®|™)"),
}
_BOOK = re.compile(r"《[^《》]*》|『[^『』]*』")
_QUOTED = re.compile(r"“[^“”]*”|「[^「」]*」|\"[^\"]*\"|‘[^‘’]*’")
_LONGEST_NAME = 12
_LEAST_NAME = 2
"""Characters that a quoted Chinese name has beside the strong word, and at most in all."""
_DETERMINER = re.compile(
    r"\b(?:the|our|an?|its?|your|their|this|that|is|are|be|get|buy)\s+$", re.IGNORECASE
)


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """Start and end of what parts the sentences of `text`, in order."""
    return [bound.span() for bound in _BOUNDS.finditer(text)]


def context_of(
    text: str,
    start: int,
    end: int,
    language: str,
    known: tuple[str, ...],
    bounds: Sequence[tuple[int, int]],
) -> str:
    """The first context out of `known` in which `text[start:end]` stands, "" for none.

    `bounds` are those of the text's sentences.
    """
    if not known:
        return ""
    here = bisect_right(bounds, (start, start))
    begin = max(bounds[here - 1][1] if here else 0, start - _REACH)
    there = bisect_left(bounds, (end, end))
    finish = min(bounds[there][0] if there < len(bounds) else len(text), end + _REACH)
    before, said, after = text[begin:start], text[start:end], text[end:finish]
    return next((name for name in known if _stands_in(name, before, said, after, language)), "")


def _stands_in(context: str, before: str, said: str, after: str, language: str) -> bool:
    if context == "trademark":
        return _is_name(before, said, after, language)
    if context in _AROUND:
        return bool(_AROUND[context][language].search(before + said + after))
    follows = _AFTER.get(context, {}).get(language)
    found = _BEFORE[context][language].search(before)
    return bool(found and (follows is None or follows.match(after)))


def _is_name(before: str, said: str, after: str, language: str) -> bool:
    """Whether the words are, or are part of, a name that the sentence marks as one."""
    if _is_within(_BOOK, before, said, after):
        return True
    has_capital = language != "en" or said[:1].isupper()
    if has_capital and (_NAMED[language].search(before) or _IS_NAMED[language].match(after)):
        return True
    quoted = _is_within(_QUOTED, before, said, after)
    if language == "en":
        title = quoted.istitle() and " " in quoted and len(quoted.split()) > len(said.split())
        return title or _is_capitalised_name(before, said, after)
    rest = len(quoted) - len(said)
    return rest >= _LEAST_NAME and len(quoted) <= _LONGEST_NAME and "的" not in quoted


def _is_within(marks: re.Pattern[str], before: str, said: str, after: str) -> str:
    """What stands in the marks around the words, "" where none are around them."""
    start, end = len(before), len(before) + len(said)
    for marked in marks.finditer(before + said + after):
        if marked.start() < start and end < marked.end():
            return marked.group()[1:-1]
    return ""


def _is_capitalised_name(before: str, said: str, after: str) -> bool:
    """Whether the words are part of a capitalised name inside a sentence of small letters.

    At the beginning of a sentence, or after an article, capitals are no name but emphasis.
    """
    if not all(word[0].isupper() for word in _WORD.findall(said) if len(word) > 3):
        return False
    if not said[:1].isupper() or not _WORD.search(before) or _DETERMINER.search(before):
        return False
    preceding, following = _WORD.findall(before)[-1:], _WORD.match(after.lstrip())
    is_joined = bool(following and following.group()[0].isupper()) or (
        len(_WORD.findall(before)) > 1 and len(preceding[0]) > 3 and preceding[0][0].isupper()
    )
    rest = [word for word in _WORD.findall(before + " " + after) if len(word) > 3]
    return is_joined and sum(word.islower() for word in rest) * 2 >= len(rest)
