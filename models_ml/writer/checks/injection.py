"""Instructions to a model, hidden in product data or in copy made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from models_ml.writer.checks.finding import BLOCK, Context, Finding, gettext_noop
from models_ml.writer.facts import TITLE_KEY, Fact
from models_ml.writer.terms import fold

_WHAT = (
    r"(?:instructions?|prompts?|rules?|directions?|guidelines?|messages?|context|"
    r"commands?|constraints?)"
)
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|do not follow|don't follow)\b"
    rf"[^.!?\n]{{0,40}}?\b(?:{_WHAT}|facts)\b"
    r"|\byou are now\b|\bact as if\b|\bpretend (?:to be|that|you)\b"
    r"|\bact as (?:an? |the )?(?:\w+ )?(?:assistant|ai|model|expert|\w*writer|chatbot|admin\w*)\b"
    rf"|\b(?:system|developer|hidden|secret) (?:prompt|message|instruction)s?\b"
    rf"|\b(?:new|updated|real) {_WHAT}:|\b(?:reveal|print|repeat|output|show)\b[^.!?\n]{{0,24}}?"
    r"\b(?:prompt|instructions|api key|password)\b"
    r"|\bas an? (?:ai|language model)\b|\bdo anything now\b|\bjailbreak\b|\bdeveloper mode\b"
    r"|\b(?:write|answer|respond|reply|output) (?:only|exactly|instead|nothing but)\b"
    r"|\b(?:dear|attention|note to) (?:ai|model|assistant|llm|chatbot)\b"
    r"|<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>|^\s*#{2,}\s*(?:system|instruction|user|assistant)\b"
    r"|(?:^|\n)\s*(?:system|assistant|user)\s*:"
    r"|(?:忽略|无视|忘记|忘掉|不要理会|跳过|覆盖|翻译)[^。！？\n]{0,12}?(?:指令|指示|提示词?|规则|要求|说明|设定|内容)"
    r"|你(?:现在)?是一(?:个|名|位)[^。！？\n]{0,12}?(?:助手|模型|机器人|人工智能)|你现在是|请?扮演|假装(?:你|自己)是"
    r"|系统(?:提示词?|指令|消息)[:：]?|(?:输出|告诉我|泄露|重复)[^。！？\n]{0,10}?(?:提示词|系统指令|密钥|密码)"
    r"|作为(?:一个)?(?:ai|人工智能|语言模型)|(?:请|必须|只)(?:写|回答|输出|回复)[:：“\"]|开发者模式|越狱模式",
    re.IGNORECASE | re.MULTILINE,
)
_OFFER = re.compile(
    r"\b(?:100|9\d) ?% (?:off|discount)\b|\bfree for (?:all|everyone)\b|免费送所有人|一折清仓"
)
_HIDDEN = re.compile(r"<!--|<(?:script|style|iframe|img|svg|a|div|span)\b|javascript:|\bdata:text/")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_IN_TEXT = gettext_noop("An instruction to a model: %(said)s")
_IN_FACT = gettext_noop("An instruction to a model in the product data, “%(key)s”: %(said)s")
_HINT = gettext_noop("Take it out of the text and of the product's data.")


@lru_cache(maxsize=16_384)
def find_instructions(text: str) -> tuple[tuple[int, int], ...]:
    """Where a text speaks to a model instead of about a product, or hides something.

    Remembered: the facts of a shop repeat from product to product.
    """
    folded = fold(text)
    found = [
        match.span()
        for pattern in (_INSTRUCTION, _OFFER, _HIDDEN)
        for match in pattern.finditer(folded)
    ]
    return (*found, *(match.span() for match in _INVISIBLE.finditer(text)))


def poisoned(facts: Iterable[Fact], title: str = "") -> list[tuple[str, str]]:
    """The keys of facts (and of the title) that hold instructions, each with the words."""
    stated = [(fact.key, fact.value) for fact in facts] + [(TITLE_KEY, title)]
    return [
        (key, value[start:end]) for key, value in stated for start, end in find_instructions(value)
    ]


def instructions(context: Context) -> Iterator[Finding]:
    """Instructions in the text, and in the product's data whatever the text made of them."""
    for start, end in find_instructions(context.text):
        said = {"said": repr(context.text[start:end])[1:-1]}
        yield Finding("injection", BLOCK, start, end, _IN_TEXT, _HINT, said)
    for key, words in poisoned(context.facts, context.title):
        params = {"key": key, "said": repr(words)[1:-1]}
        yield Finding("injection_in_facts", BLOCK, 0, len(context.text), _IN_FACT, _HINT, params)
