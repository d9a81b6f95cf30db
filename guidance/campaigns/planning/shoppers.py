"""Shoppers as columns: what a plan must know of each to decide."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]
Words = np.ndarray[tuple[int], np.dtype[Any]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class ChannelFacts:
    """Of one channel: who can be reached over it, who allowed it, who must not be spoken to.

    `barred` holds the verdict that bars a shopper, 0 where none does; `is_capped` says who had as
    many messages as they may have.
    """

    has_address: Bools
    has_consent: Bools
    barred: Ints
    is_capped: Bools


@dataclass(frozen=True)
class Shoppers:
    """Columns of equal length, by ascending `ids`."""

    ids: Ints
    refs: Words
    tiers: Words
    languages: Words
    countries: Words
    zones: Words
    channels: dict[str, ChannelFacts] = field(default_factory=dict)
    # A plan of the same campaign sends, or sent, them its message.
    is_served: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    # Another campaign of higher priority is about to speak to them.
    is_taken: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    # Held out of everything by the experiments' holdout.
    is_held_out: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    # By how much a message raises the chance of a response, NaN where no model says.
    uplift: Floats = field(default_factory=lambda: np.empty(0))
    # The learned segment of each, '' where they are in none; empty where nothing asks for it.
    segments: Words = field(default_factory=lambda: np.empty(0, dtype=object))
    # The hour of the day at which each is usually active, `NO_HOUR` where nobody can tell.
    hours: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    # The place of each one's arm where an experiment chooses, and the features that a bandit looks
    # at, a bit each; empty where nothing asks for them.
    arms: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    contexts: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ids)
