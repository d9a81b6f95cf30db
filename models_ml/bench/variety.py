"""How varied a set of texts is: distinct-2, self-BLEU, and the one-template realiser to beat."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

from sacrebleu.metrics import BLEU

from models_ml.bench.writer_cases import Case
from models_ml.bench.writer_slots import slots
from models_ml.writer.facts import is_brand, label

SAMPLE = 100
"""Texts whose BLEU against each other is taken; 100 x 99 comparisons take some seconds."""


def tokens(text: str, language: str) -> list[str]:
    """Words of English, characters of Chinese."""
    return list(text.replace(" ", "")) if language == "zh-hans" else text.lower().split()


def distinct_2(texts: Sequence[str], language: str) -> float:
    """Different pairs of neighbours over all pairs (Li et al., 2016)."""
    pairs = [
        pair
        for text in texts
        for words in [tokens(text, language)]
        for pair in itertools.pairwise(words)
    ]
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def self_bleu(texts: Sequence[str], language: str, seed: int) -> float:
    """Mean BLEU-4 of each sampled text against all others, 0 to 100; lower is more varied.

    Zhu et al. (2018), "Texygen". 0 for fewer than two texts.
    """
    chosen = random.Random(seed).sample(list(texts), min(SAMPLE, len(texts)))
    if len(chosen) < 2:
        return 0.0
    metric = BLEU(tokenize="zh" if language == "zh-hans" else "13a", effective_order=True)
    scores = [
        metric.sentence_score(text, chosen[:index] + chosen[index + 1 :]).score
        for index, text in enumerate(chosen)
    ]
    return sum(scores) / len(scores)


def one_template(case: Case) -> str:
    """The same facts in one fixed sentence plan, as a mail-merge would write them."""
    told = list(slots(case))
    brand = next((fact.value for fact in told if is_brand(fact)), "")
    rest = [fact for fact in told if not is_brand(fact)]
    if case.language == "zh-hans":
        pairs = "，".join(f"{label(fact.key, 'zh-hans')}为{fact.value}" for fact in rest)
        return f"这款{brand}{case.title}，{pairs}。"
    pairs = ", and ".join(f"its {label(fact.key, 'en')} is {fact.text}" for fact in rest)
    by = f"It is made by {brand}. " if brand else ""
    return f"This is the {case.title}. {by}{pairs[:1].upper()}{pairs[1:]}."
