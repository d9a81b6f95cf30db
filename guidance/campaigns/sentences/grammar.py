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

A longer phrase goes before a shorter one, and no letter is understood twice. Pure.
"""

import re
from collections.abc import Iterable, Mapping

from guidance.campaigns.sentences.phrases import PHRASES, WITHIN
from guidance.campaigns.sentences.understood import Understood, Word
from guidance.campaigns.sentences.vocabulary import Vocabulary

LONGEST = 500
# Words that carry nothing by themselves.
PLAIN_TEXT = (
    "a all an and are back be but buyer buyers by customer customers e-mail email"
    " everybody everyone for from give have has in is it me member members message not of"
    " offer on our people please send shopper shoppers so that the their them then they"
    " those to us we who whom with you your"
)
PLAIN_WORDS = frozenset(PLAIN_TEXT.split())
PLAIN_ZH = frozenset(
    "的了给和与并且请对向发送我们把那些所有一条个顾客用户客户会员消息优惠促销活动，。、；！,.;! "
)
WORD = re.compile(r"[A-Za-z][\w'-]*|\d+(?:[.,]\d+)?|[一-鿿]+|[^\s\w]")


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
    found.words = list(_words(text, taken))
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


def _words(text: str, taken: list[bool]) -> Iterable[Word]:
    """Yield the sentence in pieces: a word is understood where a phrase took it, or it is plain."""
    place = 0
    for match in WORD.finditer(text):
        start, end = match.span()
        if start > place:
            yield Word(text[place:start], True)
        yield from _pieces(text, start, end, taken)
        place = end
    if place < len(text):
        yield Word(text[place:], True)


def _pieces(text: str, start: int, end: int, taken: list[bool]) -> Iterable[Word]:
    word = text[start:end]
    if word.isascii():
        is_plain = word.casefold() in PLAIN_WORDS or not word[0].isalnum()
        yield Word(word, is_plain or all(taken[start:end]))
        return
    run = ""
    was = True
    for place in range(start, end):
        letter = text[place]
        is_known = taken[place] or letter in PLAIN_ZH
        if run and is_known != was:
            yield Word(run, was)
            run = ""
        run, was = run + letter, is_known
    if run:
        yield Word(run, was)
