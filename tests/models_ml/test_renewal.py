"""Repurchase timing: what a simulated shop's truth is must be found, and people's edges endured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models_ml.data.columns import PURCHASE_NUMBER
from models_ml.data.histories import Histories
from models_ml.data.history import EMPTY, History
from models_ml.recommender.artefacts import ArtefactError, write_manifest
from models_ml.recommender.past import Past
from models_ml.recommender.renewal import Renewal, load_renewal
from models_ml.recommender.renewal_fit import fit_renewal

COFFEE, SOAP, LAMP = range(3)
PERIODS, RETURNS = (20.0, 60.0), (0.9, 0.8)
END = 365.0


def _history(*bought: tuple[int, float]) -> History:
    """Purchases as (item, day)."""
    rows = sorted(bought, key=lambda row: (row[1], row[0]))
    items = np.array([item for item, _ in rows], np.int32)
    times = np.array([day for _, day in rows], np.float64)
    return History(items, times, np.full(len(rows), PURCHASE_NUMBER, np.int8))


def _past(histories: list[History]) -> Past:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in histories])])
    return Past(
        Histories(
            customers=np.array([f"c{number}" for number in range(len(histories))]),
            skus=np.array(["coffee", "soap", "lamp"]),
            offsets=offsets,
            items=np.concatenate([one.items for one in histories]),
            times=np.concatenate([one.times for one in histories]),
            kinds=np.concatenate([one.kinds for one in histories]),
        ),
        END,
    )


@pytest.fixture(scope="module")
def shop() -> Past:
    """Coffee every 20 days and soap every 60 by most of 400 customers; a lamp is bought once."""
    random = np.random.default_rng(3)
    histories = []
    for _ in range(400):
        rows = [(LAMP, float(random.uniform(0, END)))]
        for item in (COFFEE, SOAP):
            day = float(random.uniform(0, 60))
            while day < END:
                rows.append((item, day))
                if random.random() > RETURNS[item]:
                    break
                day += PERIODS[item] * float(np.exp(0.3 * random.standard_normal()))
        histories.append(_history(*rows))
    return _past(histories)


@pytest.fixture(scope="module")
def renewal(shop: Past) -> Renewal:
    return fit_renewal(shop)


def test_periods_and_return_shares_are_those_of_the_shop(renewal: Renewal) -> None:
    assert np.exp(renewal.means[:2]) == pytest.approx(PERIODS, rel=0.06)
    assert renewal.returns[:2] == pytest.approx(RETURNS, abs=0.03)
    assert renewal.returns[LAMP] < 0.1


def test_a_customer_who_waited_the_usual_time_is_more_likely_to_buy_than_one_who_just_bought(
    renewal: Renewal,
) -> None:
    just, waited = (
        renewal.due(_history((COFFEE, 100.0)), now, days=7).probabilities[0]
        for now in (101.0, 118.0)
    )
    assert waited > 3 * just


def test_what_was_due_long_ago_is_not_expected_any_more(renewal: Renewal) -> None:
    late = renewal.due(_history((COFFEE, 100.0)), 300.0, days=14)
    assert late.probabilities[0] < 0.02
    assert not late.is_due[0]


def test_due_are_consumables_whose_time_has_come(renewal: Renewal) -> None:
    history = _history((COFFEE, 80.0), (SOAP, 80.0), (LAMP, 80.0))
    due = renewal.due(history, 98.0, days=14)
    assert due.items.tolist() == [COFFEE, SOAP, LAMP]
    assert due.is_due.tolist() == [True, False, False]
    assert due.counts.tolist() == [1, 1, 1]


def test_a_customer_s_own_rhythm_counts_and_is_told(renewal: Renewal) -> None:
    slow = _history(*((COFFEE, day) for day in (0.0, 40.0, 80.0, 120.0)))
    due = renewal.due(slow, 138.0, days=14)
    assert due.periods[0] == pytest.approx(40.0)
    assert due.counts[0] == 4
    usual = renewal.due(_history((COFFEE, 120.0)), 138.0, days=14)
    assert usual.probabilities[0] > due.probabilities[0]


def test_one_customer_asked_alone_gets_what_all_asked_together_get(
    shop: Past, renewal: Renewal
) -> None:
    from models_ml.recommender.renewal import find_spells

    known = shop.histories
    spells = find_spells(known.items, known.owners, known.times, END)
    together = renewal.predict(spells, len(known), 14)[0]
    alone = renewal.due(known.of(7), END, 14)
    of_customer = spells.open_owners == 7
    np.testing.assert_allclose(together[of_customer], alone.probabilities, rtol=1e-9)


def test_items_with_few_sales_lean_on_their_category() -> None:
    """Two soaps of one category; one sells so rarely that its own sales say nothing."""
    random = np.random.default_rng(5)
    histories = []
    for _ in range(200):
        days = np.cumsum([random.uniform(0, 60), *(60 * np.exp(0.2 * random.standard_normal(5)))])
        coffee = np.cumsum(
            [random.uniform(0, 10), *(10 * np.exp(0.2 * random.standard_normal(30)))]
        )
        histories.append(
            _history(
                *((SOAP, float(day)) for day in days if day < END),
                *((COFFEE, float(day)) for day in coffee if day < END),
            )
        )
    histories.append(_history((LAMP, 300.0)))
    past = _past(histories)
    with_category = fit_renewal(replace(past, categories=np.array([0, 1, 1])))
    without = fit_renewal(past)
    true = np.log(60.0)
    assert abs(with_category.means[LAMP] - true) < abs(without.means[LAMP] - true) / 2
    assert with_category.means[COFFEE] == pytest.approx(np.log(10.0), abs=0.1)


@pytest.mark.parametrize("history", [EMPTY, _history((LAMP, 0.0))])
def test_a_shop_without_returns_expects_nothing_soon_and_a_new_customer_nothing(
    history: History,
) -> None:
    renewal = fit_renewal(_past([_history((COFFEE, 10.0)), _history((SOAP, 20.0))]))
    due = renewal.due(history, END, days=14)
    assert len(due.items) == len(np.unique(history.items))
    assert not due.is_due.any()
    assert np.isfinite(due.probabilities).all()


def test_a_clock_that_runs_ahead_breaks_nothing(renewal: Renewal) -> None:
    due = renewal.due(_history((COFFEE, 100.0)), 99.0, days=14)
    assert np.isfinite(due.probabilities).all()


def test_what_is_written_is_what_is_opened_and_a_changed_file_is_refused(
    renewal: Renewal, tmp_path: Path
) -> None:
    write_manifest(tmp_path, renewal.save(tmp_path), {})
    opened = load_renewal(tmp_path)
    np.testing.assert_allclose(opened.means, renewal.means, rtol=1e-6)
    assert opened.spread == renewal.spread
    np.save(tmp_path / "renewal_means.npy", np.zeros(3))
    with pytest.raises(ArtefactError, match=r"renewal_means\.npy"):
        load_renewal(tmp_path)
