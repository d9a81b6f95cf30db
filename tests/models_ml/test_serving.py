"""What web processes do with a trained folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from models_ml.recommender.serving import POLICIES, ArtefactError, HistoryEvent, load
from tests.trained import SKUS, let_serve_alone, taste_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def bought(*skus: str, days_ago: float = 3.0) -> list[HistoryEvent]:
    when = NOW - timedelta(days=days_ago)
    return [HistoryEvent(sku, when, "purchase", f"basket {days_ago}") for sku in skus]


def items(found: Sequence) -> list[str]:
    return [one.item for one in found]


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_ranks_from_best_to_worst_without_doubles(trained: Path, policy: str) -> None:
    ranker = load(trained, policy)
    found = ranker.rank(bought("P01", "P02"), k=24, now=NOW)
    assert sorted(items(found)) == SKUS
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert items(ranker.rank(bought("P01", "P02"), k=5, now=NOW)) == items(found)[:5]


@pytest.mark.parametrize("policy", ["model", "co_occurrence", "ease"])
def test_the_newest_events_turn_the_ranking(trained: Path, policy: str) -> None:
    ranker = load(trained, policy)
    for taste in range(3):
        found = items(ranker.rank(bought(*taste_of(taste)[:3]), k=6, now=NOW))
        assert set(found) <= set(taste_of(taste))


def test_without_any_known_event_popularity_answers(trained: Path) -> None:
    model, popularity = load(trained, "model"), load(trained, "popularity")
    cold = popularity.rank([], k=10, now=NOW)
    assert model.rank([], k=10, now=NOW) == cold
    strange = [
        HistoryEvent("nobody-knows", NOW, "view", "s"),
        HistoryEvent("P01", NOW, "sniff", "s"),
    ]
    assert model.rank(strange, k=10, now=NOW) == cold
    assert all(one.because == () for one in cold)


@pytest.mark.parametrize("policy", ["model", "popularity"])
def test_excluded_and_barred_items_never_appear(trained: Path, policy: str) -> None:
    ranker = load(trained, policy)
    history = bought("P01", "P02")
    mask = np.array([sku < "P12" for sku in ranker.skus])
    by_mask = ranker.rank(history, k=24, allowed=mask, exclude=["P03", "who?"], now=NOW)
    names = [*SKUS[:12], "who?"]
    by_names = ranker.rank(history, k=24, allowed=names, exclude={"P03"}, now=NOW)
    assert by_mask == by_names
    assert sorted(items(by_mask)) == [sku for sku in SKUS[:12] if sku != "P03"]
    assert ranker.rank(history, k=5, allowed=[], now=NOW) == []
    with pytest.raises(ValueError, match="shape"):
        ranker.rank(history, k=5, allowed=np.ones(3, dtype=bool), now=NOW)


@pytest.mark.parametrize("policy", POLICIES)
def test_each_item_names_the_own_events_that_moved_its_score(trained: Path, policy: str) -> None:
    ranker = load(trained, policy)
    history = [*bought("P01", days_ago=9.0), *bought("P09", days_ago=8.0), *bought("P02")]
    whole = {one.item: one for one in ranker.rank(history, k=24, now=NOW)}
    for place, event in enumerate(history):
        others = history[:place] + history[place + 1 :]
        without = {one.item: one.score for one in ranker.rank(others, k=24, now=NOW)}
        for sku, one in whole.items():
            moved = {own.item: own.contribution for own in one.because}
            difference = one.score - without[sku]
            assert moved.get(event.item, 0.0) == pytest.approx(difference, abs=0.011)
    strengths = [[abs(own.contribution) for own in one.because] for one in whole.values()]
    assert any(strengths) == (policy != "popularity")
    assert all(found == sorted(found, reverse=True) for found in strengths)


def test_similar_items_are_those_bought_together(trained: Path) -> None:
    ranker = load(trained, "co_occurrence")
    found = ranker.similar("P01", 5)
    assert set(items(found)) < set(taste_of(0)) - {"P01"}
    assert len(found) == 5
    assert ranker.similar("nobody-knows", 5) == []
    assert load(trained, "popularity").similar("P01", 5) == []


@pytest.mark.parametrize("policy", POLICIES)
def test_ten_thousand_events_and_a_clock_that_runs_ahead(trained: Path, policy: str) -> None:
    ranker = load(trained, policy)
    random = np.random.default_rng(3)
    kinds = ("view", "cart", "purchase", "return")
    events = [
        HistoryEvent(
            SKUS[random.integers(24)],
            NOW - timedelta(minutes=float(random.integers(-60, 500_000))),
            kinds[random.integers(4)],
            f"s{number // 5}",
        )
        for number in range(10_000)
    ]
    found = ranker.rank(events, k=10, now=NOW)
    assert len(found) == 10
    assert all(np.isfinite(one.score) for one in found)


def test_a_time_without_zone_is_read_as_utc(trained: Path) -> None:
    ranker = load(trained, "repeat_frequency")
    naive = [event._replace(time=event.time.replace(tzinfo=None)) for event in bought("P05")]
    aware = ranker.rank(bought("P05"), k=3, now=NOW)
    assert ranker.rank(naive, k=3, now=NOW.replace(tzinfo=None)) == aware


@pytest.mark.parametrize(
    "name", ["encoder.onnx", "item_vectors.npy", "trends.npy", "ease_strengths.npy", "items.npy"]
)
def test_a_changed_file_is_named_and_nothing_is_served_from_it(
    trained: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    let_serve_alone(copy, "transformer")
    content = bytearray((copy / name).read_bytes())
    content[-3] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(ArtefactError, match=rf"{name}: the content does not match"):
        load(copy, "model")
    (copy / name).unlink()
    with pytest.raises(ArtefactError, match=rf"{name}: the file is missing"):
        load(copy, "model")


@pytest.mark.parametrize("part", ["ease", "co_occurrence", "repeat_frequency", "content"])
def test_a_model_that_is_one_part_alone_needs_that_part_s_files_only(
    trained: Path, tmp_path: Path, part: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    let_serve_alone(copy, part)
    for name in ("encoder.onnx", "own_items.onnx", "item_bias.npy", "trends.npy"):
        (copy / name).unlink()
    found = load(copy, "model").rank(bought("P01"), k=5, now=NOW)
    assert found == load(copy, part).rank(bought("P01"), k=5, now=NOW)
    assert load(copy, "model").similar("P01", 5)


def test_a_broken_encoder_leaves_the_fallbacks_and_popularity_needs_least(
    trained: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    (copy / "encoder.onnx").unlink()
    assert load(copy, "co_occurrence").rank(bought("P01"), k=3, now=NOW)
    (copy / "co_occurrence_neighbours.npy").unlink()
    with pytest.raises(ArtefactError, match="co_occurrence_neighbours"):
        load(copy, "co_occurrence")
    assert load(copy, "popularity").rank(bought("P01"), k=3, now=NOW)


def test_a_manifest_that_is_none_or_promises_too_little(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"manifest\.json: the file is missing"):
        load(tmp_path, "model")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ArtefactError, match=r"manifest\.json: not readable as JSON"):
        load(tmp_path, "model")
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(ArtefactError, match="format"):
        load(copy, "model")
    (copy / "manifest.json").write_text(json.dumps({**manifest, "policies": ["popularity"]}))
    with pytest.raises(ArtefactError, match="'ease'"):
        load(copy, "ease")


def test_serving_imports_neither_torch_nor_pandas(trained: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from models_ml.recommender.serving import HistoryEvent, load\n"
        "ranker = load(Path(sys.argv[1]), 'model')\n"
        "now = datetime(2026, 11, 1, tzinfo=UTC)\n"
        "assert ranker.rank([HistoryEvent('P01', now, 'view', 's')], k=3, now=now)\n"
        "heavy = {'torch', 'transformers', 'pandas', 'scipy', 'django'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(trained)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


FORKED_WORKER = """
import os, signal, sys
import models_ml.recommender.serving
if not (worker := os.fork()):
    signal.alarm(20)
    sys.exit()
sys.exit(os.waitpid(worker, 0)[1])
"""


def test_a_worker_forked_after_loading_ends_in_good_order() -> None:
    """What watches how models are used has a thread that a fork leaves behind."""
    # Where tests run in a build service the library keeps quiet by itself.
    silent = {"CI", "ORT_DISABLE_TELEMETRY"}
    environment = {name: value for name, value in os.environ.items() if name not in silent}
    done = subprocess.run(
        [sys.executable, "-c", FORKED_WORKER],
        cwd=Path(__file__).resolve().parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
