"""The local provider on a tiny model with random weights, in a real process that is killed."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from models_ml.writer.facts import Fact
from models_ml.writer.providers import (
    BadAnswer,
    BudgetSpent,
    CopyTask,
    Message,
    ProviderUnavailable,
)
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger
from models_ml.writer.providers.local_model import has_bf16_units
from models_ml.writer.providers.prompts import COPY_SCHEMA, copy_messages
from models_ml.writer.providers.transformers_local import LocalConfig, TransformersLocal
from tests.models_ml.tiny_model import TEMPLATE, make_tiny_model

TASK = CopyTask("description", "en", "Mug", (Fact("material", "oak"), Fact("colour", "black")))
ASK = [Message("user", "Say something.")]
ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import sys
from models_ml.writer.providers.transformers_local import LocalConfig, WorkerProcess
worker = WorkerProcess(LocalConfig(sys.argv[1]))
print(worker.pid, flush=True)
worker.ask(do="generate", messages=[{"role": "user", "content": "x"}], max_tokens=4000)[1].get()
"""


def _made(config: LocalConfig, tokens: int | None = None) -> TransformersLocal:
    budget = Budget(MemoryLedger(), daily_tokens=tokens)
    return TransformersLocal(config, budget=budget, breaker=Breaker(MemoryCircuit()))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> LocalConfig:
    folder = make_tiny_model(tmp_path_factory.mktemp("tiny"))
    return LocalConfig(str(folder), batch=4, max_tokens=150, temperature=1.0, timeout=60)


@pytest.fixture(scope="module")
def provider(config: LocalConfig) -> Iterator[TransformersLocal]:
    made = _made(config)
    yield made
    made.close()


def test_json_held_to_a_schema_always_parses(provider: TransformersLocal) -> None:
    answers = provider.generate(copy_messages(TASK), COPY_SCHEMA, n=12, seed=1)
    assert len(answers) == 12
    assert all(json.loads(answer.text) == answer.parsed for answer in answers)
    assert all(answer.parsed["sentences"] for answer in answers)
    assert len({answer.text for answer in answers}) == 12


def test_another_schema_is_held_to_as_well(provider: TransformersLocal) -> None:
    schema = {
        "type": "object",
        "properties": {
            "tone": {"enum": ["warm", "dry"]},
            "score": {"type": "integer", "minimum": 1, "maximum": 5},
            "tags": {"type": "array", "items": {"type": "string"}},
            "sure": {"type": "boolean"},
        },
        "required": ["tone", "score", "tags", "sure"],
        "additionalProperties": False,
    }
    answers = provider.generate(ASK, schema, n=6, seed=3)
    assert [answer.parsed["tone"] in ("warm", "dry") for answer in answers] == [True] * 6


def test_a_seed_gives_the_same_text_whoever_shares_its_batch(provider: TransformersLocal) -> None:
    (alone,) = provider.generate(copy_messages(TASK), COPY_SCHEMA, seed=9)
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(
                lambda seed: provider.generate(copy_messages(TASK), COPY_SCHEMA, seed=seed)[0],
                (7, 8, 9, 10),
            )
        )
    assert together[2].text == alone.text
    assert len({answer.text for answer in together}) == 4


def test_a_stream_is_heard_piece_by_piece_and_can_be_stopped(provider: TransformersLocal) -> None:
    class Enough(Exception):
        pass

    heard: list[str] = []
    (answer,) = provider.generate(copy_messages(TASK), COPY_SCHEMA, seed=2, stream=heard.append)
    assert len(heard) > 5
    assert "".join(heard) == answer.text

    def stop(piece: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        provider.generate(ASK, seed=2, stream=stop)
    assert provider.generate(copy_messages(TASK), COPY_SCHEMA, seed=2)[0].text == answer.text


def test_an_answer_without_a_schema_ends_at_its_limit_and_says_so(
    provider: TransformersLocal,
) -> None:
    (answer,) = provider.generate(ASK, seed=4)
    assert answer.finish_reason in ("length", "stop")
    assert 0 < answer.usage.completion_tokens <= 150
    assert answer.usage.prompt_tokens > 0


def test_vectors_have_length_one(provider: TransformersLocal) -> None:
    vectors = torch.tensor(provider.embed(["a mug", "", "a much longer text about a mug"]))
    assert vectors.shape == (3, 32)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-4)


