"""The language model learns a shop's way of writing, stops in time, and goes on after a kill."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models_ml.recommender.artefacts import ArtefactError, write_manifest
from models_ml.writer.facts import Fact
from models_ml.writer.preference.data import candidate_seeds
from models_ml.writer.preference.files import load, load_language_model, save
from models_ml.writer.preference.model import Fluency, fluent_only, usual_spread
from models_ml.writer.realiser import write, write_wordings
from models_ml.writer.reranker_train import train_reranker

NOUNS = ("lamp", "chair", "mug", "shirt", "table", "towel", "rug", "vase")
STUFFS = ("oak", "cotton", "linen", "clay", "glass", "wool", "steel", "pine")
TEXTS = [f"This {noun} is made of {stuff} and comes in navy." for noun in NOUNS for stuff in STUFFS]
LEARNING, KEPT_BACK = TEXTS[8:], TEXTS[:8]
FACTS = [
    Fact("brand", "Nordvik"),
    Fact("weight", "300", "g"),
    *(
        Fact(key, value, language="en")
        for key, value in {"material": "oak", "colour": "navy", "origin": "Portugal"}.items()
    ),
]


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def train(folder: Path, **options: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"steps": 120, "minutes": 5.0, "seed": 3, **options}
    return train_reranker(LEARNING, KEPT_BACK, folder / "en", work_dir=folder / "work", **settings)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reranker")
    facts = train(folder)
    assert facts["steps"] == 120
    assert facts["perplexity"] < facts["perplexity_before"] / 10
    return folder / "en"


def test_it_prefers_the_shop_s_own_word_order(trained: Path) -> None:
    own, shuffled = load_language_model(trained)(
        ["This lamp is made of oak and comes in navy.", "navy comes oak This made and of lamp in."]
    )
    assert own > shuffled


def test_scores_do_not_depend_on_the_company(trained: Path) -> None:
    score = load_language_model(trained)
    alone = score([TEXTS[0]])[0]
    together = score([TEXTS[0], TEXTS[1] * 4])[0]
    assert together == pytest.approx(alone, abs=1e-4)
    assert score([]).shape == (0,)


class Killed(Exception):
    """Stands for a process that ends in the middle of a step."""


def test_a_killed_training_goes_on_to_the_very_same_weights(trained: Path, tmp_path: Path) -> None:
    shares: list[float] = []

    def kill(share: float) -> None:
        shares.append(share)
        if len(shares) == 70:
            raise Killed

    with pytest.raises(Killed):
        train(tmp_path, on_progress=kill)
    with pytest.raises(ArtefactError):
        load_language_model(tmp_path / "en")
    train(tmp_path, on_progress=shares.append)
    assert len(shares) == 70 + 120 - 50, "it goes on from step 50"
    assert weights(tmp_path / "en") == weights(trained)
    shutil.rmtree(tmp_path / "work")
    assert train(tmp_path, on_progress=kill)["steps"] == 120, (
        "what is finished is not trained again"
    )


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"kind": "writer language model", "features": 99},
            "made for features 99, this program reads 1",
        ),
        ({"kind": "writer preference"}, "of kind 'writer preference'"),
        ({}, "of kind None"),
    ],
)
def test_a_folder_made_for_something_else_is_refused(
    trained: Path, tmp_path: Path, facts: dict[str, Any], message: str
) -> None:
    folder = shutil.copytree(trained, tmp_path / "other")
    write_manifest(folder, ["reranker.onnx", "tokenizer.json"], facts)
    with pytest.raises(ArtefactError, match=message):
        load_language_model(folder)


def test_it_stops_when_texts_kept_back_get_no_likelier_and_keeps_the_best(tmp_path: Path) -> None:
    shuffled = [" ".join(sorted(text.split())) for text in KEPT_BACK]
    facts = train_reranker(
        LEARNING, shuffled, tmp_path / "en", work_dir=tmp_path, seed=1, minutes=5, steps=2000
    )
    assert facts["steps"] < 2000
    assert facts["perplexity"] == min(loss for _step, loss in facts["curve"])
    assert facts["curve"][-1][1] > facts["perplexity"]


def test_minutes_end_a_training_that_still_writes_its_files(tmp_path: Path) -> None:
    facts = train(tmp_path, minutes=1e-9)
    assert facts["steps"] == 1
    assert load_language_model(tmp_path / "en")(["This lamp."]).shape == (1,)


def test_a_training_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="texts"):
        train_reranker([], ["a"], tmp_path, work_dir=tmp_path, seed=1, minutes=1)


def test_the_served_files_choose_as_what_was_trained_and_broken_ones_are_refused(
    trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "en")
    language_model = load_language_model(tmp_path / "en")
    sets = [TEXTS[:4], TEXTS[4:8]]
    fluency = Fluency(language_model, usual_spread(language_model, sets))
    save(fluent_only({"en": fluency}), tmp_path, {})
    served = load(tmp_path)
    assert not served.has_taste
    scorer = served.scorer(facts=FACTS, title="Nordvik Lamp", language="en")
    assert scorer(TEXTS[:4]) == pytest.approx(fluency(TEXTS[:4]))
    assert np.std(scorer(TEXTS[:4])) == pytest.approx(1, abs=0.8)
    (tmp_path / "en" / "reranker.onnx").write_bytes(b"else")
    with pytest.raises(ArtefactError, match=r"reranker\.onnx"):
        load(tmp_path)
    shutil.rmtree(tmp_path / "en")
    with pytest.raises(ArtefactError, match="missing"):
        load(tmp_path)


def test_choosing_imports_no_torch(trained: Path) -> None:
    told = (
        "import sys\n"
        "from pathlib import Path\n"
        "from models_ml.writer.preference.files import load_language_model\n"
        "load_language_model(Path(sys.argv[1]))(['This lamp.'])\n"
        "print({'torch', 'transformers', 'django'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, str(trained)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_wordings_begin_with_the_plain_text_and_differ() -> None:
    seeds = candidate_seeds(1, 8)
    texts = [
        one.text
        for one in write_wordings(
            "description", title="Nordvik Lamp", facts=FACTS, language="en", seeds=seeds
        )
    ]
    alone = [
        write("description", title="Nordvik Lamp", facts=FACTS, language="en", seed=seed).text
        for seed in seeds
    ]
    assert texts == list(dict.fromkeys(alone))
    assert len(texts) > 3
