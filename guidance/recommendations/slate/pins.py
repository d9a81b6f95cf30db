"""Pins: which row or group stands at which place, settled before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from guidance.recommendations.slate.pool import Pool
from guidance.recommendations.slate.types import SlateRule, Why


@dataclass
class Pins:
    """Pins by their place. `rows` are those of single products, kept for their place."""

    by_position: dict[int, SlateRule] = field(default_factory=dict)
    idle: dict[int, Why] = field(default_factory=dict)

    @property
    def rows(self) -> dict[int, int]:
        """The row of each place that is promised to one product."""
        return {
            position: int(rule.mask.argmax())
            for position, rule in self.by_position.items()
            if rule.mask.sum() == 1
        }

    def kept_from(self, position: int, pool: Pool, alive: np.ndarray) -> np.ndarray:
        """Return the rows that a later pin needs, shape (rows,): none may be spent before.

        A product's whole family is kept for it; of a pinned brand or category, the last family.
        """
        kept = np.zeros(len(pool), dtype=bool)
        for place, rule in self.by_position.items():
            left = rule.mask & alive
            families = np.unique(pool.families[left])
            if place > position and len(families) == 1:
                kept |= pool.families == families[0]
        return kept

    def next_open(self, alive: np.ndarray) -> SlateRule | None:
        """Return the first pin that still has a row; it moves up where nothing else is left."""
        for place in sorted(self.by_position):
            if (self.by_position[place].mask & alive).any():
                return self.by_position[place]
        return None


def settle_pins(rules: Sequence[SlateRule], pool: Pool, free: np.ndarray, limit: int) -> Pins:
    """Give every pin a place of its own: the earlier rule keeps it, the other moves down.

    `free` (rows,) are the rows whose family is not shown yet.
    """
    pins, taken = Pins(), set[int]()
    for rule in sorted(rules, key=lambda rule: rule.position):
        rows = np.flatnonzero(rule.mask & free)
        families = {int(family) for family in pool.families[rows]} - taken
        position = rule.position
        while position in pins.by_position:
            position += 1
        if not rule.mask.any():
            pins.idle[rule.id] = Why.NOBODY
        elif not families:
            pins.idle[rule.id] = Why.SHOWN_ABOVE
        elif position > limit:
            pins.idle[rule.id] = Why.BEYOND
        else:
            pins.by_position[position] = rule
            taken |= families if len(families) == 1 else set()
    return pins
