"""Exposure against relevance: whether a group of products is shown as much as it is wanted.

Singh and Joachims (Fairness of Exposure in Rankings, KDD 2018) ask that a group's exposure be
proportional to its relevance; Biega, Gummadi and Weikum (Equity of Attention, SIGIR 2018) ask it
over many rankings together, as here: over all lists of a period.
"""

from typing import NamedTuple

import numpy as np

from models_ml.fairness.clusters import CONFIDENCE, ClusterTable, Estimate

# What a table of exposure adds up for each shopper and group, in this order.
EXPOSURE, ALL_EXPOSURE, BOUGHT, ALL_BOUGHT, CLICKED, ALL_CLICKED = range(6)
QUANTITIES = 6
# With fewer purchases (or clicks) in a group its relevance is a guess, and no ratio is given.
FEWEST_RELEVANT = 10


def position_discount(positions: np.ndarray) -> np.ndarray:
    """Return the exposure of each position, 1 / log2(1 + position); positions count from 1.

    The discount of DCG (Jarvelin and Kekalainen 2002), which Singh and Joachims use as well.
    """
    return np.asarray(1.0 / np.log2(1.0 + positions))


class GroupExposure(NamedTuple):
    """One group: shares of catalogue-wide exposure and relevance, and their ratios.

    A ratio of 1 is exposure in proportion to relevance; above 1 the group is shown more than it
    is wanted. `by_purchases` is exposure over purchases, `by_clicks` over clicks; None where
    fewer than `FEWEST_RELEVANT` tell.
    """

    exposure: float
    bought: float
    clicked: float
    purchases: int
    clicks: int
    by_purchases: Estimate | None
    by_clicks: Estimate | None


def group_exposures(table: ClusterTable) -> list[GroupExposure]:
    """Return each group's exposure against its relevance.

    The intervals hold for all groups of the table together (Bonferroni), so that a long table
    does not flag a group by chance alone.
    """
    told = max(1, int((table.sums[:, BOUGHT] >= FEWEST_RELEVANT).sum()))
    confidence = 1 - (1 - CONFIDENCE) / told
    return [_group(table, group, confidence) for group in range(len(table.sums))]


def _group(table: ClusterTable, group: int, confidence: float) -> GroupExposure:
    sums = table.sums[group]
    seen = (EXPOSURE, ALL_EXPOSURE)
    return GroupExposure(
        exposure=_share(sums[EXPOSURE], sums[ALL_EXPOSURE]),
        bought=_share(sums[BOUGHT], sums[ALL_BOUGHT]),
        clicked=_share(sums[CLICKED], sums[ALL_CLICKED]),
        purchases=int(sums[BOUGHT]),
        clicks=int(sums[CLICKED]),
        by_purchases=table.ratio_of_shares(group, seen, (BOUGHT, ALL_BOUGHT), confidence=confidence)
        if sums[BOUGHT] >= FEWEST_RELEVANT
        else None,
        by_clicks=table.ratio_of_shares(group, seen, (CLICKED, ALL_CLICKED), confidence=confidence)
        if sums[CLICKED] >= FEWEST_RELEVANT
        else None,
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0
