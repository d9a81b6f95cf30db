"""A sentence in pieces, each understood or not."""

import re
from collections.abc import Iterable, Sequence

from guidance.campaigns.sentences.understood import Word

# Words that carry nothing by themselves. "Not" and "or" are none of them.
PLAIN_TEXT = (
    "a all an and are back be but buyer buyers by customer customers e-mail email"
    " everybody everyone for from give have has in is it me member members message of"
    " offer on our people please send shopper shoppers so that the their them then they"
    " those to us we who whom with you your"
)
PLAIN_WORDS = frozenset(PLAIN_TEXT.split())
PLAIN_ZH = frozenset(
    "的了给和与并且请对向发送我们把那些所有一条个顾客用户客户会员消息优惠促销活动，。、；！,.;! "
)
WORD = re.compile(r"[A-Za-z][\w'-]*|\d+(?:[.,]\d+)?|[一-鿿]+|[^\s\w]")


def words_of(text: str, taken: Sequence[bool]) -> Iterable[Word]:
    """Yield the sentence in pieces: a word is understood where its letters are taken, or plain."""
    place = 0
    for match in WORD.finditer(text):
        start, end = match.span()
        if start > place:
            yield Word(text[place:start], True)
        yield from _pieces(text, start, end, taken)
        place = end
    if place < len(text):
        yield Word(text[place:], True)


def _pieces(text: str, start: int, end: int, taken: Sequence[bool]) -> Iterable[Word]:
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
