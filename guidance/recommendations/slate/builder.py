"""Builds a slate place by place, so that every draw depends on the rows above it alone."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from guidance.recommendations.slate.diversity import Diversity
from guidance.recommendations.slate.drawing import chances_at, draw
from guidance.recommendations.slate.floors import Floor
from guidance.recommendations.slate.pins import settle_pins
from guidance.recommendations.slate.pool import Pool
from guidance.recommendations.slate.quotas import Quota
from guidance.recommendations.slate.types import (
    BOOST,
    DIVERSITY,
    FLOOR,
    PIN,
    QUOTA,
    Explorer,
    Place,
    Slate,
    SlateRule,
    Why,
)


def build_slate(
    pool: Pool,
    rules: Sequence[SlateRule] = (),
    *,
    limit: int,
    used: Collection[int] = (),
    exploration: float = 0.0,
    random: np.random.Generator | None = None,
    explorer: Explorer | None = None,
) -> Slate:
    """Return at most `limit` places, fewer where the pool runs out; no family twice.

    `used` holds families shown elsewhere. At every place the rows that may stand there are
    narrowed, in this order: a pin's rows alone; else no row that a later pin needs, none whose
    quota is full, and only a floor's group where its share is due. Among what is left `draw`
    chooses by value: relevance times boosts, less likeness to the rows above. A place's
    propensity is the probability of its row in that draw, so it is 1 for a pinned product and
    for everything where `exploration` is 0. Among the rows of a pinned group chance draws, whoever
    explores elsewhere.

    Pins go before quotas: a pinned row stands even where its quota is full, and takes its room.
    """
    return _Builder(pool, rules, limit, used).build(exploration, random, explorer)


def chances_below(
    pool: Pool,
    rules: Sequence[SlateRule] = (),
    *,
    above: Sequence[int],
    limit: int,
    used: Collection[int] = (),
    exploration: float = 0.0,
    explorer: Explorer | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for the first place and for that below each row of `above`, the rows that
    `build_slate` may draw there and their probabilities, given exactly the rows above it.

    It ends early where no row may stand at a place.
    """
    builder = _Builder(pool, rules, limit, used)
    for position in range(1, len(above) + 2):
        eligible, fired = builder.eligible(position)
        if not eligible.any():
            return
        values = builder.diversity.values(builder.values)
        yield chances_at(values, eligible, exploration, builder.free(explorer, fired))
        if position <= len(above):
            builder.take(above[position - 1])


class _Builder:
    def __init__(
        self, pool: Pool, rules: Sequence[SlateRule], limit: int, used: Collection[int]
    ) -> None:
        self.pool, self.limit = pool, limit
        self.alive = ~np.isin(pool.families, list(used))
        self.boosts = [rule for rule in rules if rule.kind == BOOST]
        self.values = pool.relevance.copy()
        for rule in self.boosts:
            self.values[rule.mask] *= rule.factor
        pins = [rule for rule in rules if rule.kind == PIN]
        self.pin_ids = {rule.id for rule in pins}
        self.pins = settle_pins(pins, pool, self.alive, limit)
        promised = list(self.pins.rows.values())
        self.quotas = [Quota(rule, promised) for rule in rules if rule.kind == QUOTA]
        self.floors = [Floor(rule, limit) for rule in rules if rule.kind == FLOOR]
        dials = [rule for rule in rules if rule.kind == DIVERSITY]
        self.dial = max(dials, key=lambda rule: rule.share, default=None)
        self.diversity = Diversity(pool, self.dial.share if self.dial else 0.0)
        self.rules = rules
        self.places: list[Place] = []
        self.short: set[int] = set()

    def build(
        self,
        exploration: float,
        random: np.random.Generator | None,
        explorer: Explorer | None,
    ) -> Slate:
        for position in range(1, self.limit + 1):
            eligible, fired = self.eligible(position)
            if not eligible.any():
                break
            values = self.diversity.values(self.values)
            slot = self.free(explorer, fired)
            row, chance, drawable, source = draw(values, eligible, exploration, random, slot)
            fired += self._shaped(row, values, eligible)
            count = int(eligible.sum())
            told = (row, chance, float(values[row]), tuple(fired), count)
            self.places.append(Place(*told, drawable, source))
            self.take(row)
        return Slate(self.places, self._idle())

    def free(self, explorer: Explorer | None, fired: Sequence[int]) -> Explorer | None:
        """Return who explores at a place: no bandit where a pin said what stands there, since what
        a person chose teaches nothing of its choices.
        """
        return None if self.pin_ids & set(fired) else explorer

    def eligible(self, position: int) -> tuple[np.ndarray, list[int]]:
        """Return the rows that may stand at the place and the rules that narrowed them."""
        pin = self.pins.by_position.get(position)
        if pin is not None and (pin.mask & self.alive).any():
            return pin.mask & self.alive, [pin.id]
        eligible = self.alive
        if self.pins.by_position:
            eligible = eligible & ~self.pins.kept_from(position, self.pool, self.alive)
        fired: list[int] = []
        for quota in self.quotas:
            eligible = self._within(quota, eligible, fired)
        for floor in self.floors:
            if floor.is_due(position):
                eligible = self._narrowed(floor, eligible, fired)
        if eligible.any():
            return eligible, fired
        last = self.pins.next_open(self.alive)
        return (last.mask & self.alive, [last.id]) if last else (eligible, fired)

    def _within(self, quota: Quota, eligible: np.ndarray, fired: list[int]) -> np.ndarray:
        """Leave out what the quota refuses; it fired where that cost the best row its place."""
        left = eligible & quota.open
        values = self.values
        best = np.where(eligible, values, -np.inf).argmax() if eligible.any() else -1
        if best >= 0 and not left[best]:
            fired.append(quota.rule.id)
        return left

    def _narrowed(self, floor: Floor, eligible: np.ndarray, fired: list[int]) -> np.ndarray:
        left = floor.narrow(eligible)
        if (left & floor.rule.mask).any():
            fired.append(floor.rule.id)
        else:
            self.short.add(floor.rule.id)
        return left

    def _shaped(self, row: int, values: np.ndarray, eligible: np.ndarray) -> list[int]:
        """Return the rules that gave the row its value at this place."""
        fired = [rule.id for rule in self.boosts if rule.mask[row]]
        if self.dial and self.places:
            plain = np.where(eligible, self.values, -np.inf).argmax()
            if plain != np.where(eligible, values, -np.inf).argmax():
                fired.append(self.dial.id)
        return fired

    def take(self, row: int) -> None:
        """Let a row stand at the place under way."""
        self.alive = self.alive & (self.pool.families != self.pool.families[row])
        self.diversity.choose(row)
        for quota in self.quotas:
            quota.take(row)
        for floor in self.floors:
            floor.take(row)

    def _idle(self) -> dict[int, Why]:
        """Return why each rule that shaped no place did not."""
        fired = {rule for place in self.places for rule in place.fired}
        idle = dict(self.pins.idle)
        for rule in self.rules:
            if rule.id in fired or rule.id in idle:
                continue
            if rule.id in self.short:
                idle[rule.id] = Why.TOO_FEW
            else:
                idle[rule.id] = Why.NOTHING_TO_DO if rule.mask.any() else Why.NOBODY
        return idle
