"""The phrases that are understood, and what each means; `grammar` documents them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.sentences.vocabulary import Vocabulary

Match = re.Match[str]
Reader = Callable[[Match, Understood, Vocabulary], bool | None]


@dataclass(frozen=True)
class Phrase:
    """A pattern and what it means; a reader that returns False did not understand it after all.

    CATEGORY, TIER and COUNTRY stand for the shop's names, WITHIN for a span of time.
    """

    pattern: str
    read: Reader


USUAL_DAYS = 30
BOUGHT_DAYS, SEEN_DAYS, CART_DAYS = 365, 90, 7
MOST_DAYS = 3_650
NIGHT = (time(21), time(9))
NOON = 12
DAY_PARTS = {"morning": 9, "afternoon": 14, "evening": 18}
DAY_PARTS |= {"早上": 9, "上午": 9, "下午": 14, "晚上": 18}
UNITS = {"day": 1, "week": 7, "month": 30, "year": 365}
UNITS |= {"天": 1, "日": 1, "周": 7, "星期": 7, "个月": 30, "月": 30, "年": 365}
ONCE = {"yesterday": 1, "today": 1, "last week": 7, "this week": 7, "last month": 30}
ONCE |= {"this month": 30, "last year": 365, "昨天": 1, "今天": 1, "上周": 7, "上星期": 7}
ONCE |= {"本周": 7, "上个月": 30, "上月": 30, "本月": 30, "去年": 365}
SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "CNY", "元": "CNY", "块": "CNY"}
_TENTHS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_ONCES = "|".join(sorted(ONCE, key=len, reverse=True))
WITHIN = (
    rf"(?:(?P<once>{_ONCES})"
    r"|(?:in |within |for |during )?(?:the )?(?:last |past )?"
    r"(?P<number>\d+) ?(?P<unit>day|week|month|year)s?"
    r"|(?:最近|过去|近)?(?P<number_zh>\d+) ?(?P<unit_zh>天|日|周|星期|个月|月|年)(?:内|里|以来)?)"
)


def _days(match: Match, usual: int) -> int:
    told = match.groupdict()
    if once := told.get("once"):
        return ONCE[once.casefold()]
    number = told.get("number") or told.get("number_zh")
    unit = told.get("unit") or told.get("unit_zh")
    if not number or not unit:
        return usual
    return max(1, min(int(number) * UNITS[unit.casefold()], MOST_DAYS))


def _aim(objective: str) -> Reader:
    def read(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
        found.objective = found.objective or objective

    return read


def _event(kind: str, operator: str, usual: int) -> Reader:
    def read(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
        value: dict[str, Any] = {"kind": kind, "times": 1, "days": _days(match, usual)}
        if name := match.groupdict().get("category"):
            value["category"] = vocabulary.categories[name.casefold()]
            found.category = found.category or value["category"]
        found.add({"field": "event", "operator": operator, "value": value})

    return read


def _cart(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    value = {"days": _days(match, CART_DAYS)}
    found.add({"field": "cart_left", "operator": "did", "value": value})


def _joined(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    found.add({"field": "joined", "operator": "at_most", "value": _days(match, USUAL_DAYS)})


def _away(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    found.add({"field": "last_seen", "operator": "at_least", "value": _days(match, SEEN_DAYS)})


def _tier(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    tier = vocabulary.tiers[match["tier"].casefold()]
    found.add({"field": "tier", "operator": "in", "value": [tier]})


def _country(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    country = vocabulary.countries[match["country"].casefold()]
    found.add({"field": "country", "operator": "in", "value": [country]})


def _topic(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    found.category = found.category or vocabulary.categories[match["category"].casefold()]


def _percent(match: Match, found: Understood, vocabulary: Vocabulary) -> bool:
    return _offer(found, "percent", Decimal(match["percent"].replace(",", ".")), "")


def _discount_zh(match: Match, found: Understood, vocabulary: Vocabulary) -> bool:
    """打九折, "at nine tenths", takes a tenth off; 85折 takes 15 % off."""
    told = match["tenths"]
    number = Decimal(_TENTHS[told]) if told in _TENTHS else Decimal(told)
    share = number * 10 if number < 10 else number
    return _offer(found, "percent", 100 - share, "")


def _amount(match: Match, found: Understood, vocabulary: Vocabulary) -> bool:
    told = match.groupdict()
    currency = (told.get("currency") or "").upper()
    amount = Decimal(match["amount"].replace(",", "."))
    return _offer(found, "amount", amount, SIGNS.get(currency, currency))


def _shipping(match: Match, found: Understood, vocabulary: Vocabulary) -> bool:
    return _offer(found, "shipping", Decimal(0), "")


def _offer(found: Understood, kind: str, value: Decimal, currency: str) -> bool:
    """Take the first offer that can be one; a second is not understood."""
    if found.offer_kind or value < 0 or (kind == "percent" and not 0 < value <= 100):
        return False
    found.offer_kind, found.offer_value, found.offer_currency = kind, value, currency
    return True


def _night(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    found.quiet = NIGHT


def _part_of_day(match: Match, found: Understood, vocabulary: Vocabulary) -> None:
    found.send_at = found.send_at or time(DAY_PARTS[match["part"].casefold()])


def _clock(match: Match, found: Understood, vocabulary: Vocabulary) -> bool:
    told = match.groupdict()
    hour, minute = int(match["hour"]), int(told.get("minute") or 0)
    half = (told.get("half") or "").casefold()
    if half in {"pm", "下午", "晚上"} and hour < NOON:
        hour += NOON
    if half == "am" and hour == NOON:
        hour = 0
    if hour > 23 or minute > 59:
        return False
    found.send_at = found.send_at or time(hour, minute)
    return True


def _add(found: Understood, condition: dict[str, Any]) -> None:
    if condition not in found.conditions:
        found.conditions.append(condition)


_BOUGHT = _event("purchase", "did", BOUGHT_DAYS)
_NOT_BOUGHT = _event("purchase", "did_not", USUAL_DAYS)
_VIEWED = _event("view", "did", USUAL_DAYS)
_NIGHTS = r"(?:夜间|夜里|半夜|深夜|晚上)"
_LEFT = r"left (?:a |their )?(?:shopping )?carts?(?: behind)?"
_LEFT_ZH = r"(?:加购后?(?:未付款|未购买|没买)|(?:留下|落下|放弃)了?购物车)的?"
_HAVE = r"who (?:have |has )?"
_BUYERS = r"(?:buyers?|shoppers?|customers?|lovers?|fans?|drinkers?)"
PHRASES = (
    # When: before "left a cart last night" could take the night.
    Phrase(r"\b(?:but )?not (?:at night|during the night|in the night)\b", _night),
    Phrase(
        rf"(?:不在|不要在|别在)?{_NIGHTS}(?:不发送|不发|勿扰|不打扰)|不在{_NIGHTS}(?:发送|发)?",
        _night,
    ),
    Phrase(r"\bat (?P<hour>\d{1,2}):(?P<minute>\d{2})\b", _clock),
    Phrase(r"\bat (?P<hour>\d{1,2}) ?(?P<half>am|pm)\b", _clock),
    Phrase(r"(?P<half>早上|上午|下午|晚上)?(?P<hour>\d{1,2})[点时](?:发送|发)?", _clock),
    Phrase(r"\b(?:in the )(?P<part>morning|afternoon|evening)\b", _part_of_day),
    Phrase(r"(?:在)?(?P<part>早上|上午|下午|晚上)(?:发送|发)", _part_of_day),
    # Who.
    Phrase(rf"\b{_HAVE}{_LEFT} WITHIN", _cart),
    Phrase(rf"WITHIN{_LEFT_ZH}", _cart),
    Phrase(rf"\b{_HAVE}{_LEFT}\b", _cart),
    Phrase(_LEFT_ZH, _cart),
    Phrase(rf"\b{_HAVE}(?:not|n't|never) bought(?: anything)? WITHIN", _NOT_BOUGHT),
    Phrase(r"WITHIN(?:没买|没有买|没有购买|未购买)(?:过)?(?:的)?", _NOT_BOUGHT),
    Phrase(rf"\b{_HAVE}(?:not been seen|not visited|been away)(?: for)? WITHIN", _away),
    Phrase(r"WITHIN(?:没来|没有来|未访问|没有访问)(?:过)?(?:的)?", _away),
    Phrase(rf"\b{_HAVE}joined WITHIN", _joined),
    Phrase(r"WITHIN(?:注册|加入)(?:的)?", _joined),
    Phrase(r"\bnew (?:shoppers?|customers?|members?)\b|新(?:顾客|用户|客户|会员)", _joined),
    Phrase(rf"\b{_HAVE}bought CATEGORY(?: WITHIN)?(?!\w)", _BOUGHT),
    Phrase(rf"\bCATEGORY {_BUYERS}\b", _BOUGHT),
    Phrase(r"(?:WITHIN)?(?:买过|购买过|买了)CATEGORY(?:的)?", _BOUGHT),
    Phrase(rf"\b{_HAVE}(?:looked at|viewed|browsed) CATEGORY(?: WITHIN)?(?!\w)", _VIEWED),
    Phrase(r"(?:WITHIN)?(?:看过|浏览过)CATEGORY(?:的)?", _VIEWED),
    Phrase(r"\bTIER (?:members?|customers?|shoppers?)\b", _tier),
    Phrase(r"TIER(?:会员|顾客|用户)", _tier),
    Phrase(r"\b(?:in|from) COUNTRY(?!\w)", _country),
    Phrase(r"在?COUNTRY的", _country),
    # What they get.
    Phrase(r"(?P<percent>\d+(?:[.,]\d+)?) ?(?:%|percent) ?(?:off|discount)?", _percent),
    Phrase(r"(?:优惠|减|立减|打折)(?P<percent>\d+(?:\.\d+)?) ?%", _percent),
    Phrase(r"打?(?P<tenths>\d{1,2}(?:\.\d)?|[一二三四五六七八九])折(?:优惠)?", _discount_zh),
    Phrase(r"(?P<amount>\d+(?:[.,]\d+)?) ?(?P<currency>[A-Z]{3}|[€$£¥]) off\b", _amount),
    Phrase(r"(?P<currency>[€$£¥]) ?(?P<amount>\d+(?:[.,]\d+)?) off\b", _amount),
    Phrase(r"(?:立减|减|优惠)(?P<amount>\d+(?:\.\d+)?) ?(?P<currency>元|块)", _amount),
    Phrase(r"\bfree (?:shipping|delivery)\b|免运费|包邮|免邮", _shipping),
    # What for.
    Phrase(r"\b(?:win|bring|get) back\b|召回|赢回|唤回|挽回", _aim("win_back")),
    Phrase(r"\bwelcome\b|欢迎", _aim("welcome")),
    Phrase(r"\b(?:thank|reward)\b|感谢|答谢|回馈", _aim("loyalty")),
    Phrase(r"\bannounce\b|宣布|通知", _aim("announce")),
    # A category that nobody bought is what it is about.
    Phrase(r"(?:\b(?:about|for|on) )CATEGORY(?!\w)", _topic),
)
