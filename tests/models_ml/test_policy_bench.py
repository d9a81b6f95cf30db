"""The policy bench, over a small log and the Open Bandit sample."""

import json
from pathlib import Path

import pandas as pd
import pytest

from models_ml.bench.__main__ import main
from models_ml.bench.policy import measure
from models_ml.data.open_bandit import read_open_bandit
from tests.models_ml.logged_worlds import make_world


@pytest.fixture
def rows() -> pd.DataFrame:
    log = make_world(1, shoppers=60).log
    return pd.DataFrame(
        {
            "timestamp": pd.date_range("2026-01-01", periods=len(log), freq="min", tz="UTC"),
            "item_id": log.taken,
            "position": 1,
            "click": log.rewards.astype(int),
            "propensity_score": log.propensities,
            "user_feature_0": ["new" if taste > 0 else "old" for taste in log.contexts[:, 0]],
            "shopper": log.shoppers,
        }
    )


def bench(rows: pd.DataFrame, folder: Path) -> dict:
    rows.to_csv(folder / "log.csv")
    main(["policy", "--log", str(folder / "log.csv"), "--json", str(folder / "out.json")])
    return json.loads((folder / "out.json").read_text())


def test_the_bench_writes_every_policys_estimates_and_refusals(rows, tmp_path, capsys) -> None:
    content = bench(rows, tmp_path)
    assert list(content["candidates"]) == [
        "fixed",
        "epsilon_greedy",
        "beta_thompson",
        "linucb",
        "linear_thompson",
    ]
    for found in content["candidates"].values():
        assert found["verdict"] == "refused"
        assert found["refusals"][0]["sentence"]
        assert len(found["estimates"]) == 5
        assert found["shoppers"] < content["estimated_on"], "shoppers come back"
    shown = capsys.readouterr().out
    assert "doubly_robust" in shown
    assert "a verdict needs 100" in shown


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: rows.drop(columns="propensity_score"), "no column 'propensity_score'"),
        (lambda rows: rows.head(0), "the log is empty"),
        (lambda rows: rows.assign(propensity_score=0.0), "propensities: decision 0 has 0.0"),
        (lambda rows: rows.assign(click="many"), "rewards: decision 0 has nan"),
        (lambda rows: rows.assign(item_id=3), "1 arm"),
    ],
)
def test_a_broken_log_ends_the_bench_with_what_is_wrong(rows, tmp_path, change, what) -> None:
    with pytest.raises(SystemExit, match=what):
        bench(change(rows), tmp_path)


def test_a_log_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(SystemExit, match=r"absent\.csv: no such file"):
        main(["policy", "--log", "absent.csv", "--json", str(tmp_path / "out.json")])


def test_the_open_bandit_sample_runs_through_and_proves_nothing(shared_data: Path) -> None:
    log = read_open_bandit(shared_data / "bandit" / "obd_random_men.csv")
    assert (len(log), len(log.arms), log.rewards.sum()) == (10_000, 34, 46)
    assert log.propensities == pytest.approx(1 / 34)
    for found in measure(log, rounds=100)["candidates"].values():
        assert found["verdict"] == "refused"
        assert "few_rewards" in [one["doubt"] for one in found["refusals"]]
