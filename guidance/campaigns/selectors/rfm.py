"""Shoppers by segment of the behaviour analysis, remembered for a while between questions."""

import zlib
from collections.abc import Collection
from datetime import date, timedelta

import numpy as np
from django.core.cache import cache

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.segments import SEGMENTS, buyers, segment_of
from guidance.behaviour.period import Period
from guidance.campaigns.planning.shoppers import Ints

# Scoring 1,000,000 buyers takes 8 s, and a recheck at sending asks for each batch; the segments
# are of whole days, and few shoppers change theirs within minutes.
REMEMBERED_SECONDS = 600


def in_segments(keys: Collection[str], *, days: int, today: date) -> Ints:
    """Return the ids of the buyers of so many days up to today who are in these segments."""
    ids, places = _scored(days, today)
    wanted = [place for place, segment in enumerate(SEGMENTS) if segment.key in keys]
    return ids[np.isin(places, wanted)]


def _scored(days: int, today: date) -> tuple[Ints, np.ndarray]:
    """Return every buyer's id, ascending, and the place of their segment."""
    name = f"campaigns.rfm:{today.isoformat()}:{days}"
    kept = cache.get(name)
    if kept is None:
        found = buyers(Scope(Period(today - timedelta(days=days - 1), today)))
        places = segment_of(found) if len(found.shoppers) else found.shoppers
        # Steps from one id to the next are small numbers: a megabyte or two for a million.
        steps = np.diff(found.shoppers, prepend=0).astype(np.int64)
        kept = zlib.compress(steps.tobytes(), 1), zlib.compress(places.astype(np.int8).tobytes(), 1)
        cache.set(name, kept, REMEMBERED_SECONDS)
    ids = np.cumsum(np.frombuffer(zlib.decompress(kept[0]), np.int64))
    return np.asarray(ids, np.int64), np.frombuffer(zlib.decompress(kept[1]), np.int8)
