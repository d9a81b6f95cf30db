"""The grammar of sentences: phrases that are understood, in English and Chinese.

    aim       win back | bring back | welcome | thank | reward | announce    召回 欢迎 感谢 宣布
    who       CATEGORY buyers, who bought CATEGORY      买过CATEGORY的顾客
              who looked at CATEGORY                     看过CATEGORY的顾客
              TIER members                               TIER会员
              in COUNTRY, from COUNTRY                   COUNTRY的顾客
              new shoppers, who joined WITHIN            新顾客 WITHIN注册
              who left a cart WITHIN                     WITHIN留下购物车 加购未付款
              who have not bought WITHIN                 WITHIN没买 没有购买
              who have not been seen WITHIN              WITHIN没来
    within    yesterday, last week, this month, in the last N days | weeks | months
              昨天 上周 上个月 最近N天 N周 N个月
    offer     N % off, N percent off, N CUR off, free shipping   打N折 优惠N% 减N元 免运费 包邮
    when      not at night, in the morning | afternoon | evening, at N (am | pm), at HH:MM
              不在夜间 晚上不发 早上 下午 晚上 N点

A longer phrase goes before a shorter one, and no letter is understood twice. What it understands
to the last word is exact, quick and free, so no language model is asked then; of other sentences
one may understand more (`prompts`, `answers`). Pure.
"""

import re
from collections.abc import Mapping

from guidance.campaigns.sentences.phrases import PHRASES, WITHIN
from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.sentences.vocabulary import Vocabulary
from guidance.campaigns.sentences.words import words_of

LONGEST = 500


def understand(sentence: str, vocabulary: Vocabulary) -> Understood:
    """Return what a sentence asks for, and which of its words were not understood."""
    text = sentence.strip()[:LONGEST]
    found, taken = Understood(), [False] * len(text)
    for phrase in PHRASES:
        pattern = _filled_in(phrase.pattern, vocabulary)
        if pattern is None:
            continue
        for match in pattern.finditer(text):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            if phrase.read(match, found, vocabulary) is not False:
                taken[start:end] = [True] * (end - start)
    found.words = list(words_of(text, taken))
    return found


def _filled_in(pattern: str, vocabulary: Vocabulary) -> re.Pattern[str] | None:
    """Return a pattern with the shop's names in place; None where it has none of that kind."""
    names: Mapping[str, Mapping[str, str]] = {
        "CATEGORY": vocabulary.categories,
        "TIER": vocabulary.tiers,
        "COUNTRY": vocabulary.countries,
    }
    for kind, known in names.items():
        if kind in pattern:
            if not known:
                return None
            longest_first = sorted(known, key=len, reverse=True)
            told = "|".join(re.escape(name) for name in longest_first)
            pattern = pattern.replace(kind, f"(?P<{kind.lower()}>{told})")
    return re.compile(pattern.replace("WITHIN", WITHIN), re.IGNORECASE)
