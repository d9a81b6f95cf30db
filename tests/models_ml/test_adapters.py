"""Adapters on a tiny model made on the spot: trained, killed, resumed, served and refused."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.adapters.examples import messages_of
from models_ml.writer.adapters.files import WEIGHTS, check_base, read_files
from models_ml.writer.adapters.tokens import Tokens, preference_set, supervised_set
from models_ml.writer.adapters.train import PREFERENCES, SUPERVISED, train_adapter
from models_ml.writer.adapters.trainers import newest_checkpoint
from models_ml.writer.providers.local_model import LocalModel, Request
from models_ml.writer.providers.prompts import COPY_SCHEMA
from models_ml.writer.providers.transformers_local import TransformersLocal
from tests.models_ml.adapter_house import (
    ROW,
    SETTINGS,
    WRITTEN,
    house_lessons,
    house_writer,
    make_house_model,
)

ROOT = Path(__file__).resolve().parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from models_ml.writer.adapters.train import train_adapter
from tests.models_ml.adapter_house import SETTINGS, house_lessons

def kill(part, done, steps, figures):
    if (part, done) == (sys.argv[4], int(sys.argv[5])):
        os.kill(os.getpid(), signal.SIGKILL)

base, folder, kept = map(Path, sys.argv[1:4])
train_adapter(house_lessons(), str(base), folder, kept, SETTINGS, kill)
"""


@dataclass(frozen=True)
class House:
    """A base model, the adapter that it learned, and what came of that."""

    base: Path
    adapter: Path
    parts: dict[str, Any]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    base, adapter = make_house_model(folder / "base"), folder / "adapter"
    adapter.mkdir()
    parts = train_adapter(house_lessons(), str(base), adapter, folder / "kept", SETTINGS)
    return House(base, adapter, parts)


@pytest.fixture
def writer(house: House) -> Iterator[TransformersLocal]:
    with closing(house_writer(house.base, house.adapter)) as made:
        yield made


def _text(writer: TransformersLocal, seed: int = 0) -> tuple[str, str]:
    (answer,) = writer.generate(messages_of(ROW, {}), COPY_SCHEMA, seed=seed)
    return " ".join(one["text"] for one in answer.parsed["sentences"]), answer.adapter


def test_supervised_training_lowers_the_loss_and_preferences_raise_the_margin(
    house: House,
) -> None:
    supervised, preferences = house.parts[SUPERVISED], house.parts[PREFERENCES]
    assert supervised["last"]["loss"] < supervised["first"]["loss"] / 3
    assert preferences["first"]["margin"] == 0
    assert preferences["last"]["margin"] > 0
    assert preferences["last"]["preferred"] > 0.9
    assert (supervised["rows"], preferences["rows"]) == (10, 10)
    assert (supervised["steps"], preferences["steps"]) == (20, 4)


def test_the_adapter_changes_what_the_worker_writes_and_the_text_says_which_wrote(
    house: House, writer: TransformersLocal
) -> None:
    assert _text(writer) == (ROW.published, "+writer_adapter 2")
    vectors, _tokens = LocalModel(str(house.base)).embed(["an oak mug"])
    assert writer.embed(["an oak mug"])[0] == pytest.approx(vectors[0], abs=1e-5)


def test_an_adapter_of_another_base_model_is_refused_and_the_base_writes_alone(
    house: House, tmp_path: Path
) -> None:
    other = shutil.copytree(house.base, tmp_path / "other")
    weights = (other / "model.safetensors").read_bytes()
    (other / "model.safetensors").write_bytes(weights[:-4] + b"\0\0\0\1")
    with closing(house_writer(other, house.adapter)) as writer:
        assert _text(writer) == (WRITTEN, " without writer_adapter 2")
        assert "another base model" in writer.refused
    with pytest.raises(ArtefactError, match="another base model"):
        check_base(house.adapter, other)


def test_changed_or_missing_files_cannot_serve(house: House, tmp_path: Path) -> None:
    check_base(house.adapter, house.base)
    broken = shutil.copytree(house.adapter, tmp_path / "broken")
    (broken / WEIGHTS).write_bytes(b"else")
    with pytest.raises(ArtefactError, match=WEIGHTS):
        check_base(broken, house.base)
    with pytest.raises(ArtefactError, match="missing"):
        read_files(tmp_path / "nowhere")
    with pytest.raises(ArtefactError, match="no weights"):
        check_base(house.adapter, tmp_path)


def _finished_up_to(house: House, part: str, kept: Path) -> None:
    """Leave behind what a training has kept that had not begun with this part."""
    if part == PREFERENCES:
        shutil.copytree(house.adapter.parent / "kept", kept)
        for name in ("finished.json", f"{PREFERENCES}.json"):
            (kept / "checkpoints" / name).unlink()
        shutil.rmtree(kept / "checkpoints" / PREFERENCES)


