"""Uplift: learned where it is, measured as the literature does, refused where it cannot be."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklift.metrics import qini_auc_score, uplift_auc_score

from models_ml.bench.__main__ import main
from models_ml.uplift.choosing import choose, cross_fit, reasons, usual_of
from models_ml.uplift.learners import LEARNERS, ClassTransformation, Trees, UpliftModel
from models_ml.uplift.measure import by_decile, worth
from models_ml.uplift.trial import Trial, UpliftProblem, as_features

HILLSTROM = Path("../shared/data/push/hillstrom.csv")


def shop(count: int = 12_000, seed: int = 1, share: float = 0.5) -> Trial:
    """Customers of whom contact moves new ones by a quarter, and nobody else; who bought lately
    comes back anyway."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "days": random.integers(1, 60, count),
            "is_new": random.integers(0, 2, count),
            "channel": random.choice(["web", "shop"], count),
        }
    )
    treated = random.random(count) < share
    chance = 0.1 + 0.2 * (table["days"] < 20) + 0.25 * table["is_new"] * treated
    outcome = (random.random(count) < chance).to_numpy(float)
    return Trial(as_features(table, list(table)), treated, outcome)


@pytest.mark.parametrize("learner", LEARNERS.values())
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_learners_find_whom_contact_moves(learner: type[UpliftModel], share: float) -> None:
    trial = shop(share=share)
    model = learner.fit(trial, Trees())
    found = model.predict(trial.features)
    is_new = trial.features["is_new"].to_numpy() == 1
    assert found[is_new].mean() == pytest.approx(0.25, abs=0.05)
    assert found[~is_new].mean() == pytest.approx(0.0, abs=0.05)
    told = reasons(model, trial.features.head(500), usual_of(trial.features))
    moved = told.abs().mean()
    assert moved["is_new"] > 3 * max(moved["days"], moved["channel"])


def test_a_number_is_learned_by_two_models_and_has_no_class_to_transform() -> None:
    trial = shop()
    spent = Trial(trial.features, trial.treated, 10 * trial.outcome)
    found = choose(spent)
    is_new = trial.features["is_new"].to_numpy() == 1
    assert found.model.predict(trial.features)[is_new].mean() == pytest.approx(2.5, abs=0.6)
    with pytest.raises(UpliftProblem, match="0 or 1"):
        ClassTransformation.fit(spent, Trees())


@pytest.mark.parametrize("seed", range(5))
def test_qini_and_auuc_are_those_of_scikit_uplift(seed: int) -> None:
    random = np.random.default_rng(seed)
    trial = shop(count=2_000, seed=seed, share=0.3 + 0.1 * seed)
    # Few different scores, so that many customers share one.
    uplift = random.integers(0, 2 + 5 * seed, len(trial)).astype(float)
    found = worth(uplift, trial.treated, trial.outcome, resamples=20)
    told = (trial.outcome, uplift, trial.treated.astype(int))
    assert found.qini.value == pytest.approx(qini_auc_score(*told), abs=1e-9)
    assert found.auuc.value == pytest.approx(uplift_auc_score(*told), abs=1e-9)


def test_intervals_hold_zero_for_an_order_by_chance_and_not_for_one_that_knows() -> None:
    trial = shop()
    chance = np.random.default_rng(1).random(len(trial))
    by_chance = worth(chance, trial.treated, trial.outcome, resamples=200).qini
    assert by_chance.low < 0 < by_chance.high
    knowing = worth(
        trial.features["is_new"].to_numpy(), trial.treated, trial.outcome, resamples=200
    ).qini
    assert 0 < knowing.low < knowing.value < knowing.high


def test_predictions_come_from_models_that_never_saw_the_customer() -> None:
    trial = shop(count=1_000)
    seen: list[set[int]] = []

    def fit(part: Trial) -> UpliftModel:
        seen.append(set(part.features.index))
        return LEARNERS["t_learner"].fit(part, Trees(least_in_leaf=20))

    predicted = cross_fit(trial, fit)
    assert len(seen) == 5
    assert all(len(part) == 800 for part in seen)
    assert set.intersection(*seen) == set()
    assert np.isfinite(predicted).all()


def test_deciles_tell_what_was_predicted_and_what_came_of_it() -> None:
    trial = shop()
    truth = np.where(trial.features["is_new"] == 1, 0.25, 0.0)
    deciles = by_decile(truth, trial.treated, trial.outcome)
    assert [one.customers for one in deciles] == [1_200] * 10
    inside = [one.low <= one.predicted <= one.high for one in (*deciles[:4], *deciles[6:])]
    assert sum(inside) >= 7


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t, o: (t, np.where(np.arange(len(o)) == 3, np.nan, o)), "row 3"),
        (lambda t, o: (np.ones_like(t), o), "only 0 customers were held back"),
        (lambda t, o: (t.astype(int), o), "true or false"),
        (lambda t, o: (t[:-1], o), "differ in length"),
    ],
)
def test_a_spoilt_trial_is_refused_by_name(spoil: object, message: str) -> None:
    trial = shop(count=1_000)
    treated, outcome = spoil(trial.treated, trial.outcome)  # type: ignore[operator]
    with pytest.raises(UpliftProblem, match=message):
        Trial(trial.features, treated, outcome)


def test_an_order_of_nothing_is_refused() -> None:
    trial = shop(count=1_000)
    with pytest.raises(UpliftProblem, match="at least one 1"):
        worth(np.zeros(1_000), trial.treated, np.zeros(1_000))
    with pytest.raises(UpliftProblem, match="no column tier"):
        as_features(pd.DataFrame({"days": [1]}), ["tier"])


@pytest.mark.skipif(not HILLSTROM.is_file(), reason="needs the shared data")
def test_the_bench_writes_ours_and_the_peers(tmp_path: Path) -> None:
    part = tmp_path / "part.csv"
    pd.read_csv(HILLSTROM).sample(6_000, random_state=1).to_csv(part, index=False)
    main(["uplift", "--data", str(part), "--json", str(tmp_path / "out.json"), "--folds", "2"])
    found = json.loads((tmp_path / "out.json").read_text())
    for figures in (found, *found["peers"].values()):
        assert figures["qini_low"] < figures["qini"] < figures["qini_high"]
        assert {"auuc", "auuc_low", "auuc_high"} <= figures.keys()
    assert len(found["peers"]) == 2


def test_the_bench_names_what_is_missing(tmp_path: Path) -> None:
    part = tmp_path / "part.csv"
    pd.DataFrame({"visit": [1]}).to_csv(part, index=False)
    with pytest.raises(SystemExit, match="no column segment"):
        main(["uplift", "--data", str(part), "--json", str(tmp_path / "out.json")])


def test_a_column_that_says_nothing_of_anybody_is_no_hindrance() -> None:
    trial = shop(2_000)
    table = trial.features.assign(age=np.nan)
    silent = Trial(as_features(table, list(table)), trial.treated, trial.outcome)
    model = LEARNERS["t_learner"].fit(silent, Trees())
    plain = LEARNERS["t_learner"].fit(trial, Trees())
    assert model.predict(silent.features).tolist() == plain.predict(trial.features).tolist()
