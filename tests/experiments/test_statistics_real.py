"""Two published experiments: a game's gate and a shop's e-mails."""

from pathlib import Path

import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

from guidance.experiments.adjusted_samples import CupedSample
from guidance.experiments.histograms import Histogram
from guidance.experiments.samples import MeanSample, ProportionSample, Sample
from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    Correction,
    Effect,
    Question,
    SampleRatio,
    always_valid,
    compare,
    correct,
    measure,
    measure_stratified,
    relative_lift,
    sample_ratio,
)


@pytest.fixture(scope="module")
def players(shared_data: Path) -> dict[str, pd.DataFrame]:
    table = pd.read_csv(shared_data / "experiments" / "cookie_cats.csv")
    return {str(version): rows for version, rows in table.groupby("version")}


@pytest.fixture(scope="module")
def mailed(shared_data: Path) -> dict[str, pd.DataFrame]:
    table = pd.read_csv(shared_data / "push" / "hillstrom.csv")
    return {str(segment): rows for segment, rows in table.groupby("segment")}


def _share(rows: pd.DataFrame, column: str) -> ProportionSample:
    return ProportionSample(len(rows), int(rows[column].sum()))


def test_the_game_experiments_split_is_found_to_be_off(players: dict[str, pd.DataFrame]) -> None:
    counts = [len(players[gate]) for gate in ("gate_30", "gate_40")]
    got = sample_ratio(counts, [0.5, 0.5])
    assert isinstance(got, SampleRatio)
    assert got.is_off
    assert got.p_value == pytest.approx(stats.chisquare(counts).pvalue)
    assert got.p_value == pytest.approx(0.0086, abs=1e-4)
    fair = sample_ratio([44_900, 45_289], [0.5, 0.5])
    assert isinstance(fair, SampleRatio)
    assert not fair.is_off


@pytest.mark.parametrize(
    ("column", "difference", "is_clear"), [("retention_1", -0.0059, 0), ("retention_7", -0.0082, 1)]
)
def test_a_later_gate_keeps_fewer_players(
    players: dict[str, pd.DataFrame], column: str, difference: float, is_clear: int
) -> None:
    early, late = (_share(players[gate], column) for gate in ("gate_30", "gate_40"))
    effect = measure(early, late)
    found = compare(effect)
    assert isinstance(found, Comparison)
    assert found.value == pytest.approx(difference, abs=5e-5)
    assert found.is_clear == bool(is_clear)
    _z, p_value = proportions_ztest([late.successes, early.successes], [late.n, early.n])
    assert found.p_value == pytest.approx(p_value, rel=2e-3)
    # Had they looked every day, neither would have been enough.
    always = always_valid(effect)
    assert isinstance(always, Comparison)
    assert not always.is_clear


def test_rounds_played_have_an_outlier_and_a_quantile_does_not_mind(
    players: dict[str, pd.DataFrame],
) -> None:
    rounds = [players[gate]["sum_gamerounds"] for gate in ("gate_30", "gate_40")]
    assert max(rounds[0]) == 49_854
    quantiles = [Histogram.of([value] for value in arm).sample(0.9) for arm in rounds]
    for sample, arm in zip(quantiles, rounds, strict=True):
        assert sample.value == pytest.approx(arm.quantile(0.9, interpolation="lower"), rel=1e-3)
    means = relative_lift(*(MeanSample.of(arm) for arm in rounds))
    lifts = relative_lift(*quantiles)
    assert isinstance(means, Comparison)
    assert isinstance(lifts, Comparison)
    assert lifts.standard_error < means.standard_error
    assert not lifts.is_clear


def _samples(rows: pd.DataFrame) -> dict[str, Sample]:
    return {
        "visit": _share(rows, "visit"),
        "conversion": _share(rows, "conversion"),
        "spend": MeanSample.of(rows["spend"]),
    }


def test_both_e_mails_are_better_than_none_in_one_family(mailed: dict[str, pd.DataFrame]) -> None:
    control = _samples(mailed["No E-Mail"])
    tests = {
        Question(metric, arm): compare(measure(control[metric], sample, relative=True))
        for arm in ("Mens E-Mail", "Womens E-Mail")
        for metric, sample in _samples(mailed[arm]).items()
    }
    found = {
        question: result
        for question, result in correct(tests, correction=Correction.HOLM).items()
        if isinstance(result, Corrected)
    }
    assert len(found) == 6
    assert all(result.is_clear for result in found.values())
    p_values = [test.p_value for test in tests.values() if isinstance(test, Comparison)]
    adjusted = multipletests(p_values, method="holm")[1]
    assert [result.adjusted for result in found.values()] == pytest.approx(adjusted)
    spend = tests[Question("spend", "Mens E-Mail")]
    assert isinstance(spend, Comparison)
    # Published: 1.423 against .653 a customer.
    assert spend.value == pytest.approx(1.4226 / 0.6528 - 1, abs=1e-3)


def test_the_e_mails_arms_are_as_large_as_promised(mailed: dict[str, pd.DataFrame]) -> None:
    got = sample_ratio([len(rows) for rows in mailed.values()], [1, 1, 1])
    assert isinstance(got, SampleRatio)
    assert got.p_value == pytest.approx(0.9037, abs=1e-4)


def test_segments_of_the_three_arms_are_one_family(mailed: dict[str, pd.DataFrame]) -> None:
    """Which e-mail for whom: two arms by three zip codes, tested together."""
    tests = {}
    for code in ("Urban", "Rural", "Surburban"):
        control, men, women = (
            _share(rows[rows["zip_code"] == code], "conversion")
            for rows in (mailed[arm] for arm in ("No E-Mail", "Mens E-Mail", "Womens E-Mail"))
        )
        tests[Question("conversion", "men", code)] = compare(measure(control, men))
        tests[Question("conversion", "women", code)] = compare(measure(control, women))
    found = [result for result in correct(tests).values() if isinstance(result, Corrected)]
    assert [result.family for result in found] == [6] * 6
    alone = sum(result.p_value < 0.05 for result in found)
    together = sum(result.is_clear for result in found)
    assert 0 < together < alone


def test_what_was_spent_before_and_strata_make_the_answer_no_less_sure(
    mailed: dict[str, pd.DataFrame],
) -> None:
    arms = [mailed["No E-Mail"], mailed["Mens E-Mail"]]
    plain = measure(*(MeanSample.of(rows["visit"]) for rows in arms))
    adjusted = measure(
        *(CupedSample.of(zip(rows["visit"], rows["history"], strict=True)) for rows in arms)
    )
    strata = measure_stratified(
        [
            tuple(_share(rows[rows["history_segment"] == segment], "visit") for rows in arms)
            for segment in sorted(set(arms[0]["history_segment"]))
        ]
    )
    assert isinstance(plain, Effect)
    for sharper in (adjusted, strata):
        assert isinstance(sharper, Effect)
        assert sharper.standard_error < plain.standard_error
        assert sharper.value == pytest.approx(plain.value, rel=0.01)