@pytest.mark.parametrize(("part", "step"), [(SUPERVISED, 17), (PREFERENCES, 3)])
def test_a_killed_training_goes_on_and_comes_to_the_same_adapter(
    house: House, tmp_path: Path, part: str, step: int
) -> None:
    folder, kept = tmp_path / "adapter", tmp_path / "kept"
    folder.mkdir()
    _finished_up_to(house, part, kept)
    command = [sys.executable, "-c", KILLED, house.base, folder, kept, part, str(step)]
    done = subprocess.run(
        [str(one) for one in command], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    heard: list[tuple[str, int]] = []
    parts = train_adapter(
        house_lessons(),
        str(house.base),
        folder,
        kept,
        SETTINGS,
        lambda name, number, steps, figures: heard.append((name, number)),
    )
    last_kept = step // SETTINGS.keep_every * SETTINGS.keep_every
    assert heard[0] == (part, last_kept + 1)
    assert [parts[one]["steps"] for one in (SUPERVISED, PREFERENCES)] == [20, 4]
    assert parts == house.parts
    again, first = load_file(folder / WEIGHTS), load_file(house.adapter / WEIGHTS)
    assert again.keys() == first.keys()
    assert all(torch.allclose(again[name], first[name], atol=1e-5) for name in first)


def test_a_finished_training_is_not_repeated_and_other_lessons_begin_anew(
    house: House, tmp_path: Path
) -> None:
    def refuse(part: str, done: int, steps: int, figures: dict[str, float]) -> None:
        raise KeyboardInterrupt

    kept = house.adapter.parent / "kept"
    asked = (str(house.base), house.adapter, kept, SETTINGS, refuse)
    assert train_adapter(house_lessons(), *asked) == house.parts
    copied = shutil.copytree(kept, tmp_path / "kept")
    fewer = replace(house_lessons(), preferences=())
    with pytest.raises(KeyboardInterrupt):
        train_adapter(fewer, str(house.base), tmp_path, copied, SETTINGS, refuse)


def test_a_training_whose_time_is_up_ends_and_says_how_far_it_came(
    house: House, tmp_path: Path
) -> None:
    hurried = replace(SETTINGS, minutes=0.0)
    parts = train_adapter(house_lessons(), str(house.base), tmp_path, tmp_path / "kept", hurried)
    assert (parts[SUPERVISED]["steps"], parts[SUPERVISED]["planned_steps"]) == (1, 20)
    assert parts[PREFERENCES]["steps"] == 1
    check_base(tmp_path, house.base)


def test_a_checkpoint_that_was_not_written_to_its_end_is_passed_over(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) is None
    for number, state in ((4, "{}"), (8, "{}"), (12, '{"global'), (16, None)):
        (tmp_path / f"checkpoint-{number}").mkdir()
        if state is not None:
            (tmp_path / f"checkpoint-{number}" / "trainer_state.json").write_text(state)
    assert newest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-8")


def test_it_learns_the_prompt_that_it_is_served_with_and_answers_that_the_grammar_allows(
    house: House,
) -> None:
    model = LocalModel(str(house.base))
    tokens, lessons = Tokens(model.tokenizer, model.ends[0], model.context), house_lessons()
    asked = [{"role": one.role, "content": one.content} for one in messages_of(ROW, {})]
    served = model.prepared(Request(1, asked, schema=dict(COPY_SCHEMA)))
    row = supervised_set(lessons, tokens)[0]
    learned = [token for token in row["labels"] if token >= 0]
    prompt = row["input_ids"][: -len(learned)]
    assert model.tokenizer.decode(prompt) == served.prompt
    assert len(prompt) == served.tokens
    pair = preference_set(lessons, tokens)[0]
    assert (pair["prompt_ids"], pair["chosen_ids"]) == (prompt, learned)
    for answer in (learned, pair["rejected_ids"]):
        assert answer[-1] == model.ends[0]
        matcher = model.grammar.matcher(COPY_SCHEMA)
        assert matcher.consume_tokens(answer[:-1])
        assert matcher.is_accepting()


def test_lessons_that_do_not_fit_the_model_are_left_out(house: House, tmp_path: Path) -> None:
    narrow = shutil.copytree(house.base, tmp_path / "narrow")
    config = json.loads((narrow / "config.json").read_text())
    (narrow / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 20}))
    with pytest.raises(ValueError, match="fits"):
        train_adapter(house_lessons(), str(narrow), tmp_path, tmp_path / "kept", SETTINGS)


def test_a_base_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        train_adapter(house_lessons(), "no/nowhere", tmp_path, tmp_path / "kept", SETTINGS)
