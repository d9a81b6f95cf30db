"""Where a million shoppers fall by a seed: the hash of experiments, a column at a time."""

from collections.abc import Sequence

import numpy as np

from guidance.experiments.assignment import (
    BUCKETS,
    FNV_OFFSET_BASIS,
    FNV_PRIME,
    bucket_of,
    fnv1a_32,
)

FloatArray = np.ndarray[tuple[int], np.dtype[np.float64]]
LARGEST_UNIT = 0xFFFF
MASK = np.uint64(0xFFFFFFFF)
PRIME = np.uint64(FNV_PRIME)
# Ten digits hold every 32-bit number.
POWERS = [np.uint64(10**place) for place in range(9, -1, -1)]


def buckets_of(*, seed: str, units: Sequence[str]) -> FloatArray:
    """Return each unit's place in [0, 1) under a seed, as `bucket_of` does one by one."""
    if not len(units):
        return np.empty(0)
    letters = np.asarray(units, dtype=np.str_)
    width = letters.dtype.itemsize // 4
    points = letters.view(np.uint32).reshape(len(letters), width)
    if points.max(initial=0) > LARGEST_UNIT:
        # A character beyond the first plane is two code units: rare, and hashed one by one.
        places = [bucket_of(seed=seed, unit=unit) or 0.0 for unit in units]
        return np.asarray(places)
    value = np.full(len(letters), fnv1a_32(seed), dtype=np.uint64)
    lengths = np.char.str_len(letters)
    for place in range(width):
        hashed = (value ^ points[:, place]) * PRIME & MASK
        value = np.where(place < lengths, hashed, value)
    share: FloatArray = _hash_of_digits(value) % BUCKETS[2] / BUCKETS[2]
    return share


def _hash_of_digits(numbers: np.ndarray) -> np.ndarray:
    """Return the hash of each number's decimal digits."""
    value = np.full(len(numbers), FNV_OFFSET_BASIS, dtype=np.uint64)
    for power in POWERS:
        digit = numbers // power % np.uint64(10) + np.uint64(ord("0"))
        hashed = (value ^ digit) * PRIME & MASK
        is_written = (numbers >= power) | (power == 1)
        value = np.where(is_written, hashed, value)
    return value
