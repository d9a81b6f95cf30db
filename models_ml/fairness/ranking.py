"""How well a shown list foresaw what its shopper then bought."""

from collections.abc import Collection, Sequence
from math import log2


def list_ndcg(shown: Sequence[object], bought: Collection[object]) -> float:
    """Return NDCG of one list against a set of purchases, all as relevant as each other.

    The ideal list has as many purchases at its head as fit; 0 where none was shown.
    """
    wanted = set(bought)
    gain = sum(1 / log2(2 + place) for place, item in enumerate(shown) if item in wanted)
    ideal = sum(1 / log2(2 + place) for place in range(min(len(wanted), len(shown))))
    return gain / ideal if ideal else 0.0
