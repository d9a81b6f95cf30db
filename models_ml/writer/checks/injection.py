"""Instructions to a model, hidden in product data or in copy made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from models_ml.writer.checks.finding import BLOCK, Context, Finding, gettext_noop
from models_ml.writer.facts import TITLE_KEY, Fact
from models_ml.writer.terms import fold

_TOLD = r"(?:instructions?|prompts?)"
_WHAT = (
    r"(?:instructions?|prompts?|rules?|directions?|guidelines?|messages?|context|commands?"
    r"|constraints?|facts|text|content)"
)
_ALL = r"(?:(?:all|any|every|of|the|these|those)\s+)"
_EARLIER = (
    r"(?:previous(?:ly)?|prior|above|earlier|preceding|foregoing|initial|original|existing|given"
    r"|your|system)"
)
_MACHINE = r"(?:ai|assistant|chatbot|language model|llm|admin\w*|developer)"
_MACHINE_ZH = r"(?:助手|模型|机器人|人工智能|ai|管理员|开发者)"
_EARLIER_ZH = r"(?:以上|上面|上述|之前|前面|先前|此前|你的|系统|原有|原来|一切|所有|全部|任何)"
# Each alternative names its object: shops "ignore" dust, "pretend" in play sets, "output only" 5 W.
_INSTRUCTION = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass|do not follow|don't follow)\s+(?:about\s+)?"
    rf"(?:{_ALL}{{0,4}}{_EARLIER}\s+(?:\w+\s+){{0,2}}?{_WHAT}\b|{_ALL}{{1,3}}{_TOLD}\b"
    rf"|(?:everything\s+|{_ALL}+)(?:above|before)\b(?! (?:the|all|ground|sea|average)))"
    r"|\byou are now (?:an?|the|my) (?!step|few|bit|little|click|click away|proud|happy)"
    rf"|\bact as if (?:you|there (?:are|were) no)\b"
    rf"|\bpretend (?:to be|that|you)\b[^.!?\n]{{0,24}}?\b{_MACHINE}\b"
    rf"|\bact as (?:an? |the )?(?:\w+ )?(?:{_MACHINE}|expert|\w*writer)\b"
    rf"|\bsystem prompts?\b|\b(?:hidden|secret|developer) {_TOLD}\b|\bsystem instructions?\s*:"
    rf"|\b(?:new|updated|real) {_TOLD}\s*:"
    r"|\b(?:reveal|print|repeat|output|show)(?: me| us)?(?: (?:all|of|the|any)){0,3}"
    r" (?:your|hidden|secret|above|previous|initial)(?: \w+)?"
    r" (?:prompts?|instructions|passwords?)\b"
    r"|\b(?:reveal|print|output|show)\b[^.!?\n]{0,24}?\bapi keys?\b"
    r"|\bas an? (?:ai|artificial intelligence)(?:,| (?:language )?(?:model|assistant)\b)"
    r"|\bas an? (?:large )?language model\b|\bdo anything now\b|\bjailbreak (?:mode|prompt)\b"
    r"|\b(?:enter|you are(?: now)? in) developer mode\b"
    r"|\b(?:answer|respond|reply) (?:only|exactly|instead|nothing but)\b(?: with| in| as| that|\W)"
    r"|\b(?:write|output) (?:only|exactly|instead|nothing but)\s*(?::|[\"“']|(?:the|this|that)\b)"
    r"|\b(?:dear|attention|note to) (?:ai|model|assistant|llm|chatbot)\b"
    r"|<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>"
    r"|^\s*#{2,}\s*(?:system|instruction|user|assistant)s?\s*(?::|$)"
    r"|^\s*(?:system|assistant|user)\s*:\s*(?:you|ignore|disregard|forget|obey|act|pretend|write"
    r"|answer|respond|reply|output|from now|do not|always|never)\b"
    rf"|(?:忽略|无视|忘记|忘掉|不要理会|不必理会)(?:掉|了)?{_EARLIER_ZH}{{1,3}}的?[^。！？\n]{{0,4}}?"
    r"(?:指令|指示|提示词?|规则|要求|说明|设定|内容)"
    rf"|(?:跳过|覆盖){_EARLIER_ZH}{{1,3}}的?(?:指令|指示|提示词|设定)|翻译(?:以上|上面|上述)"
    rf"|你(?:现在)?是一(?:个|名|位)[^。！？\n]{{0,12}}?{_MACHINE_ZH}"
    rf"|你现在是[^。！？\n]{{0,8}}?(?:{_MACHINE_ZH}|不受|没有限制)"
    rf"|(?:请|你要|你来|假装(?:你|自己))(?:扮演|是)[^。！？\n]{{0,12}}?{_MACHINE_ZH}"
    r"|系统提示词|系统(?:提示|指令|消息)[:：]"
    r"|(?:输出|告诉我|泄露|重复)[^。！？\n]{0,10}?(?:提示词|系统指令|密钥|(?:你的|系统|管理员)密码)"
    r"|作为(?:一[个名])?(?:大?语言模型|(?:ai|人工智能)(?:助手|模型|语言模型|[，,]))"
    r"|(?:请|必须|只)(?:写|回答|输出|回复)[:：“\"]|(?:进入|你处于)开发者模式|越狱模式",
    re.IGNORECASE | re.MULTILINE,
)
_OFFER = re.compile(
    r"\b(?:100|9\d) ?% (?:off|discount)\b(?!-)|\b(?:is|are|now) free for (?:all|everyone)\b"
    r"|免费送所有人|一折清仓"
)
_HIDDEN = re.compile(r"<!--|<(?:script|style|iframe|img|svg|a|div|span)\b|javascript:|\bdata:text/")
_INVISIBLE = re.compile(
    r"[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
    r"|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])(?:\u200d|[\U000e0000-\U000e007f]+)"
)
"""Not what joins the parts of an emoji."""
_REMEMBERED = 200
"""Characters of a text that is worth remembering: a fact's value, not a draft."""
_IN_TEXT = gettext_noop("An instruction to a model: %(said)s")
_IN_FACT = gettext_noop("An instruction to a model in the product data, “%(key)s”: %(said)s")
_HINT = gettext_noop("Take it out of the text and of the product's data.")


