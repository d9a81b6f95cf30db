"""Numbers as people read them."""

import pytest

from guidance.core.numbers import rounded
from guidance.recommendations.health.wording import share, share_interval


@pytest.mark.parametrize(
    ("value", "digits", "read"),
    [(99.96, 1, "100.0"), (0.125, 1, "0.1"), (-0.001, 1, "0.0"), (12345.6, 0, "12,346")],
)
def test_numbers_are_rounded_not_cut_off(value: float, digits: int, read: str) -> None:
    assert rounded(value, digits) == read


def test_an_interval_reads_as_holding_its_value() -> None:
    estimate = [1.0, 0.967, 0.9999999999999999]
    assert (share(estimate[0]), share_interval(estimate)) == ("100.0\u00a0%", "96.7 … 100.0\u00a0%")
