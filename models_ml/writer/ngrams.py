"""A small language model that judges copy: interpolated modified Kneser-Ney over pieces of words.

Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

ORDER = 4
_WORD_PIECES = 2000
"""Pieces of the English vocabulary: a few hundred texts hold no more that come often."""
_START, _END = "<s>", "</s>"

Gram = tuple[str, ...]


class LanguageModel:
    """Perplexity per piece: a character of Chinese, a byte-pair piece of other languages."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        """Train on `texts`; raises ValueError without any."""
        if not texts:
            raise ValueError("no human copy to train the language model on")
        self._tokenizer = None if language == "zh-hans" else _byte_pairs(texts)
        padded = [self._padded(text) for text in texts]
        self._vocabulary = len({piece for pieces in padded for piece in pieces} - {_START}) + 1
        self._levels = _levels(padded)

    def pieces(self, text: str) -> list[str]:
        """`text` as the model reads it."""
        if self._tokenizer is None:
            return [char for char in text.lower() if not char.isspace()]
        return list(self._tokenizer.encode(text).tokens)

    def bits(self, text: str) -> tuple[float, int]:
        """Total surprise of `text` in bits, and over how many pieces, its end included."""
        padded = self._padded(text)
        total = 0.0
        for end in range(ORDER - 1, len(padded)):
            total -= math.log2(self._probability(tuple(padded[end - ORDER + 1 : end + 1])))
        return total, len(padded) - ORDER + 1

    def _padded(self, text: str) -> list[str]:
        return [_START] * (ORDER - 1) + self.pieces(text) + [_END]

    def _probability(self, gram: Gram) -> float:
        probability = 1 / self._vocabulary
        for order in range(1, ORDER + 1):
            probability = self._levels[order - 1].interpolate(gram[-order:], probability)
        return probability


class _Level:
    """Counts of one order: of tokens at the highest, of distinct contexts below it."""

    def __init__(self, counts: Counter[Gram]) -> None:
        self._counts = counts
        self._discounts = _discounts(counts)
        self._totals: dict[Gram, int] = defaultdict(int)
        self._kept: dict[Gram, float] = defaultdict(float)
        for gram, count in counts.items():
            self._totals[gram[:-1]] += count
            self._kept[gram[:-1]] += self._discounts[min(count, 3)]

    def interpolate(self, gram: Gram, below: float) -> float:
        total = self._totals.get(gram[:-1], 0)
        if not total:
            return below
        count = self._counts.get(gram, 0)
        seen = max(count - self._discounts[min(count, 3)], 0) / total
        return seen + self._kept[gram[:-1]] / total * below


def _discounts(counts: Counter[Gram]) -> tuple[float, float, float, float]:
    """What is taken from a gram seen never, once, twice and more often."""
    often = Counter(min(count, 4) for count in counts.values())
    if not all(often[times] for times in (1, 2, 3, 4)):
        return 0, 0.75, 0.75, 0.75
    rate = often[1] / (often[1] + 2 * often[2])
    once, twice, more = (
        times - (times + 1) * rate * often[times + 1] / often[times] for times in (1, 2, 3)
    )
    return 0, max(once, 0.1), max(twice, 0.1), max(more, 0.1)


def _levels(padded: Iterable[Sequence[str]]) -> list[_Level]:
    counts: Counter[Gram] = Counter()
    for pieces in padded:
        for end in range(ORDER - 1, len(pieces)):
            counts[tuple(pieces[end - ORDER + 1 : end + 1])] += 1
    levels = [_Level(counts)]
    grams: Iterable[Gram] = counts
    for _ in range(ORDER - 1):
        lower = Counter(gram[1:] for gram in grams)
        levels.append(_Level(lower))
        grams = lower
    return levels[::-1]


def _byte_pairs(texts: Sequence[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=_WORD_PIECES,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def perplexity(model: LanguageModel, texts: Iterable[str]) -> float:
    """Perplexity per piece over all `texts` together; 0 without any."""
    bits, pieces = 0.0, 0
    for text in texts:
        more, count = model.bits(text)
        bits, pieces = bits + more, pieces + count
    return 2 ** (bits / pieces) if pieces else 0.0
