"""The policies that need no network, in the form that both measurement and serving run. numpy only.

Every scorer gives one score per item, so that offline figures and served rankings come from the
same lines of code.
"""

from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from models_ml.data.columns import CART, CLICK, KINDS, PURCHASE, SEARCH, VIEW
from models_ml.data.history import History
from models_ml.recommender.features import decay
from models_ml.recommender.heirs import Additions, Heirs
from models_ml.recommender.left_out import Explained, latest_rows

# Lets popularity order what a policy has no evidence for, without outweighing evidence, whose
# scores are of the order of one.
TIE_BREAK = 1e-4

# Scores are float32 and of the order of one.
_ROUNDING = 1e-6

# A cart counts as three looks; returns, reviews and ratings repeat what the purchase already said.
_BROWSING = {VIEW: 1.0, CLICK: 1.0, SEARCH: 1.0, CART: 3.0}
# Above the tie break by popularity, far below the oldest purchase that still counts.
_LEAST_LOOKS = 1e-3 * np.array([_BROWSING.get(kind, 0.0) for kind in KINDS])


class Scorer(Protocol):
    """A policy over a numbered catalogue."""

    def score(self, history: History, now: float) -> np.ndarray:
        """Scores of shape (items,), float32, for a customer at `now` (days since 1970)."""
        ...

    def explained(self, history: History, now: float) -> Explained:
        """The same scores of at least one event, and what they owe to each of the latest."""
        ...

    @property
    def resolution(self) -> float:
        """The change of a score below which nothing moved that is worth a word."""
        ...

    def with_added(self, added: Additions) -> "Scorer":
        """The same policy over a catalogue with further products at its end."""
        ...


@dataclass(frozen=True, slots=True)
class Interest:
    """How a customer's own events are weighed: halved every `half_life` days; a purchase counts
    one, a look `browsing`.
    """

    half_life: float
    browsing: float = 0.0

    def weigh(self, history: History, now: float) -> tuple[np.ndarray, np.ndarray]:
        """The customer's own items, each once, and their summed weights, both of shape (own,)."""
        weights = self.weigh_events(history, now)
        items, places = np.unique(history.items, return_inverse=True)
        return items, np.bincount(places, weights, minlength=len(items)).astype(np.float32)

    def weigh_events(self, history: History, now: float) -> np.ndarray:
        """The weight of every event, shape (n,); a look never counts for nothing, since in a first
        visit looks are all there is to go by.
        """
        weights = _least_weights(self.browsing)[history.kinds]
        return weights * decay(now - history.times, self.half_life)

    def as_dict(self) -> dict[str, float]:
        return asdict(self)

    @property
    def of_kinds(self) -> np.ndarray:
        """The weight of one fresh event of every kind, shape (kinds,)."""
        looks = [
            1.0 if kind == PURCHASE else self.browsing * _BROWSING.get(kind, 0.0) for kind in KINDS
        ]
        return np.array(looks)


@cache
def _least_weights(browsing: float) -> np.ndarray:
    """`Interest.of_kinds`, where every kind of look counts for something; six times a request."""
    weights = np.maximum(Interest(np.inf, browsing).of_kinds, _LEAST_LOOKS)
    weights.flags.writeable = False
    return weights


@dataclass(frozen=True, slots=True)
class PopularityScorer:
    """The same list for everybody; `shares` of shape (items,) lie between 0 and 1."""

    shares: np.ndarray
    resolution: ClassVar[float] = _ROUNDING

    def score(self, history: History, now: float) -> np.ndarray:
        return self.shares

    def explained(self, history: History, now: float) -> Explained:
        """Nothing of the customer's own moves what everybody buys."""
        latest = len(latest_rows(history))
        return Explained(self.shares, lambda wanted: np.zeros((latest, len(wanted))))

    def with_added(self, added: Additions) -> "PopularityScorer":
        return PopularityScorer(added.heirs.append(self.shares))


@dataclass(frozen=True, slots=True)
class RepeatScorer:
    """Time-decayed frequency of the customer's own items; popularity below them."""

    interest: Interest
    shares: np.ndarray
    resolution: ClassVar[float] = _ROUNDING

    def score(self, history: History, now: float) -> np.ndarray:
        return TIE_BREAK * self.shares + self.evidence(history, now)

    def explained(self, history: History, now: float) -> Explained:
        return Explained(self.score(history, now), partial(self.evidence_drops, history, now))

    def evidence(self, history: History, now: float) -> np.ndarray:
        """The scores without the tie break, shape (items,)."""
        items, weights = self.interest.weigh(history, now)
        evidence = np.zeros(len(self.shares), np.float32)
        evidence[items] = weights
        return evidence

    def evidence_drops(self, history: History, now: float, wanted: np.ndarray) -> np.ndarray:
        """An event speaks for its own item alone; shape (latest, wanted)."""
        rows = latest_rows(history)
        weights = self.interest.weigh_events(history, now)[rows]
        return weights[:, None] * (history.items[rows][:, None] == wanted)

    def with_added(self, added: Additions) -> "RepeatScorer":
        return replace(self, shares=added.heirs.append(self.shares))


