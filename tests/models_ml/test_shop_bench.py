"""The bench over a shop, on a tiny one: its peers, its effects, its JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from models_ml.bench import effects, factorisation
from models_ml.bench.__main__ import main
from models_ml.bench.peer import NEW_ONLY, PROTOCOLS, REPEATS_ALLOWED, Searched
from models_ml.bench.peers import compare_with_peers, table
from models_ml.bench.tifu_knn import (
    GRID,
    START,
    TifuKnn,
    basket_weights,
    frequencies,
    nearest,
)
from models_ml.data.cleaning import STEPS, clean
from models_ml.data.split import split_by_time
from models_ml.recommender import stages
from models_ml.recommender.blending import Board
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import interval
from models_ml.recommender.report import TrainReport
from models_ml.recommender.stages import Window
from tests.trained import CUSTOMERS, TINY, taste_of, tiny_frame, tiny_items

Write = Callable[..., pd.DataFrame]
END = pd.Timestamp("2026-05-01", tz="UTC")
POLICIES = {"model", *("popularity", "repeat_frequency", "co_occurrence", "ease")}
POLICIES |= {"tifu_knn", "als", "bpr"}


@pytest.fixture
def hand_made(purchases: Write) -> Window:
    rows = clean(
        purchases(
            ("anna", "2026-03-01", "cup", "tea"),
            ("anna", "2026-03-05", "cup"),
            ("bob", "2026-03-01", "cup", "jug"),
            ("bob", "2026-03-02", "cup"),
            ("cleo", "2026-03-01", "pot"),
            ("anna", "2026-03-20", "jug"),
        )
    )[0]
    cut = pd.Timestamp("2026-03-10", tz="UTC")
    return stages.build_window(rows[rows["time"] < cut], rows[rows["time"] >= cut], cut)


def test_baskets_fade_within_their_group_and_group_by_group() -> None:
    assert basket_weights(1, 7, 0.9, 0.7).tolist() == [1.0]
    two_groups = basket_weights(4, 2, 0.5, 0.1)
    assert two_groups == pytest.approx([0.5 * 0.1 / 4, 0.1 / 4, 0.5 / 4, 1 / 4])
    assert basket_weights(3, 7, 0.5, 0.1) == pytest.approx([0.01 / 3, 0.1 / 3, 1 / 3])
    assert len(basket_weights(50, 7, 0.9, 0.7)) == 50


def test_a_customers_vector_sums_the_weights_of_baskets(hand_made: Window) -> None:
    vectors = frequencies(hand_made.past, 7, 1.0, 0.5).toarray()
    skus = hand_made.past.histories.skus.tolist()
    anna = dict(zip(skus, vectors[0].tolist(), strict=True))
    assert anna == pytest.approx({"cup": 0.75, "jug": 0.0, "pot": 0.0, "tea": 0.25})


def test_neighbours_are_the_closest_others_who_ever_bought() -> None:
    vectors = sparse.csr_array(np.array([[1.0, 0], [0.9, 0], [0, 1.0], [0, 0]], np.float32))
    assert nearest(vectors, np.array([0, 2]), 9).tolist() == [[1, 2], [1, 0]]
    assert nearest(vectors, np.array([0]), 1).tolist() == [[1]]


def test_tifu_knn_mixes_ones_own_with_the_neighbours(hand_made: Window) -> None:
    knn = TifuKnn(hand_made)
    parameters = {"neighbours": 1, "within_decay": 1.0, "group_decay": 0.5, "groups": 7}
    own, mixed, others = (knn.score({**parameters, "alpha": a})[0] for a in (1.0, 0.5, 0.0))
    cup, jug, pot, tea = range(4)
    assert own[jug] < 0.01 < own[tea]
    assert others[tea] < 0.01 < others[jug]
    assert mixed == pytest.approx((own + others) / 2)
    assert mixed[pot] < 0.01 < mixed[cup]


def test_tifu_knn_finds_good_neighbours_before_it_may_leave_them_out() -> None:
    assert list(GRID)[-1] == "alpha"
    assert all(START[name] in values for name, values in GRID.items())


@pytest.mark.parametrize("fit", [factorisation.fit_als, factorisation.fit_bpr])
def test_factorisation_learns_tastes(fit: factorisation.Fit) -> None:
    split = split_by_time(clean(tiny_frame(END))[0])
    past = stages.build_past(split.fit, split.validation_cut)
    start = factorisation.ALS_START if fit is factorisation.fit_als else factorisation.BPR_START
    customers, items = fit(past, {**start, "factors": 8})
    assert (customers.shape[0], items.shape[0]) == (len(past.histories), past.items)
    tastes = np.array([int(name[1:]) % 3 for name in past.histories.customers])
    of_taste = (customers @ items.T).reshape(len(tastes), 3, 8).mean(axis=2)
    bought = np.asarray(past.tastes(0.0).sum(axis=1)).ravel() > 0
    assert (of_taste.argmax(axis=1) == tastes)[bought].mean() > 0.95


def test_what_lies_longer_ago_counts_less_for_als(hand_made: Window) -> None:
    past = hand_made.past
    fresh = factorisation.confidences(past, 2.0, 0.0).toarray()
    assert fresh[0, 0] > fresh[0, 3] > 0
    assert factorisation.confidences(past, np.inf, 0.0).toarray()[0].tolist() == [2, 0, 0, 1]


def test_a_peer_is_tuned_for_each_protocol_by_itself(hand_made: Window) -> None:
    cup, jug = np.eye(4)[0], np.eye(4)[1]
    scores = {"first": cup + jug / 2, "second": cup * 2 + jug, "third": jug * 2 + cup}
    peer = Searched(
        "by hand",
        {"pick": ("first", "second", "third")},
        {"pick": "first"},
        lambda window: lambda parameters: scores[parameters["pick"]][None],
    )
    found = peer.tune(hand_made)
    assert found[REPEATS_ALLOWED].parameters == {"pick": "third"}
    assert found[REPEATS_ALLOWED].validation_ndcg == 1.0
    # Without what was bought before, all three are as good, and the first stands.
    assert found[NEW_ONLY].parameters == {"pick": "first"}
    board = Board(hand_made.cases, 4)
    assert board.new_only(scores["first"][None]) == 1.0


def test_an_interval_holds_its_mean_and_narrows_with_customers() -> None:
    values = np.random.default_rng(1).random(400)
    mean, low, high = interval(values, seed=1)
    assert mean == pytest.approx(values.mean())
    assert low < mean < high
    _, few_low, few_high = interval(values[:40], seed=1)
    assert few_high - few_low > 2 * (high - low)


def test_every_peer_is_measured_on_the_models_own_cases(trained: Path) -> None:
    report = TrainReport.load(trained)
    frame = tiny_frame(pd.Timestamp.fromisoformat(report.data.end) + pd.Timedelta(days=1))
    peers = compare_with_peers(trained, frame, TrainConfig(**TINY))
    assert set(peers) <= set(PROTOCOLS)
    part = peers[REPEATS_ALLOWED]
    assert part["customers"] == report.data.test_customers
    assert set(part["policies"]) == POLICIES
    for name in ("model", "popularity", "repeat_frequency", "co_occurrence", "ease"):
        reported = report.candidates[name].repeats_allowed
        assert part["policies"][name]["ndcg@10"]["mean"] == pytest.approx(
            reported["ndcg@10"], abs=1e-6 if name in ("model", "popularity") else 0.05
        )
    for name, one in part["policies"].items():
        for metric in ("ndcg@10", "hr@10"):
            assert one[metric]["low"] <= one[metric]["mean"] <= one[metric]["high"]
            if name != "model":
                gap = part["policies"]["model"][metric]["mean"] - one[metric]["mean"]
                assert one["model_minus"][metric]["mean"] == pytest.approx(gap)
    assert json.loads(json.dumps(peers)) == peers
    for name in POLICIES:
        assert name in table(peers)


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """The tiny frame in the layout of a generated shop."""
    folder = tmp_path / "shop"
    folder.mkdir()
    events = tiny_frame(END).rename(columns={"item": "sku"}).assign(session="s")
    events.to_parquet(folder / "events.parquet")
    (folder / "meta.json").write_text(json.dumps({"end": f"{END:%Y-%m-%d}"}))
    products = [
        {
            "sku": one.item,
            "titles": one.titles[0],
            "category": {"en": one.category},
            "brand": one.brand,
            "price": one.price,
            "attributes": [],
        }
        for one in tiny_items()
    ]
    (folder / "products.jsonl").write_text("\n".join(map(json.dumps, products)))
    tastes = [taste_of(number) for number in range(CUSTOMERS)]
    oracle = {"customer": [f"c{number}" for number in range(CUSTOMERS)]}
    pd.DataFrame({**oracle, "relevant": tastes, "skus": tastes}).to_parquet(
        folder / "oracle.parquet"
    )
    return folder


def test_the_bench_sets_a_training_against_peers_and_on_new_products(
    generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "shop.json"
    settings = json.dumps({**TINY, "epochs": 1})
    command = ["recommender", "--shop", generated, "--json", out, "--settings", settings]
    main([*map(str, command), "--threads", "1"])
    content = json.loads(out.read_text())
    assert set(content["peers"][REPEATS_ALLOWED]["policies"]) == POLICIES
    assert set(content["cold_start"]) == {"held out", "new since"}
    assert content["cold_start"]["held out"]["customers"] > 0
    assert set(content["gate"]) >= {"passed", "difference", "low", "high"}
    assert content["oracle"]["customers"] > 0
    # Every shopper's own taste, whole, is the best that there is.
    assert content["oracle"]["ndcg@10"] == pytest.approx(1.0)
    for name in ("model", *content["milliseconds_per_rank"]):
        assert content["milliseconds_per_rank"][name]["median"] > 0
    printed = capsys.readouterr().out
    for text in ("repeats allowed", "new only", "cold start, held out", "tifu_knn"):
        assert text in printed


def test_the_repurchase_bench_tells_what_is_bought_again(generated: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.json"
    main(["repurchase", "--shop", str(generated), "--json", str(out)])
    content = json.loads(out.read_text())
    assert content["pairs"] > 0
    assert {"renewal", "renewal with categories"} < set(content["policies"])
    for figures in content["policies"].values():
        assert 0 <= figures["auc"] <= 1
        assert figures["log_loss"] > 0


def test_effects_are_asked_for_by_one_option_and_written_as_json(
    generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "effects.json"
    settings = json.dumps({**TINY, "epochs": 1})
    command = ["recommender", "--effects", "--shop", generated, "--json", out]
    main([*map(str, command), "--settings", settings])
    content = json.loads(out.read_text())["effects"]
    whole, planted = content["shop"], content["planted"]
    assert set(planted["variants"]) == {one.name for one in effects.CLEANING}
    augmented = {one.name for one in effects.AUGMENTING}
    assert set(whole["variants"]) == set(planted["variants"]) | augmented
    assert whole["customers"] == planted["customers"] > 0
    for name in STEPS:
        # Nothing was planted there: not a row goes, and not a figure moves.
        assert whole["variants"][name]["dropped"] == 0
        assert whole["variants"][name]["difference"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
        count = planted["found"][name]
        assert count["planted"] == count["found"] <= planted["variants"][name]["dropped"]
        assert count["honest"] == 0
    assert planted["variants"]["exact duplicates"]["difference"]["mean"] == 0.0
    assert planted["variants"]["bots"]["by_seed"] != [0.0]
    printed = capsys.readouterr().out
    for text in ("substitute", "all steps", "found", "against"):
        assert text in printed
