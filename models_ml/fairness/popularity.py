"""Popularity bias: whether lists are more popular than the tastes of those who get them.

Abdollahpouri, Mansoury, Burke and Mobasher (The Unfairness of Popularity Bias in Recommendation,
RMSE at RecSys 2019): the average popularity of what a group of shoppers has in its profiles
(GAP_p) against that of what they were shown (GAP_r); the lift is (GAP_r - GAP_p) / GAP_p.
"""

from typing import NamedTuple

import numpy as np

from models_ml.fairness.clusters import ClusterTable, Estimate

# The most popular fifth of products is the head, and shoppers are told apart in fifths, as in the
# paper.
HEAD = 0.2
# The fifth of shoppers with the least taste for the head, the fifth with the most, the rest.
NICHE, DIVERSE, BLOCKBUSTER = range(3)


class PopularityLift(NamedTuple):
    """One group of shoppers: how popular their own products are, and those shown to them.

    Popularities are the share of shoppers who had to do with a product, averaged over a shopper's
    products and then over shoppers. `lift` is relative: .5 is half as popular again.
    """

    shoppers: int
    own: float
    shown: float
    lift: Estimate | None


def head_of(popularity: np.ndarray) -> np.ndarray:
    """Return which products, shape (products,), are among the fifth that is most popular."""
    known = np.sort(popularity[popularity > 0])[::-1]
    if not len(known):
        return np.zeros(len(popularity), dtype=bool)
    cut = known[max(round(HEAD * len(known)), 1) - 1]
    return np.asarray(popularity >= cut)


def taste_groups(head_shares: np.ndarray) -> np.ndarray:
    """Return each shopper's group by the share of the head in their profile, shape (shoppers,)."""
    if not len(head_shares):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(np.argsort(head_shares, kind="stable"), kind="stable")
    place = (order + 0.5) / len(head_shares)
    return np.where(place < HEAD, NICHE, np.where(place > 1 - HEAD, BLOCKBUSTER, DIVERSE))


def popularity_lift(own: np.ndarray, shown: np.ndarray) -> PopularityLift:
    """Return the lift over shoppers; both shapes (shoppers,), average popularities."""
    if not len(own):
        return PopularityLift(0, 0.0, 0.0, None)
    table = ClusterTable(1, 2)
    table.add(np.stack([shown, own], axis=1)[:, None, :])
    ratio = table.ratio(0, 0, 1)
    lift = Estimate(*(end - 1 for end in ratio)) if ratio else None
    return PopularityLift(len(own), float(own.mean()), float(shown.mean()), lift)
