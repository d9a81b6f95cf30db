"""A whole training on a tiny shop: resumes, measures what it serves, says what is missing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from models_ml.data.cleaning import NotEnoughData, clean
from models_ml.data.content import ContentMatrix, ItemFacts
from models_ml.data.histories import build_histories
from models_ml.data.history import DAY_SECONDS
from models_ml.data.split import split_by_time
from models_ml.recommender import stages
from models_ml.recommender.artefacts import read_manifest
from models_ml.recommender.batches import Examples
from models_ml.recommender.cases import build_cases
from models_ml.recommender.checkpoints import Checkpoints, fingerprint
from models_ml.recommender.comparison import measure_served
from models_ml.recommender.config import Progress, TrainConfig, TrainingStopped
from models_ml.recommender.fit import Fitter, Plan
from models_ml.recommender.model import SequenceModel, item_vectors
from models_ml.recommender.report import TrainReport
from models_ml.recommender.run import Run
from models_ml.recommender.serving import POLICIES
from models_ml.recommender.train import train
from tests.trained import TINY, tiny_frame, tiny_items

END = pd.Timestamp("2026-05-01", tz="UTC")
Write = Callable[..., pd.DataFrame]


@pytest.fixture
def window() -> stages.Window:
    split = split_by_time(clean(tiny_frame(END))[0])
    return stages.build_window(split.fit, split.validation, split.validation_cut)


def run_in(folder: Path, told: list[Progress], stop_after: int = 99, **settings: object) -> Run:
    """Training under way in a folder; asks to stop once that many epochs were reported."""
    torch.set_num_threads(1)
    config = TrainConfig(**{**TINY, "epochs": 3, "patience": 3, **settings})
    return Run(
        config,
        Checkpoints(folder, "the same data"),
        told.append,
        lambda: sum(one.epoch is not None for one in told) >= stop_after,
    )


def test_a_stopped_fit_goes_on_to_the_very_same_epochs(
    tmp_path: Path, window: stages.Window
) -> None:
    straight, whole = stages.fit_network(run_in(tmp_path / "straight", []), window)
    with pytest.raises(TrainingStopped):
        stages.fit_network(run_in(tmp_path / "halted", [], stop_after=1), window)
    told: list[Progress] = []
    resumed, rows = stages.fit_network(run_in(tmp_path / "halted", told), window)

    assert [one.epoch for one in told] == [2, 3]
    for expected, row in zip(whole, rows, strict=True):
        assert {**expected, "seconds": 0} == {**row, "seconds": 0}
    for name, weights in straight.state_dict().items():
        assert torch.equal(weights, resumed.state_dict()[name]), name


def test_finished_baselines_are_not_tuned_again(tmp_path: Path, window: stages.Window) -> None:
    first = stages.tune_baselines(run_in(tmp_path, []), window)
    no_cases = stages.Window(window.past, [])
    assert stages.tune_baselines(run_in(tmp_path, []), no_cases) == first


def test_other_data_or_settings_do_not_take_up_old_checkpoints(tmp_path: Path) -> None:
    rows = clean(tiny_frame(END))[0]
    before = fingerprint(rows, [], {"epochs": 2})
    assert before == fingerprint(rows.copy(), [], {"epochs": 2})
    assert before != fingerprint(rows, [], {"epochs": 3})
    assert before != fingerprint(
        rows.assign(item=rows["item"].iloc[::-1].to_numpy()), [], {"epochs": 2}
    )
    assert before != fingerprint(rows, [ItemFacts("P00", ("tea",))], {"epochs": 2})
    Checkpoints(tmp_path, before).write_json("baselines", {"a": 1})
    assert Checkpoints(tmp_path, before).read_json("baselines") == {"a": 1}
    assert Checkpoints(tmp_path, "another").read_json("baselines") is None


def test_no_epoch_begins_after_the_time_is_up(tmp_path: Path, window: stages.Window) -> None:
    _, rows = stages.fit_network(run_in(tmp_path, [], max_minutes=1e-6), window)
    assert [row["epoch"] for row in rows] == [1]


def test_sampled_negatives_learn_as_the_whole_catalogue_does(
    tmp_path: Path, window: stages.Window
) -> None:
    settings = {"epochs": 4, "full_softmax_items": 1, "negatives": 12}
    _, rows = stages.fit_network(run_in(tmp_path, [], **settings), window)
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.1


def test_ids_left_out_at_random_teach_what_content_alone_says(tmp_path: Path) -> None:
    """What is added later has no id: its one bias, and content for a vector, are learned of those
    whose id a batch did not know.
    """
    rows = clean(tiny_frame(END))[0]
    split = split_by_time(rows)
    parts = (split.fit, split.validation, split.validation_cut)
    window = stages.build_window(*parts, stages.ShopContent(tiny_items(), rows))
    learned = {}
    for share in (0.0, 0.5):
        run = run_in(tmp_path / str(share), [], epochs=1, id_dropout=share)
        learned[share], _ = stages.fit_network(run, window)
    begun = stages.new_network(TrainConfig(**TINY), window.past)
    assert torch.equal(learned[0.0].unknown_bias, begun.unknown_bias)
    assert not torch.equal(learned[0.5].unknown_bias, begun.unknown_bias)
    strength = {one: model.content_projection.norm().item() for one, model in learned.items()}
    assert strength[0.5] > strength[0.0]


def test_the_network_ends_as_after_its_best_epoch(tmp_path: Path, window: stages.Window) -> None:
    run = run_in(tmp_path, [])
    torch.manual_seed(1)
    model, _ = stages.fit_network(run_in(tmp_path / "other", [], epochs=1), window)
    states: list[dict[str, torch.Tensor]] = []
    values = iter([0.3, 0.5, 0.4])

    def measure(fitted: SequenceModel) -> float:
        states.append({name: one.clone() for name, one in fitted.state_dict().items()})
        return next(values)

    targets = [
        stages.Target(case.customer, len(case.history), window.past.cut, case.relevant)
        for case in window.cases
    ]
    plan = Plan("picked", 3, 1e-3, 2, 0.0, False)
    examples = Examples(window.past, targets, 16)
    Fitter(run, plan).fit(model, examples, lambda row: None, measure)
    assert len(states) == 3
    assert torch.equal(model.item_bias, states[1]["item_bias"])
    assert not torch.equal(model.item_bias, states[2]["item_bias"])


def frame_of(report: TrainReport) -> pd.DataFrame:
    """The interactions that the shared folder was trained on."""
    end = pd.Timestamp.fromisoformat(report.data.end)
    frame = tiny_frame(end + pd.Timedelta(days=1))
    assert frame["time"].max() == end
    return frame


def test_the_report_measures_what_serves(trained: Path) -> None:
    report = TrainReport.load(trained)
    assert set(report.candidates) == {*POLICIES, "transformer"}
    for policy in POLICIES:
        served = measure_served(trained / "measured", policy, frame_of(report), TrainConfig(**TINY))
        assert served == pytest.approx(report.ndcgs[policy], abs=1e-6), policy
        reported = report.candidates[policy].repeats_allowed["ndcg@10"]
        assert served.mean() == pytest.approx(reported, abs=1e-6)


def test_a_folder_that_learned_the_answers_is_compared_in_its_older_form(trained: Path) -> None:
    report = TrainReport.load(trained)
    assert read_manifest(trained)["fitted_until"] > report.data.test_cut
    served = measure_served(trained, "model", frame_of(report), TrainConfig(**TINY))
    assert served == pytest.approx(report.ndcgs["model"], abs=1e-6)


def test_a_trained_folder_holds_both_forms_and_the_transformers_layout(trained: Path) -> None:
    served, measured = read_manifest(trained), read_manifest(trained / "measured")
    assert served["fitted_until"] > measured["fitted_until"]
    model = SequenceModel.from_pretrained(trained)
    told = [np.load(trained / f"content_{name}.npy") for name in ("starts", "columns", "values")]
    model.set_content(ContentMatrix(*told, width=model.config.features))
    vectors, bias = item_vectors(model)
    assert np.array_equal(vectors, np.load(trained / "item_vectors.npy"))
    assert np.array_equal(bias, np.load(trained / "item_bias.npy"))


def test_personal_policies_beat_popularity_where_tastes_are_clear(trained: Path) -> None:
    report = TrainReport.load(trained)
    popularity = report.candidates["popularity"].repeats_allowed["ndcg@10"]
    for policy in ("model", "transformer", "co_occurrence", "ease", "repeat_frequency"):
        assert report.candidates[policy].repeats_allowed["ndcg@10"] > popularity + 0.2


def test_too_little_data_is_said_before_anything_is_trained(
    tmp_path: Path, purchases: Write
) -> None:
    with pytest.raises(NotEnoughData, match="no purchase by a known customer"):
        train(purchases(), out_dir=tmp_path, config=TrainConfig(**TINY))
    strangers = purchases(
        *((f"c{day}", f"2026-03-{day:02d}", "cup") for day in range(1, 31)),
        *((f"d{day}", f"2026-04-{day:02d}", "cup") for day in range(1, 31)),
    )
    with pytest.raises(NotEnoughData, match="no customer with a history"):
        train(strangers, out_dir=tmp_path, config=TrainConfig(**TINY))


def test_a_customer_may_buy_only_once_before_the_cut(tmp_path: Path, purchases: Write) -> None:
    once = purchases(
        ("anna", "2026-03-01", "cup"), ("anna", "2026-04-05", "cup"), ("anna", "2026-04-26", "cup")
    )
    with pytest.raises(NotEnoughData, match="no customer came back"):
        train(once, out_dir=tmp_path, config=TrainConfig(**TINY))


def test_one_customer_and_one_product_are_enough(tmp_path: Path, purchases: Write) -> None:
    days = pd.date_range("2026-01-01", "2026-04-01", freq="5D")
    frame = purchases(*(("anna", str(day), "cup") for day in days))
    frame["quantity"] = np.nan
    report = train(frame, out_dir=tmp_path, config=TrainConfig(**TINY))
    assert report.candidates["model"].repeats_allowed["ndcg@10"] == 1.0
    assert (report.data.customers, report.data.items) == (1, 1)


def test_settings_without_sense_are_refused_by_name() -> None:
    for wrong in ({"epochs": 0}, {"max_minutes": -1.0}, {"dropout": 1.0}, {"dim": 9, "heads": 2}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            TrainConfig(**wrong)


def test_cases_keep_what_the_catalogue_did_not_hold(purchases: Write) -> None:
    before = build_histories(clean(purchases(("anna", "2026-03-01", "cup")))[0])
    after = purchases(("anna", "2026-03-05", "cup", "new"), ("bob", "2026-03-05", "cup"))
    (one,) = build_cases(before, after)
    assert (one.name, one.relevant.tolist(), one.unrankable, one.total) == ("anna", [0], 1, 2)
    assert len(build_cases(before, after, {"anna", "bob"})) == 2
    assert one.history.times[0] * DAY_SECONDS == pd.Timestamp("2026-03-01", tz="UTC").timestamp()
