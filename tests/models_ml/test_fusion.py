"""The blend that serves as "model": its arithmetic, and how its weights are found."""

import numpy as np
import pandas as pd
import pytest

from models_ml.data.cleaning import clean
from models_ml.data.histories import build_histories
from models_ml.data.history import DAY_SECONDS
from models_ml.recommender.baselines import (
    fit_co_occurrence,
    fit_content,
    fit_ease,
    fit_popularity,
    fit_repeat_frequency,
)
from models_ml.recommender.blending import tune_blend
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.evaluate import mean_ndcg
from models_ml.recommender.fusion import FLOORS, Parts
from models_ml.recommender.past import Past
from models_ml.recommender.report import TRANSFORMER
from models_ml.recommender.stages import ShopContent
from tests.trained import tiny_frame, tiny_items

CUT = pd.Timestamp("2026-04-10", tz="UTC")
Shop = tuple[Past, list[Case], Parts]


@pytest.fixture(scope="module")
def shop() -> Shop:
    rows = clean(tiny_frame(pd.Timestamp("2026-05-01", tz="UTC")))[0]
    histories = build_histories(rows[rows["time"] < CUT])
    content = ShopContent(tiny_items(), rows).matrix(histories.skus)
    past = Past(histories, CUT.timestamp() / DAY_SECONDS, content)
    popularity = fit_popularity(past, days=30)
    parts = Parts(
        ease=fit_ease(past, popularity, regularisation=10, half_life=60, browsing=0),
        co_occurrence=fit_co_occurrence(
            past, popularity, scope="basket", damping=0.5, half_life=60, browsing=0
        ),
        repeat_frequency=fit_repeat_frequency(past, popularity, half_life=60, browsing=0),
        content=fit_content(past, popularity, sharpness=2, half_life=60, browsing=0),
    )
    return past, build_cases(past.histories, rows[rows["time"] >= CUT]), parts


@pytest.mark.parametrize("name", FLOORS)
def test_every_part_adds_its_weighted_log_evidence(shop: Shop, name: str) -> None:
    past, cases, parts = shop
    history = cases[0].history
    scores = np.linspace(-1.0, 1.0, past.items, dtype=np.float32)
    weights = {**dict.fromkeys(FLOORS, 0.0), name: 0.5}
    evidence = np.maximum(getattr(parts, name).evidence(history, past.cut), 0.0)
    expected = scores + 0.5 * np.log(FLOORS[name] + evidence)
    assert np.ptp(evidence) > 0
    assert parts.blend(scores, weights, history, past.cut) == pytest.approx(expected, abs=1e-5)


def test_a_network_that_knows_the_answers_stays_alone(shop: Shop) -> None:
    past, cases, parts = shop
    scores = [np.isin(np.arange(past.items), case.relevant) * 100.0 for case in cases]
    found = tune_blend(cases, scores, parts, past.cut, seed=1)
    assert found.weights == dict.fromkeys(FLOORS, 0.0)
    assert found.ndcg == found.ndcg_alone == pytest.approx(1.0)
    assert found.alone == TRANSFORMER
    assert found.gain["mean"] == pytest.approx(0.0, abs=1e-9)
    assert found.as_parameters()["weights"] == {TRANSFORMER: 1.0}


def test_a_network_that_guesses_is_helped_and_the_figure_is_that_of_the_served_blend(
    shop: Shop,
) -> None:
    past, cases, parts = shop
    random = np.random.default_rng(5)
    scores = [random.normal(size=past.items).astype(np.float32) for _ in cases]
    found = tune_blend(cases, scores, parts, past.cut, seed=1)
    assert found.ndcg > found.ndcg_alone + 0.2
    assert set(found.parts) == {TRANSFORMER, *FLOORS}
    served = mean_ndcg(
        lambda place, case: parts.blend(scores[place], found.weights, case.history, past.cut),
        cases,
    )
    assert found.ndcg == pytest.approx(served, abs=1e-6)
