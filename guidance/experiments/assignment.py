"""Which arm a unit falls into: a hash, a bucket, no memory.

The same unit and experiment always give the same arm, in every process and in a browser: the
hash is FNV-1a over UTF-16 code units, twice, as JavaScript clients of the published
`assignment_cases` compute it (hash version 2).
"""

import math
from collections.abc import Sequence

FNV_OFFSET_BASIS = 0x811C9DC5
FNV_PRIME = 0x01000193
BUCKETS = {1: 1_000, 2: 10_000}
# Shares that miss 1 by more than this are taken for a mistake and replaced by equal shares.
SHARE_TOLERANCE = 0.01

BucketRange = tuple[float, float]


def fnv1a_32(text: str) -> int:
    """Return the 32-bit FNV-1a hash of the text's UTF-16 code units (Fowler, Noll, Vo 1991)."""
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    value = FNV_OFFSET_BASIS
    for unit in units:
        value = (value ^ unit) * FNV_PRIME & 0xFFFFFFFF
    return value


def bucket_of(*, seed: str, unit: str, version: int = 2) -> float | None:
    """Return the unit's place in [0, 1) under this seed; None for a version nobody defined."""
    if version == 1:
        return fnv1a_32(unit + seed) % BUCKETS[1] / BUCKETS[1]
    if version == 2:
        return fnv1a_32(str(fnv1a_32(seed + unit))) % BUCKETS[2] / BUCKETS[2]
    return None


def in_namespace(*, unit: str, namespace: str, start: float, end: float) -> bool:
    """Tell whether the unit falls into [start, end) of a namespace, which hashes by version 1."""
    place = bucket_of(seed=f"__{namespace}", unit=unit, version=1)
    return place is not None and start <= place < end


def equal_weights(count: int) -> list[float]:
    """Return `count` equal shares of 1; none for a count below one."""
    return [1 / count] * count if count > 0 else []


def bucket_ranges(
    count: int, *, coverage: float = 1.0, weights: Sequence[float] | None = None
) -> list[BucketRange]:
    """Return the half-open range of buckets of each of `count` variations.

    Each variation keeps its start whatever the coverage, so that raising the coverage moves
    nobody from one variation to another. Weights of another length, or that do not sum to 1,
    are replaced by equal ones.
    """
    coverage = min(max(coverage, 0.0), 1.0)
    if weights is None or len(weights) != count:
        weights = equal_weights(count)
    if not math.isclose(sum(weights), 1.0, rel_tol=0, abs_tol=SHARE_TOLERANCE):
        weights = equal_weights(count)
    starts = [sum(weights[:place]) for place in range(count)]
    return [
        (start, start + coverage * weight) for start, weight in zip(starts, weights, strict=True)
    ]


def choose_variation(bucket: float, ranges: Sequence[BucketRange]) -> int | None:
    """Return the index of the range that holds the bucket, None where none does."""
    for index, (start, end) in enumerate(ranges):
        if start <= bucket < end:
            return index
    return None
