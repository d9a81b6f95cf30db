"""The model of who will act, and its measures against published ones and by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss as published_log_loss
from sklearn.metrics import roc_auc_score

from models_ml.propensity.learner import Propensity, PropensityProblem
from models_ml.propensity.measure import auc, auc_difference, by_decile, log_loss


def people(count: int = 4_000) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of whom the active and those of gold buy more."""
    chance = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "views": chance.poisson(4, count).astype(float),
            "tier": pd.Categorical(chance.choice(["gold", ""], count)),
        }
    )
    buys = 0.02 + 0.03 * table["views"] + 0.2 * (table["tier"] == "gold")
    return table, (chance.random(count) < buys).astype(float)


def test_chances_order_customers_and_are_true() -> None:
    known, acted = people()
    table, came = people(6_000)
    chances = Propensity.fit(known, acted).predict(table)
    assert auc(chances, came).low > 0.65
    for one in by_decile(chances, came):
        assert one.low - 0.03 < one.predicted < one.high + 0.03
    assert log_loss(chances, came) < log_loss(np.full(len(came), came.mean()), came)


def test_the_measures_are_the_published_ones() -> None:
    chance = np.random.default_rng(5)
    acted = (chance.random(900) < 0.3).astype(float)
    scores = np.round(acted * 0.4 + chance.normal(size=900), 1)
    assert auc(scores, acted).value == pytest.approx(roc_auc_score(acted, scores))
    chances = 1 / (1 + np.exp(-scores))
    assert log_loss(chances, acted) == pytest.approx(published_log_loss(acted, chances))


def test_delongs_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = np.random.default_rng(11)
    inside = better = 0
    for _n in range(300):
        acted = np.repeat([0.0, 1.0], 120)
        scores = chance.normal(size=240) + acted
        other = scores + chance.normal(size=240) * 0.01
        found, gap = auc(scores, acted), auc_difference(scores, other, acted)
        # Of two normals a standard deviation apart: the normal distribution at 1 / sqrt(2).
        inside += found.low <= 0.76025 <= found.high
        better += gap.low > 0
    assert inside >= 276
    assert better <= 20


def test_too_few_who_acted_are_refused() -> None:
    table, acted = people(400)
    with pytest.raises(PropensityProblem, match="100 are needed"):
        Propensity.fit(table, np.zeros_like(acted))
