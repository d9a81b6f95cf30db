"""The re-ranker learns a shop's way of writing, repeats itself and goes on after a stop."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from models_ml.recommender.artefacts import ArtefactError, write_manifest
from models_ml.writer.choosing import Chooser, opening
from models_ml.writer.facts import Fact
from models_ml.writer.realiser import write
from models_ml.writer.reranker import Reranker
from models_ml.writer.reranker_train import TooFewTexts, train_reranker

NOUNS = ("lamp", "chair", "mug", "shirt", "table", "towel", "rug", "vase")
STUFFS = ("oak", "cotton", "linen", "clay", "glass", "wool", "steel", "pine")
TEXTS = [f"This {noun} is made of {stuff} and comes in navy." for noun in NOUNS for stuff in STUFFS]
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reranker")
    learned = train_reranker(TEXTS, folder, seed=3, minutes=5, steps=12)
    assert learned["steps"] == 12
    return folder


def test_it_prefers_the_shop_s_own_word_order(trained: Path) -> None:
    own, shuffled = Reranker(trained)(
        ["This lamp is made of oak and comes in navy.", "navy comes oak This made and of lamp in."]
    )
    assert own > shuffled


def test_scores_do_not_depend_on_the_company(trained: Path) -> None:
    score = Reranker(trained)
    alone = score([TEXTS[0]])[0]
    together = score([TEXTS[0], TEXTS[1] * 4])[0]
    assert together == pytest.approx(alone, abs=1e-4)


def test_a_stopped_training_goes_on_to_the_very_same_weights(trained: Path, tmp_path: Path) -> None:
    asked = iter([False] * 5 + [True])
    stopped = train_reranker(
        TEXTS, tmp_path, seed=3, minutes=5, steps=12, should_stop=lambda: next(asked)
    )
    assert stopped == {"steps": 5, "stopped": True}
    with pytest.raises(ArtefactError):
        Reranker(tmp_path)
    train_reranker(TEXTS, tmp_path, seed=3, minutes=5, steps=12)
    assert weights(tmp_path) == weights(trained)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"kind": "reranker", "features": 99}, "made for features 99, this program reads 1"),
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
        Reranker(folder)


def test_too_little_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooFewTexts, match="3 texts"):
        train_reranker(TEXTS[:3], tmp_path, seed=1, minutes=1)


def prefers_length(texts: Sequence[str]) -> list[float]:
    return [float(len(text)) for text in texts]


def written(chooser: Chooser | None, candidates: int, seed: int = 1) -> str:
    return write(
        "description",
        title="Nordvik Lamp",
        facts=FACTS,
        language="en",
        seed=seed,
        candidates=candidates,
        chooser=chooser,
    ).text


def test_the_chosen_text_is_the_one_that_scores_best() -> None:
    gains = [
        len(written(Chooser(prefers_length), 8, seed)) - len(written(None, 1, seed))
        for seed in range(6)
    ]
    assert min(gains) >= 0
    assert max(gains) > 0
    assert written(Chooser(prefers_length), 1) == written(None, 1)


def test_an_opening_that_the_shop_has_had_enough_of_gives_way() -> None:
    chooser = Chooser(lambda texts: [1.0, 0.5][: len(texts)])
    texts = ["The lamp is made of oak.", "Made of oak, it lasts."]
    picked = [chooser.choose(texts) for _ in range(10)]
    assert picked[0] == 0
    assert 1 in picked
    assert opening(texts[0]) == "the lamp is"
