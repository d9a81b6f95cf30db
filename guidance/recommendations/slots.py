"""Exploration slots that a bandit fills: among which kinds of products it chooses, and what of it
is logged.

The arms are sources, not products. A shop has thousands of products and a slot some fifty that may
stand there, others for every shopper: no product would be tried often enough to learn anything of
it before it is gone, and every request would weigh fifty posteriors. Five sources hold every
product, are tried thousands of times a day, and what is learned of "new ones" holds for what is
new next week. Inside the source that was drawn, the ranking's own values choose.

Each product is in one source: the first that it fits.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from guidance.experiments.models import Bandit
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.slate.drawing import EXPLORED
from guidance.recommendations.slate.types import NONE, Explorer, Place
from models_ml.policy.base import Policy
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

logger = logging.getLogger(__name__)
# What bandits of slots call their trials.
TRIALS = "slots"
NEW, SELDOM_SEEN, BESTSELLERS, CLOSE, FURTHER = range(5)
SOURCES: tuple[str, ...] = ("new", "seldom_seen", "bestsellers", "close", "further")
LABELS: dict[str, str | Promise] = {
    "new": _("new in the last 30 days"),
    "seldom_seen": _("viewed less than 20 times in 30 days"),
    "bestsellers": _("the 100 that sell best"),
    "close": _("the 50 that the ranking likes best"),
    "further": _("what the ranking puts further down"),
}
NEW_DAYS = 30
SELDOM = 20
BEST = 100
# What a bandit that looks at shoppers knows of one; few values, so that what it would do is
# reckoned once for all who are alike.
FEATURES = ("always", "known", "well_known", "on_product_page")
WELL_KNOWN = 10


def sources_of(
    places: np.ndarray, index: CatalogueIndex, popular: PopularOrder, at: datetime
) -> np.ndarray:
    """Return the source of each row of a pool, the best first; (rows,) numbers of SOURCES."""
    since = (at - timedelta(days=NEW_DAYS)).timestamp()
    best = popular.order[:BEST]
    sold = np.zeros(len(index), dtype=bool)
    sold[best[popular.scores[best] > 0]] = True
    conditions = [
        index.columns.created[places] > since,
        popular.views[places] < SELDOM,
        sold[places],
        np.arange(len(places)) < EXPLORED,
    ]
    return np.select(conditions, [NEW, SELDOM_SEEN, BESTSELLERS, CLOSE], FURTHER)


def features_of(known: int, *, on_product_page: bool) -> tuple[float, ...]:
    """Return FEATURES of who asks, of whom so many events are known."""
    return 1.0, float(known > 0), float(known >= WELL_KNOWN), float(on_product_page)


@dataclass
class LoadedBandit:
    """A running bandit as this process holds it; what it would do is kept once it was asked."""

    key: str
    state: dict[str, Any]
    policy: Policy
    _kept: dict[tuple[Any, ...], np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, state: dict[str, Any]) -> "LoadedBandit":
        """Raises PolicyProblem where the state cannot be read, or is of other sources or features
        than there are now."""
        policy = policy_from_state(state)
        if missing := set(SOURCES) - set(policy.arms):
            raise PolicyProblem(f"it knows nothing of {', '.join(sorted(missing))}")
        if policy.reads_context:
            policy.propensities((1.0,) * len(FEATURES), among=SOURCES[:1])
        return cls(key, state, policy)

    def chances(self, features: tuple[float, ...], present: tuple[int, ...]) -> np.ndarray:
        """Return how probable each of these sources is for such a shopper; (present,)."""
        context = features if self.policy.reads_context else None
        kept = self._kept.get((context, present))
        if kept is None:
            names = [SOURCES[one] for one in present]
            found = self.policy.propensities(context, among=names)
            kept = np.array([found[self.policy.arms.index(name)] for name in names])
            self._kept[context, present] = kept
        return kept


class Chooser(NamedTuple):
    """A bandit and what it knows of who asks."""

    bandit: LoadedBandit
    features: tuple[float, ...]

    def explorer(self, sources: np.ndarray | None) -> Explorer | None:
        """Return what fills the slots of a pool; None for one that was gathered without sources."""
        if sources is None:
            return None
        return Explorer(sources, lambda present: self.bandit.chances(self.features, present))

    def as_json(self) -> dict[str, Any]:
        """Return what the decision log keeps."""
        return {"bandit": self.bandit.key, "features": list(self.features)}


def slot_json(place: Place, pks: np.ndarray) -> dict[str, Any]:
    """Return what an item tells the log of its draw; `pks` (rows,) are those of the pool."""
    found: dict[str, Any] = {"drawable": pks[place.drawable]}
    return found if place.source == NONE else {**found, "slot": SOURCES[place.source]}


def drawable_json(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return which products could have been drawn at each product's place, the items above given:
    `products` are primary keys, and of each place one bit a product, in hexadecimal."""
    drawn = [item["drawable"] for item in items if "drawable" in item]
    if not drawn:
        return {"products": [], "places": []}
    products, which = np.unique(np.concatenate(drawn), return_inverse=True)
    bits = np.zeros((len(drawn), len(products)), dtype=bool)
    bits[np.repeat(np.arange(len(drawn)), [len(one) for one in drawn]), which] = True
    packed = np.packbits(bits, axis=1)
    return {"products": products.tolist(), "places": [row.tobytes().hex() for row in packed]}


def read_drawable(told: dict[str, Any]) -> list[np.ndarray]:
    """Return the primary keys that `drawable_json` told, place by place."""
    products = np.array(told["products"], np.int64)
    return [
        products[np.unpackbits(np.frombuffer(bytes.fromhex(row), np.uint8))[: len(products)] > 0]
        for row in told["places"]
    ]


@dataclass(frozen=True)
class Unreadable:
    """A bandit whose state cannot be read, told once: chance fills its slots."""

    state: dict[str, Any]


Bandits = Mapping[str, LoadedBandit | Unreadable]


def read_bandits(before: Bandits) -> Bandits:
    """Return the running bandits of slots, by key; those that learned nothing since `before` are
    the same. One statement."""
    running = Bandit.objects.filter(trials=TRIALS, status=Bandit.Status.RUNNING)
    found: dict[str, LoadedBandit | Unreadable] = {}
    for key, learned in running.values_list("key", "state"):
        kept = before.get(key)
        if kept is not None and kept.state == learned:
            found[key] = kept
            continue
        try:
            found[key] = LoadedBandit.of(key, learned)
        except PolicyProblem:
            logger.exception("What bandit %s has learned cannot be read", key)
            found[key] = Unreadable(learned)
    return found
