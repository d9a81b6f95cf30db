"""Sums over shoppers by group, of groups that a shopper may be in more than one of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations

import numpy as np

from models_ml.fairness.clusters import ClusterTable

Part = tuple[frozenset[str], frozenset[str]]


class Segmented:
    """Sums by group, from which any groups can be put together with each shopper counted once.

    Kept is a table for each combination of groups that some shopper is in, and for each part of
    it: new and known shoppers need five, and groups that exclude each other one each.
    """

    def __init__(self, quantities: int) -> None:
        self._quantities = quantities
        self._tables: dict[Part, ClusterTable] = {}

    def add(self, shoppers: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Count in the sums, shape (quantities,), of some shoppers in each of their groups."""
        rows: dict[Part, list[np.ndarray]] = defaultdict(list)
        for cells in shoppers:
            whole = frozenset(cells)
            for part in _parts(whole):
                rows[whole, part].append(_added([cells[label] for label in part]))
        for key, values in rows.items():
            table = self._tables.setdefault(key, ClusterTable(1, self._quantities))
            table.add(np.array(values)[:, None, :])

    def labels(self) -> set[str]:
        return {label for whole, _part in self._tables for label in whole}

    def table(self, labels: AbstractSet[str]) -> ClusterTable:
        """Return the sums of these groups together."""
        found = ClusterTable(1, self._quantities)
        for (whole, part), table in self._tables.items():
            if part == whole & labels:
                found.merge(table)
        return found


def _added(values: Sequence[np.ndarray]) -> np.ndarray:
    """Return their sum; most shoppers are in one group alone."""
    return values[0] if len(values) == 1 else np.sum(values, axis=0)


def _parts(whole: frozenset[str]) -> list[frozenset[str]]:
    return [
        frozenset(part) for size in range(1, len(whole) + 1) for part in combinations(whole, size)
    ]
