"""When a customer will buy an item again: what serving reads. numpy and scipy only.

A purchase starts a spell that ends with the customer's next purchase of the item, if there ever is
one: a share of buyers never returns, and the others do so after log-normal times. Return share
times log-normal intervals is the aggregate time distribution of Bhagat et al., "Buy It Again"
(KDD 2018); that spells still open count towards both is the split-population duration model of
Schmidt and Witte (Journal of Econometrics, 1989). Means and return shares are shrunk from item to
group (a category) to shop, and every customer has a pace of their own (crossed normal effects).
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from scipy.special import expit, log_ndtr, logit, ndtr

from models_ml.data.history import History
from models_ml.recommender.artefacts import read_array, read_json, read_manifest
from models_ml.recommender.features import gaps_between

NUMBERS_FILE = "renewal.json"
NUMBERS = ("spread", "customer_variance", "return_share")
# What is bought twice within half a day is one errand.
SHORTEST_DAYS = 0.5
# How many own intervals outweigh what item and customer tell, and how many own returns; the best of
# (2, 4, 8) and (1, 2, 4, 8) by log-loss 28, 42 and 70 days before Online Retail's end.
OWN_INTERVALS, OWN_RETURNS = 8.0, 1.0
# Shrinks return shares: as many spells of an item, group or customer weigh as much as what is above
# them.
RETURN_SPELLS = 10.0
# Steps until a customer's pace stands still to a hundredth.
STEPS = 8
# An item counts as consumable where a buyer is more likely than not to return. It is due from this
# share of the period on, while the customer is more likely than not to return at all: in a shop
# generated over 240 days 66 % of what is due was bought within a fortnight, 9 % of the rest.
CONSUMABLE, DUE_FROM, STILL_BUYING = 0.5, 0.7, 0.5


@dataclass(frozen=True, slots=True)
class Spells:
    """Spells of many customers. Those that ended: `owners`, `items` and `log_gaps`, each (ended,),
    in log days. Those still open, one per pair of customer and item: `open_owners`, `open_items`,
    `log_waits` and `returns`, how many spells of the pair have ended, each (pairs,), and
    `log_gap_sums`, the sum over those.
    """

    owners: np.ndarray
    items: np.ndarray
    log_gaps: np.ndarray
    open_owners: np.ndarray
    open_items: np.ndarray
    log_waits: np.ndarray
    returns: np.ndarray
    log_gap_sums: np.ndarray


def find_spells(items: np.ndarray, owners: np.ndarray, times: np.ndarray, now: float) -> Spells:
    """From purchases, item, owner and time (days) per row; `now` ends the open spells."""
    order, again, gaps = gaps_between(items, owners, times)
    items, owners, times = items[order], owners[order], times[order]
    starts = np.flatnonzero(~again)
    last = np.append(starts[1:], len(items))[: len(starts)] - 1
    log_gaps = np.log(np.maximum(gaps, SHORTEST_DAYS))
    pairs = np.cumsum(~again)[again] - 1
    return Spells(
        owners=owners[again],
        items=items[again],
        log_gaps=log_gaps,
        open_owners=owners[starts],
        open_items=items[starts],
        log_waits=np.log(np.maximum(now - times[last], SHORTEST_DAYS)),
        returns=last - starts,
        log_gap_sums=np.bincount(pairs, log_gaps, len(starts)),
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """Of each open spell: the probability that it will end, its expected log length if so, and the
    variance of that.
    """

    alive: np.ndarray
    lengths: np.ndarray
    variances: np.ndarray


def expect(
    means: np.ndarray, spread: float, returns: np.ndarray, log_waits: np.ndarray
) -> Expected:
    """The expectation step for open spells, all arrays (pairs,): a normal cut off below."""
    z = (log_waits - means) / spread
    survival = ndtr(-z)
    alive = returns * survival / (1.0 - returns + returns * survival)
    hazard = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(-z))
    variances = spread**2 * np.maximum(1.0 + z * hazard - hazard**2, 0.0)
    return Expected(alive, means + spread * hazard, variances)


@dataclass(frozen=True, slots=True)
class Due:
    """A customer's own items, (own,) each: the probability to buy it again within the days asked,
    days between purchases (of their own where they bought it at least three times, else what is
    expected), how often bought, and whether it is a consumable that is due now.
    """

    items: np.ndarray
    probabilities: np.ndarray
    periods: np.ndarray
    counts: np.ndarray
    is_due: np.ndarray

    def only_due(self) -> "Due":
        """Those alone that are due."""
        kept = self.is_due
        return Due(*(getattr(self, field.name)[kept] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Renewal:
    """A fitted shop: `means` (items,) of log days between two purchases, their `spread` within a
    customer's item, `returns` (items,), the shares that buy again, and how customers differ.
    """

    means: np.ndarray
    returns: np.ndarray
    spread: float
    customer_variance: float
    return_share: float

    def pace(self, spells: Spells, owners: int) -> tuple[np.ndarray, np.ndarray]:
        """Each customer's shift of log days and of the log odds to return, (owners,) both."""
        means = self.means[spells.open_items]
        odds = logit(self.returns[spells.open_items])
        ended = np.bincount(spells.owners, minlength=owners)
        late = np.bincount(spells.owners, spells.log_gaps - self.means[spells.items], owners)
        shift, lean = np.zeros(owners), np.zeros(owners)
        for _ in range(STEPS):
            found = expect(
                means + shift[spells.open_owners],
                self.spread,
                expit(odds + lean[spells.open_owners]),
                spells.log_waits,
            )
            alive = np.bincount(spells.open_owners, found.alive, owners)
            later = np.bincount(spells.open_owners, found.alive * (found.lengths - means), owners)
            weight = self.spread**2 / self.customer_variance
            shift = (late + later) / (ended + alive + weight)
            gone = np.bincount(spells.open_owners, 1.0 - found.alive, owners)
            shares = (ended + RETURN_SPELLS * self.return_share) / (ended + gone + RETURN_SPELLS)
            lean = logit(shares) - logit(self.return_share)
        return shift, lean

    def predict(
        self, spells: Spells, owners: int, days: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each open spell: the probability to end within `days`, the probability to end at all,
        and the mean of its log days, (pairs,) each.
        """
        shift, lean = self.pace(spells, owners)
        own = spells.returns
        means = self.means[spells.open_items] + shift[spells.open_owners]
        means = (OWN_INTERVALS * means + spells.log_gap_sums) / (OWN_INTERVALS + own)
        returns = expit(logit(self.returns[spells.open_items]) + lean[spells.open_owners])
        returns = (OWN_RETURNS * returns + own) / (OWN_RETURNS + own)
        later = np.log(np.exp(spells.log_waits) + days)
        now = ndtr((means - spells.log_waits) / self.spread)
        then = ndtr((means - later) / self.spread)
        open_still = 1.0 - returns + returns * now
        return returns * (now - then) / open_still, returns * now / open_still, means

    def is_consumable(self, item: int | None) -> bool:
        """Whether an item's buyers are more likely than not to return; no item added since."""
        return item is not None and item < len(self.returns) and self.returns[item] >= CONSUMABLE

    def due(self, history: History, now: float, days: float) -> Due:
        """What one customer has bought, judged at `now`; nothing for who bought nothing.

        Items that came after the training are left out.
        """
        bought = history.purchases
        known = bought.items < len(self.means)
        bought = History(bought.items[known], bought.times[known], bought.kinds[known])
        now = max(now, float(bought.times[-1])) if len(bought) else now
        nobody_else = np.zeros(len(bought), np.int64)
        spells = find_spells(bought.items, nobody_else, bought.times, now)
        within, alive, means = self.predict(spells, 1, days)
        own = np.exp(spells.log_gap_sums / np.maximum(spells.returns, 1))
        waits = np.exp(spells.log_waits)
        consumable = self.returns[spells.open_items] >= CONSUMABLE
        return Due(
            items=spells.open_items,
            probabilities=within,
            periods=np.where(spells.returns >= 2, own, np.exp(means)),
            counts=spells.returns + 1,
            is_due=consumable & (waits >= DUE_FROM * np.exp(means)) & (alive >= STILL_BUYING),
        )

    def save(self, directory: Path) -> list[str]:
        """Write the model and return the names of the files."""
        arrays = {"renewal_means.npy": self.means, "renewal_returns.npy": self.returns}
        for name, array in arrays.items():
            np.save(directory / name, array.astype(np.float32))
        numbers = {name: float(getattr(self, name)) for name in NUMBERS}
        (directory / NUMBERS_FILE).write_text(json.dumps(numbers, indent=2) + "\n")
        return [*arrays, NUMBERS_FILE]


def load_renewal(directory: Path) -> Renewal:
    """Open what `save` wrote; raises `ArtefactError`, also for a folder that never held it."""
    read_manifest(directory, only=["renewal_means.npy", "renewal_returns.npy", NUMBERS_FILE])
    return Renewal(
        means=read_array(directory / "renewal_means.npy"),
        returns=read_array(directory / "renewal_returns.npy"),
        **read_json(directory / NUMBERS_FILE),
    )
