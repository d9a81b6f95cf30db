"""Fits the renewal model by expectation and maximisation, shrinking as far as the data say."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from models_ml.recommender.past import Past
from models_ml.recommender.renewal import RETURN_SPELLS, Renewal, Spells, expect, find_spells

# The return share still moved by .001 in the last of these on Online Retail and the generated shop.
ROUNDS = 8
# What a shop starts from where nobody ever bought anything twice: a month, give or take, and few.
_NO_RETURNS = {"spread": 1.0, "customer_variance": 0.1, "return_share": 0.05}
_MONTH = float(np.log(30.0))
_LEAST_VARIANCE = 1e-3


def fit_renewal(past: Past) -> Renewal:
    """Fit the purchases of a past. Items lean on their category, where the past tells one, and on
    the shop.
    """
    rows, known = past.bought, past.histories
    spells = find_spells(known.items[rows], known.owners[rows], known.times[rows], past.cut)
    if not len(spells.log_gaps):
        return Renewal(
            means=np.full(past.items, _MONTH),
            returns=np.full(past.items, _NO_RETURNS["return_share"]),
            **_NO_RETURNS,
        )
    groups = np.full(past.items, -1) if past.categories is None else past.categories
    return _Fit(spells, past.items, len(known), groups + 1).run()


@dataclass
class _Effects:
    """Shrunk shifts from what is above: their variance adapts to what is seen (empirical Bayes)."""

    shifts: np.ndarray
    variance: float

    def update(self, sums: np.ndarray, weights: np.ndarray, spread: float) -> None:
        noise = spread**2
        self.shifts = sums / (weights + noise / self.variance)
        left = noise / (weights + noise / self.variance)
        seen = weights > 0
        moments = (self.shifts[seen] ** 2 + left[seen]).mean()
        self.variance = max(_LEAST_VARIANCE, float(moments))


class _Fit:
    """The state between rounds. Group 0 holds the items without one and never shifts."""

    def __init__(self, spells: Spells, items: int, owners: int, groups: np.ndarray) -> None:
        self.spells, self.sizes, self.groups = spells, (items, owners), groups
        self.mean = float(spells.log_gaps.mean())
        self.spread = float(max(spells.log_gaps.std(), 0.1))
        started = 0.1 * self.spread**2
        self.of_groups = _Effects(np.zeros(int(groups.max()) + 1), started)
        self.of_items = _Effects(np.zeros(items), started)
        self.of_owners = _Effects(np.zeros(owners), started)
        self.share = len(spells.log_gaps) / (len(spells.log_gaps) + len(spells.open_items))
        self.returns = np.full(items, self.share)
        self.lean = np.zeros(owners)

    def run(self) -> Renewal:
        for _ in range(ROUNDS):
            self._round()
        return Renewal(
            means=self._item_means,
            returns=self.returns,
            spread=self.spread,
            customer_variance=self.of_owners.variance,
            return_share=self.share,
        )

    @property
    def _item_means(self) -> np.ndarray:
        return self.mean + self.of_groups.shifts[self.groups] + self.of_items.shifts

    def _round(self) -> None:
        spells = self.spells
        pairs = (spells.open_items, spells.open_owners)
        returns = expit(logit(self.returns[pairs[0]]) + self.lean[pairs[1]])
        means = self._item_means[pairs[0]] + self.of_owners.shifts[pairs[1]]
        found = expect(means, self.spread, returns, spells.log_waits)
        # Ended spells count whole, open ones as far as they will end.
        items = np.concatenate([spells.items, pairs[0]])
        owners = np.concatenate([spells.owners, pairs[1]])
        lengths = np.concatenate([spells.log_gaps, found.lengths])
        weights = np.concatenate([np.ones(len(spells.log_gaps)), found.alive])
        variances = np.concatenate([np.zeros(len(spells.log_gaps)), found.variances])
        self._move_means(items, owners, lengths, weights)
        errors = lengths - self._item_means[items] - self.of_owners.shifts[owners]
        spread = np.average(errors**2 + variances, weights=weights)
        self.spread = float(np.sqrt(max(spread, _LEAST_VARIANCE)))
        self._move_returns(1.0 - found.alive)

    def _move_means(
        self, items: np.ndarray, owners: np.ndarray, lengths: np.ndarray, weights: np.ndarray
    ) -> None:
        count, people = self.sizes
        of_owner = self.of_owners.shifts[owners]
        above = self.of_groups.shifts[self.groups[items]] + self.of_items.shifts[items]
        self.mean = float(np.average(lengths - above - of_owner, weights=weights))
        left = weights * (lengths - self.mean - of_owner)
        if len(self.of_groups.shifts) > 1:
            places = self.groups[items]
            own = left - weights * self.of_items.shifts[items]
            groups = len(self.of_groups.shifts)
            sizes = np.bincount(places, weights, groups)
            self.of_groups.update(np.bincount(places, own, groups), sizes, self.spread)
            self.of_groups.shifts[0] = 0.0
        self.of_items.update(
            np.bincount(items, left - weights * self.of_groups.shifts[self.groups[items]], count),
            np.bincount(items, weights, count),
            self.spread,
        )
        late = weights * (lengths - self._item_means[items])
        self.of_owners.update(
            np.bincount(owners, late, people), np.bincount(owners, weights, people), self.spread
        )

    def _move_returns(self, gone: np.ndarray) -> None:
        spells, (count, people) = self.spells, self.sizes
        ended = np.bincount(spells.items, minlength=count)
        lost = np.bincount(spells.open_items, gone, count)
        self.share = float(ended.sum() / (ended.sum() + lost.sum()))
        groups = len(self.of_groups.shifts)
        of_groups = _shrunk(
            np.bincount(self.groups, ended, groups),
            np.bincount(self.groups, lost, groups),
            np.full(groups, self.share),
        )
        of_groups[0] = self.share
        self.returns = _shrunk(ended, lost, of_groups[self.groups])
        ended = np.bincount(spells.owners, minlength=people)
        lost = np.bincount(spells.open_owners, gone, people)
        self.lean = logit(_shrunk(ended, lost, np.full(people, self.share))) - logit(self.share)


def _shrunk(ended: np.ndarray, lost: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Shares of spells that end, drawn towards what is above."""
    return (ended + RETURN_SPELLS * towards) / (ended + lost + RETURN_SPELLS)
