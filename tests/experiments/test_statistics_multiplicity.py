"""Corrections over metrics, arms and segments."""

import numpy as np
import pytest
from scipy.special import ndtr
from statsmodels.stats.multitest import multipletests

from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    Correction,
    NotMeasured,
    Question,
    Unmeasured,
    correct,
)


def _tests(p_values: list[float]) -> dict[Question, Comparison | NotMeasured]:
    return {
        Question("revenue", f"arm-{number % 3}", f"segment-{number}"): Comparison(1, 0, 2, 1, p)
        for number, p in enumerate(p_values)
    }


@pytest.mark.parametrize(
    ("correction", "name"), [(Correction.HOLM, "holm"), (Correction.BENJAMINI_HOCHBERG, "fdr_bh")]
)
@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_corrections_agree_with_statsmodels(correction: Correction, name: str, size: int) -> None:
    random = np.random.default_rng(size)
    p_values = list(random.beta(0.3, 1, size))
    p_values[-1] = p_values[0]
    found = correct(_tests(p_values), correction=correction, alpha=0.1)
    clear, adjusted, *_ = multipletests(p_values, alpha=0.1, method=name)
    ours = [result for result in found.values() if isinstance(result, Corrected)]
    assert [result.adjusted for result in ours] == pytest.approx(adjusted)
    assert [result.is_clear for result in ours] == list(clear)
    assert [result.p_value for result in ours] == p_values
    assert {result.family for result in ours} == {size}


def test_what_is_not_measured_is_no_test_of_the_family() -> None:
    tests = _tests([0.01, 0.04])
    missing, broken = Question("margin", "arm-0"), Question("margin", "arm-1")
    tests[missing] = NotMeasured(Unmeasured.NO_UNITS)
    tests[broken] = Comparison(1, 0, 2, 1, float("nan"))
    found = correct(tests)
    assert found[missing] == NotMeasured(Unmeasured.NO_UNITS)
    assert found[broken] == NotMeasured(Unmeasured.NOT_A_NUMBER)
    assert [r.adjusted for r in found.values() if isinstance(r, Corrected)] == [0.02, 0.04]
    assert list(found) == list(tests)


def test_no_tests_are_no_finds() -> None:
    assert correct({}) == {}


def test_holm_keeps_the_family_and_benjamini_hochberg_the_share_of_false_finds() -> None:
    """Of 20 tests 15 have nothing to find: how often Holm errs at all, and in what share BH."""
    random = np.random.default_rng(3)
    errors, shares = 0, []
    for _ in range(400):
        z = random.normal(0, 1, 20) + np.r_[np.full(5, 3.5), np.zeros(15)]
        tests = _tests([float(p) for p in 2 * _upper(np.abs(z))])
        holm, bh = (list(correct(tests, correction=c).values()) for c in Correction)
        errors += any(r.is_clear for r in holm[5:])  # type: ignore[union-attr]
        found = [r.is_clear for r in bh]  # type: ignore[union-attr]
        shares.append(sum(found[5:]) / max(1, sum(found)))
    assert errors / 400 < 0.07
    assert np.mean(shares) < 0.06


def _upper(z: np.ndarray) -> np.ndarray:
    return np.asarray(ndtr(-z))
