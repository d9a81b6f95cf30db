"""What a version would draw at the places of logged lists, had it served then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from guidance.behaviour.models import Source
from guidance.recommendations.models import Surface
from guidance.recommendations.offpolicy.log import LoggedList
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.rankers import LoadedVersion
from guidance.recommendations.rulebook import RuleBook
from guidance.recommendations.selectors import Shopper, history_before
from guidance.recommendations.services.answer import bought_of, first_that_answers, history_of
from guidance.recommendations.services.asked import Asked
from guidance.recommendations.services.candidates import Rankings
from guidance.recommendations.services.pools import SurfacePool, gather
from guidance.recommendations.slate import chances_below
from guidance.recommendations.slots import Chooser, features_of
from guidance.recommendations.state import state

# Nobody waits for these rankings; a shopper's deadline would make them differ by the load.
PATIENT_MS = 60_000


class PlaceChance(NamedTuple):
    """One logged place, numbered from 1 among the products: its probability in the log, the
    version's of the same product, that of products which the log never showed, and what is known of
    the product shown and, on average, of those that the version would show.

    `lacking` are the primary keys and probabilities of what the version would show although it
    could not have been drawn there, two (products,).
    """

    logged: float
    chance: float
    unseen: float
    shown: np.ndarray
    expected: np.ndarray
    reward: float
    place: int
    lacking: tuple[np.ndarray, np.ndarray]

    @property
    def unsupported(self) -> float:
        """Return the version's probability of what could not have been drawn there."""
        return float(self.lacking[1].sum())


@dataclass(frozen=True)
class Candidate:
    """A version on one surface, with the catalogue and the rules it would choose by.

    `ever_shown` (products,) are those that the surface's log holds.
    """

    surface: Surface
    version: LoadedVersion
    rules: RuleBook
    ever_shown: np.ndarray

    def places(self, logged: LoggedList) -> list[PlaceChance] | None:
        """Return the places that were drawn by chance; None where nothing is known of the shopper.

        Below a product that the version has no place for, what would have stood is not to be told:
        there the list ends.
        """
        asked = Asked(
            surfaces=[self.surface],
            at=logged.at,
            customer=logged.ref,
            limit=logged.limit,
            context_product=logged.context_product,
            source=Source.LIVE,
        )
        popular = state.popularity(at=logged.at, with_replay=False).over(self.rules.index)
        found = self._pool(asked, logged, popular)
        return None if found is None else list(self._drawn(logged, *found, popular))

    def _pool(
        self, asked: Asked, logged: LoggedList, popular: PopularOrder
    ) -> tuple[SurfacePool, Chooser | None] | None:
        """Return what the version would choose from, and what the bandit makes of the shopper."""
        index = self.rules.index
        history = history_before(
            customer_id=logged.customer_id, index=index, at=logged.at, decision=logged.decision
        )
        shopper = Shopper(unit=logged.ref, customer_id=logged.customer_id, history=history)
        told = history_of(asked, shopper)
        if not told:
            return None
        rankings = Rankings(self.version, index, popular, told, logged.at)
        _policy, ranking, _missing = first_that_answers(
            self.surface.policy, rankings, deadline_ms=PATIENT_MS
        )
        shown_to = features_of(len(told), on_product_page=bool(asked.context_product))
        pool = gather(
            self.surface,
            ranking,
            popular=popular,
            rules=self.rules,
            at=logged.at,
            without=bought_of(asked, shopper, index),
            wanted=logged.limit,
        )
        return pool, state.chooser_of(self.surface, "", shown_to)

    def _drawn(
        self,
        logged: LoggedList,
        pool: SurfacePool,
        chooser: Chooser | None,
        popular: PopularOrder,
    ) -> Iterator[PlaceChance]:
        index = self.rules.index
        row_of = {place: row for row, place in enumerate(pool.places.tolist())}
        rows = [row_of.get(index.places.get(sku, -1), -1) for sku in logged.skus]
        known = rows.index(-1) if -1 in rows else len(rows) - 1
        used = {*logged.used, *_family(logged.context_product, index.families)}
        told = chances_below(
            pool.pool,
            pool.rules,
            above=rows[:known],
            limit=max(logged.limit - logged.beside, len(rows)),
            used=[index.family_numbers.get(family, -1) for family in used],
            exploration=self.surface.exploration,
            explorer=chooser.explorer(pool.sources) if chooser else None,
        )
        sales = np.log1p(popular.scores)
        for place, (drawn, chances) in enumerate(told):
            reward = logged.rewards[place]
            if logged.propensities[place] >= 1 or reward is None:
                continue
            pks = index.columns.pks[pool.places[drawn]]
            beyond = ~np.isin(pks, logged.drawable[place])
            sku, row = logged.skus[place], rows[place]
            relevant = pool.pool.relevance[row] if row >= 0 else 0.0
            sold = sales[index.places[sku]] if sku in index.places else 0.0
            features = _features(place, pool.pool.relevance[drawn], sales[pool.places[drawn]])
            yield PlaceChance(
                logged=logged.propensities[place],
                chance=float(chances[drawn == row].sum()) if row >= 0 else 0.0,
                unseen=float(chances[~self.ever_shown[pool.places[drawn]]].sum()),
                shown=_features(place, np.array([relevant]), np.array([sold]))[0],
                expected=chances @ features,
                reward=reward,
                place=place + 1,
                lacking=(pks[beyond], chances[beyond]),
            )


def with_what_was_shown(rules: RuleBook, shown: set[str]) -> tuple[RuleBook, np.ndarray]:
    """Return the rules over a catalogue in which everything the log shows was to be had, and which
    products those are, (products,): what has sold out since had not then.
    """
    index = rules.index
    ever = index.mask(shown)
    columns = replace(index.columns, shown=index.columns.shown | ever)
    return replace(rules, index=replace(index, columns=columns)), ever


def _features(place: int, relevance: np.ndarray, sales: np.ndarray) -> np.ndarray:
    """Return what the model of clicks knows of products at a place from 0, (products, 4)."""
    near = np.full(len(relevance), 1.0 / (1 + place))
    return np.stack([near, relevance, sales, near * relevance], axis=1)


def _family(sku: str, families: Mapping[str, str]) -> set[str]:
    return {families.get(sku, sku)} if sku else set()
