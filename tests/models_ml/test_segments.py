"""Learned segments: groups that are there are found again, and noise is not called a segment."""

import numpy as np
import pandas as pd
import pytest

from models_ml.segments.learner import STABLE, SegmentsProblem, find_segments

COLUMNS = ("views", "spent")


def shoppers(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Three kinds: who looks, who buys, and who does neither; sizes 600, 300 and 150."""
    chance = np.random.default_rng(seed)
    kind = np.repeat([0, 1, 2], [600, 300, 150])
    views = np.array([2.0, 60.0, 60.0])[kind] * chance.lognormal(0, 0.2, len(kind))
    spent = np.array([0.5, 0.5, 900.0])[kind] * chance.lognormal(0, 0.2, len(kind))
    return pd.DataFrame({"views": views, "spent": spent}), kind


def test_kinds_of_shoppers_are_found_largest_first() -> None:
    table, kind = shoppers()
    found = find_segments(table, COLUMNS)
    assert len(found.centres) == 3
    assert found.stability > 0.95
    assert (found.of(table) == kind).mean() > 0.99
    other, other_kind = shoppers(seed=9)
    assert (found.of(other) == other_kind).mean() > 0.99


def test_what_another_half_would_not_find_is_said_to_be_unstable() -> None:
    chance = np.random.default_rng(1)
    noise = pd.DataFrame(chance.random((900, 6)), columns=list("abcdef"))
    assert find_segments(noise, list(noise)).stability < STABLE


def test_nothing_to_tell_apart_is_refused() -> None:
    table, _kind = shoppers()
    with pytest.raises(SegmentsProblem, match="200 are needed"):
        find_segments(table.head(150), COLUMNS)
    with pytest.raises(SegmentsProblem, match="did the same"):
        find_segments(table * 0, COLUMNS)