def find_instructions(text: str) -> tuple[tuple[int, int], ...]:
    """Where a text speaks to a model instead of about a product, or hides something.

    Short ones are remembered: the facts of a shop repeat from product to product.
    """
    return _remembered(text) if len(text) <= _REMEMBERED else _found(text)


def _found(text: str) -> tuple[tuple[int, int], ...]:
    folded = fold(text)
    found = [
        match.span()
        for pattern in (_INSTRUCTION, _OFFER, _HIDDEN)
        for match in pattern.finditer(folded)
    ]
    return (*found, *(match.span() for match in _INVISIBLE.finditer(text)))


_remembered = lru_cache(maxsize=16_384)(_found)


def poisoned(facts: Iterable[Fact], title: str = "") -> list[tuple[str, str]]:
    """The keys of facts (and of the title) that hold instructions, each with the words.

    Keys and units count as well as values: a prompt and a page show all of them.
    """
    stated = [
        (fact.key, said)
        for fact in facts
        for said in (*{fact.key, fact.key.replace("_", " ")}, fact.value, fact.unit)
    ]
    return [
        (key, said[start:end])
        for key, said in [*stated, (TITLE_KEY, title)]
        for start, end in find_instructions(said)
    ]


def instructions(context: Context) -> Iterator[Finding]:
    """Instructions in the text, and in the product's data whatever the text made of them."""
    for start, end in find_instructions(context.text):
        said = {"said": repr(context.text[start:end])[1:-1]}
        yield Finding("injection", BLOCK, start, end, _IN_TEXT, _HINT, said)
    for key, words in poisoned(context.facts, context.title):
        params = {"key": key, "said": repr(words)[1:-1]}
        yield Finding("injection_in_facts", BLOCK, 0, len(context.text), _IN_FACT, _HINT, params)
