"""Whether words deny what they stand before, or only stand near it ("no fuss", 非常)."""

from __future__ import annotations

import re

_NO_VALUE = re.compile(
    r"\W*(?:(?:no(?!\.? ?\d)|not|none|never|nil|false|without|unknown|pending|tbd|n|n/?a|0)"
    r"(?![\w%]|-\w|\.\d)|isn['’]?t\b|不(?![锈粘仅但止])|否|无(?![线绳痕缝袖])|没|非(?![常凡洲])|未(?!来)"
    r"|尚未|暂无|待(?!机)|\Z)|[-–—?？×✗✘✕xX]\Z",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:not|no|non|never|neither|nor|without|cannot|\w+n['’]t)\b[\s-]*(?:[\w'’-]+\s+){0,3}"
    r"|(?:不|非(?!常|凡|同|但)|无(?!比|论|疑)|未|没)[^，。；,;.!！\s]{0,4})\Z",
    re.IGNORECASE,
)
_SAID_NO = re.compile(r"\s*[:：=]\s*(?:no|none|false|否|无|不是|没有)\b", re.IGNORECASE)
_PARTED = re.compile(
    r".*(?:[,;:，；：]|\b(?:but|yet|though|although|however)\b|但|可是|不过|却)", re.DOTALL
)
_NO_DENIAL = re.compile(
    r"\b(?:not (?:only|just)|no (?:doubt|problems?|complaints?|regrets?|question)"
    r"|non-?(?:stop|slip|stick)"
    r"|(?:could|can)(?:n['’]t|not| not) (?:be|have been|get) (?:any )?more)\b"
    r"|不[仅但只光止管论愧错锈粘由]|差不多|不得不|没(?:想到|得说|话说)|无[论比疑线绳痕缝袖数]"
)
_TURNING = re.compile(
    r"\b(?:not|no|never|without|cannot|hardly|(?:is|was|do|does|did|are|were|wo|would|ca|could|has|have|had|should)n['’]?t)\b"
    r"|不|没|无"
)


def is_turned(before: str) -> bool:
    """Whether what stands before praise or blame, folded, turns it: "not", "isn't", 不, 没有.

    A clause that ended before, or words that only look so ("not only", 不仅, 不锈钢), do not.
    """
    clause = _PARTED.sub("", before)
    return bool(_TURNING.search(_NO_DENIAL.sub(" ", clause)))


def is_refusal(value: str) -> bool:
    """Whether a fact's value denies its key or leaves it open: "no", "none", "not yet", 无, 否."""
    return bool(_NO_VALUE.match(value))


def denies(text: str, start: int, end: int) -> bool:
    """Whether `text` denies `text[start:end]` in it: "not waterproof", 不防水, "waterproof: no"."""
    before = _NO_DENIAL.sub(" ", text[max(start - 40, 0) : start])
    return bool(_DENIED.search(before) or _SAID_NO.match(text, end))