def test_a_prompt_too_long_for_the_model_is_refused_and_the_others_are_written(
    provider: TransformersLocal,
) -> None:
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(provider.generate, [Message("user", "long " * 5_000)])
        short = pool.submit(provider.generate, ASK)
        with pytest.raises(ProviderUnavailable, match="tokens"):
            long.result()
        assert short.result()


def test_what_a_chat_template_refuses_is_an_error_and_the_process_lives(
    config: LocalConfig, tmp_path: Path
) -> None:
    folder = shutil.copytree(config.path, tmp_path / "strict")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    refusal = "{{ raise_exception('no system role') }}"
    tokenizer.chat_template = (
        f"{{% if messages[0].role == 'system' %}}{refusal}{{% endif %}}{TEMPLATE}"
    )
    tokenizer.save_pretrained(folder)
    strict = _made(replace(config, path=str(folder), max_tokens=5))
    try:
        assert strict.generate(ASK, seed=1)
        pid = strict.pid
        with pytest.raises(ProviderUnavailable, match="chat template refuses: no system role"):
            strict.generate([Message("system", "Be brief."), *ASK])
        assert strict.generate(ASK, seed=1)
        assert strict.pid == pid
    finally:
        strict.close()


def test_a_process_that_dies_in_mid_stream_tells_nothing_twice_and_comes_back(
    provider: TransformersLocal,
) -> None:
    (before,) = provider.generate(copy_messages(TASK), COPY_SCHEMA, seed=5)
    heard: list[str] = []

    def kill(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 1 and provider.pid is not None:
            os.kill(provider.pid, signal.SIGKILL)

    with pytest.raises(ProviderUnavailable):
        provider.generate(copy_messages(TASK), COPY_SCHEMA, n=20, seed=6, stream=kill)
    (after,) = provider.generate(copy_messages(TASK), COPY_SCHEMA, seed=5)
    assert after.text == before.text


def test_a_call_that_takes_too_long_ends_with_its_process(config: LocalConfig) -> None:
    provider = _made(replace(config, timeout=0.01, max_tokens=3_000))
    with pytest.raises(ProviderUnavailable, match="within"):
        provider.generate(ASK)
    assert provider.pid is None
    provider.close()


def test_a_parent_that_is_killed_leaves_no_process_behind(config: LocalConfig) -> None:
    command = [sys.executable, "-c", PARENT, config.path]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    worker = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    ended, _, _ = select.select([worker], [], [], 60)
    assert ended
    os.close(worker)


def test_too_little_memory_is_an_error_not_a_dead_machine(config: LocalConfig) -> None:
    provider = _made(replace(config, memory_mib=150))
    with pytest.raises(ProviderUnavailable):
        provider.generate(ASK)
    assert provider.pid is None


def test_a_model_that_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProviderUnavailable):
        _made(LocalConfig(str(tmp_path / "empty"))).generate(ASK)


def test_a_spent_budget_starts_no_process(config: LocalConfig) -> None:
    provider = _made(config, tokens=0)
    with pytest.raises(BudgetSpent):
        provider.generate(ASK)
    assert provider.pid is None


def test_an_answer_that_has_no_room_is_refused_not_returned_half(
    provider: TransformersLocal,
) -> None:
    with pytest.raises(BadAnswer):
        provider.generate([Message("user", "Q" * 4_088)], COPY_SCHEMA)


def test_bf16_is_used_only_where_the_processor_has_units_for_it() -> None:
    assert has_bf16_units("processor: 0\nflags\t\t: fpu avx512f avx512_bf16 amx_tile\n")
    assert not has_bf16_units("processor: 0\nflags\t\t: fpu avx2 avx512f\n")
    assert not has_bf16_units("")