@dataclass(frozen=True, slots=True)
class NeighbourScorer:
    """Sums the neighbours of the customer's own items: co-occurrence and EASE in their serving
    form.

    `neighbours` (items, width) holds item numbers and `strengths` (items, width) how much an own
    item speaks for each of them, strongest first, zero where there are fewer. A product added
    since, one of `heirs`, gets what those it inherits from get, and speaks as they do.
    """

    interest: Interest
    neighbours: np.ndarray
    strengths: np.ndarray
    shares: np.ndarray
    heirs: Heirs | None = None
    resolution: ClassVar[float] = _ROUNDING

    def score(self, history: History, now: float) -> np.ndarray:
        return TIE_BREAK * self.shares + self.evidence(history, now)

    def explained(self, history: History, now: float) -> Explained:
        return Explained(self.score(history, now), partial(self.evidence_drops, history, now))

    def with_added(self, added: Additions) -> "NeighbourScorer":
        return replace(self, shares=added.heirs.append(self.shares), heirs=added.heirs)

    def with_interest(self, half_life: float, browsing: float) -> "NeighbourScorer":
        return replace(self, interest=Interest(half_life, browsing))

    def evidence(self, history: History, now: float) -> np.ndarray:
        """The scores without the tie break, shape (items,)."""
        return self._sum(*self.interest.weigh(history, now))

    def _sum(self, items: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """What own items of these weights, both (own,), say for every item, shape (items,)."""
        known = len(self.neighbours)
        if self.heirs is not None:
            items, weights = self.heirs.stand_in(items, weights, known)
        parts = self.strengths[items] * weights[:, None]
        sums = np.bincount(self.neighbours[items].ravel(), parts.ravel(), minlength=known)
        sums = sums.astype(np.float32)
        if self.heirs is None:
            return sums
        return np.concatenate([sums, self._of_added(self.heirs, items, weights, sums)])

    def _of_added(
        self, heirs: Heirs, items: np.ndarray, weights: np.ndarray, evidence: np.ndarray
    ) -> np.ndarray:
        """The evidence for the added products, shape (added,)."""
        return heirs.inherit(evidence)

    def evidence_drops(self, history: History, now: float, wanted: np.ndarray) -> np.ndarray:
        """Sums are linear: an event takes its weight times its item's strengths along with it.

        Shape (latest, wanted).
        """
        rows = latest_rows(history)
        own = history.items[rows]
        weights = self.interest.weigh_events(history, now)[rows]
        known = len(self.neighbours)
        if (own >= known).any() or (wanted >= known).any():
            alone = [self._sum(own[[row]], weights[[row]]) for row in range(len(rows))]
            return np.stack(alone)[:, wanted]
        count = len(wanted)
        places = np.full(known, count)
        places[wanted] = np.arange(count)
        found = places[self.neighbours[own]] + (np.arange(len(rows)) * (count + 1))[:, None]
        parts = self.strengths[own] * weights[:, None]
        sums = np.bincount(found.ravel(), parts.ravel(), len(rows) * (count + 1))
        return sums.reshape(len(rows), count + 1)[:, :count]

    def save(self, directory: Path, name: str) -> list[str]:
        """Write the arrays and return the names of the files."""
        files = {
            f"{name}_neighbours.npy": self.neighbours.astype(np.int32),
            f"{name}_strengths.npy": self.strengths.astype(np.float32),
        }
        for file, array in files.items():
            np.save(directory / file, array)
        return list(files)


@dataclass(frozen=True, slots=True)
class ContentScorer(NeighbourScorer):
    """Nearest neighbours by what products say about themselves; `strengths` are cosines raised to
    `sharpness`. An added product is a neighbour like any other.
    """

    sharpness: float = 1.0

    def _of_added(
        self, heirs: Heirs, items: np.ndarray, weights: np.ndarray, evidence: np.ndarray
    ) -> np.ndarray:
        own = np.zeros(len(self.neighbours), np.float32)
        own[items] = weights
        return (heirs.likeness**self.sharpness * own[heirs.neighbours]).sum(axis=1)
