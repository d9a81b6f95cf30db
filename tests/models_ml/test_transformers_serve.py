"""The OpenAI provider against `transformers serve`, a peer that nobody here wrote.

It ignores `response_format` and `n` and has no embeddings; the tiny model babbles.
"""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from models_ml.writer.providers import BadAnswer, Message, NotSupported, ProviderUnavailable
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger
from models_ml.writer.providers.openai_compatible import OpenAICompatible
from models_ml.writer.providers.openai_wire import ServerConfig
from models_ml.writer.providers.prompts import COPY_SCHEMA
from tests.models_ml.tiny_model import make_tiny_model

ASK = [Message("system", "You write."), Message("user", "Say something.")]
START_SECONDS = 120


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A running server's address and the folder of its model."""
    folder = make_tiny_model(tmp_path_factory.mktemp("served"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("transformers"), "serve", folder]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        process.kill()
        process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _attempt in range(START_SECONDS * 10):
        assert process.poll() is None, "transformers serve ended"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
    pytest.fail("transformers serve did not start")


@pytest.fixture
def provider(served: tuple[str, Path]) -> OpenAICompatible:
    url, folder = served
    config = ServerConfig(url, str(folder), max_tokens=24, attempts=2, first_wait=0.01)
    return OpenAICompatible(config, budget=Budget(MemoryLedger()), breaker=Breaker(MemoryCircuit()))


def test_it_answers_with_its_usage(provider: OpenAICompatible) -> None:
    (answer,) = provider.generate(ASK, seed=1)
    assert answer.text
    assert 0 < answer.usage.completion_tokens <= 25
    assert answer.usage.prompt_tokens > 10


def test_it_ignores_n_and_is_asked_until_there_are_enough(provider: OpenAICompatible) -> None:
    assert len(provider.generate(ASK, n=3, seed=1)) == 3


def test_it_ignores_the_schema_and_its_babble_is_refused(provider: OpenAICompatible) -> None:
    with pytest.raises(BadAnswer):
        provider.generate(ASK, COPY_SCHEMA, seed=1)


def test_it_streams(provider: OpenAICompatible) -> None:
    heard: list[str] = []
    (answer,) = provider.generate(ASK, seed=1, stream=heard.append)
    assert len(heard) > 1
    assert "".join(heard) == answer.text


def test_a_stream_of_it_can_be_stopped_and_it_goes_on_serving(provider: OpenAICompatible) -> None:
    class Enough(Exception):
        pass

    def stop(piece: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        provider.generate(ASK, stream=stop)
    assert provider.generate(ASK)


def test_it_has_no_embeddings(provider: OpenAICompatible) -> None:
    with pytest.raises(NotSupported):
        provider.embed(["a mug"])


def test_it_refuses_a_model_it_does_not_serve(served: tuple[str, Path]) -> None:
    config = ServerConfig(served[0], "another", attempts=2, first_wait=0.01)
    another = OpenAICompatible(
        config, budget=Budget(MemoryLedger()), breaker=Breaker(MemoryCircuit())
    )
    with pytest.raises(ProviderUnavailable, match="another"):
        another.generate(ASK)
