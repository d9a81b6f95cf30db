"""The OpenAI provider against real servers that refuse, babble, break off and die."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models_ml.writer.providers import (
    BadAnswer,
    BudgetSpent,
    CircuitOpen,
    Message,
    NotSupported,
    ProviderUnavailable,
)
from models_ml.writer.providers.breaker import Breaker, MemoryCircuit
from models_ml.writer.providers.budget import Budget, MemoryLedger, Price
from models_ml.writer.providers.openai_compatible import OpenAICompatible
from models_ml.writer.providers.openai_wire import ServerConfig
from models_ml.writer.providers.prompts import COPY_SCHEMA
from tests.llm_peer import (
    Peer,
    PeerHandler,
    chunk,
    copy_answer,
    dying,
    garbage,
    peer,
    refusing,
    saying,
)

ASK = [Message("user", "Say something.")]
GOOD = copy_answer(("It is black.", ["colour"]))


def _provider(
    server: Peer | str,
    *,
    ledger: MemoryLedger | None = None,
    breaker: Breaker | None = None,
    tokens: int | None = None,
    **config: Any,
) -> OpenAICompatible:
    url = server if isinstance(server, str) else server.url
    quick = ServerConfig(url, "peer", first_wait=0.001, longest_wait=1.0, timeout=10)
    return OpenAICompatible(
        replace(quick, **config),
        budget=Budget(ledger or MemoryLedger(), daily_tokens=tokens),
        breaker=breaker or Breaker(MemoryCircuit()),
    )


def test_an_answer_comes_with_its_json_its_usage_and_who_gave_it() -> None:
    ledger = MemoryLedger()
    with peer(saying(GOOD)) as server:
        (answer,) = _provider(server, ledger=ledger).generate(ASK, COPY_SCHEMA, seed=7)
    assert answer.parsed["sentences"][0]["facts"] == ["colour"]
    assert (answer.provider, answer.model, answer.finish_reason) == ("openai", "peer", "stop")
    assert answer.usage.tokens == 120
    assert (ledger.requests, ledger.tokens, ledger.failures) == (1, 120, 0)
    asked = server.requests[0]
    assert asked["seed"] == 7
    assert asked["response_format"]["json_schema"]["schema"]["required"] == ["sentences"]


@pytest.mark.parametrize(
    "trouble",
    [
        refusing(429, Retry_After="0.01"),
        refusing(500),
        refusing(503),
        garbage("<html>Bad gateway</html>"),
        garbage('{"choices": ['),
        garbage('{"choices": []}'),
        garbage('{"choices": [{"message": null}]}'),
        garbage('["surprise"]'),
        dying(),
    ],
)
def test_what_passes_is_tried_again_and_counted(trouble: Any) -> None:
    ledger = MemoryLedger()
    with peer(trouble, trouble, saying(GOOD)) as server:
        (answer,) = _provider(server, ledger=ledger).generate(ASK, COPY_SCHEMA)
    assert answer.parsed
    assert (ledger.requests, ledger.failures, ledger.tokens) == (3, 2, 120)


def test_what_does_not_pass_ends_after_the_attempts_allowed() -> None:
    with peer(refusing(500)) as server, pytest.raises(ProviderUnavailable):
        _provider(server, attempts=3).generate(ASK)
    assert len(server.requests) == 3


def test_a_refusal_that_will_not_change_is_not_tried_again() -> None:
    with peer(refusing(401, "who are you")) as server:
        with pytest.raises(ProviderUnavailable, match="who are you"):
            _provider(server).generate(ASK)
        assert len(server.requests) == 1


def test_a_server_that_asks_for_a_long_wait_is_given_up_at_once() -> None:
    with peer(refusing(429, Retry_After="3600")) as server:
        with pytest.raises(ProviderUnavailable):
            _provider(server).generate(ASK)
        assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with peer(saying(GOOD)) as server:
        url = server.url
    with pytest.raises(ProviderUnavailable):
        _provider(url, attempts=2).generate(ASK)


@pytest.mark.parametrize(
    "said", ["Sure, here you are!", '{"sentences": []}', '{"sentences": [{"text": "Half', ""]
)
def test_an_answer_that_breaks_the_schema_is_never_returned(said: str) -> None:
    with peer(saying(said)) as server, pytest.raises(BadAnswer):
        _provider(server).generate(ASK, COPY_SCHEMA)


def test_of_several_answers_those_that_honour_the_schema_are_returned() -> None:
    with peer(saying(GOOD, "nonsense", GOOD)) as server:
        answers = _provider(server).generate(ASK, COPY_SCHEMA, n=3)
    assert [answer.text for answer in answers] == [GOOD, GOOD]


def test_a_server_that_ignores_n_is_asked_until_there_are_enough() -> None:
    with peer(saying("one"), saying("two"), saying("three")) as server:
        answers = _provider(server).generate(ASK, n=3, seed=10)
    assert [answer.text for answer in answers] == ["one", "two", "three"]
    assert [request["seed"] for request in server.requests] == [10, 11, 12]


def test_a_server_that_refuses_options_is_asked_plainly_from_then_on() -> None:
    def picky(handler: PeerHandler, body: dict[str, Any]) -> None:
        reply = refusing(400, "unknown field") if "response_format" in body else saying(GOOD)
        reply(handler, body)

    with peer(picky) as server:
        provider = _provider(server)
        assert provider.generate(ASK, COPY_SCHEMA)[0].parsed
        assert provider.generate(ASK, COPY_SCHEMA)[0].parsed
    assert ["response_format" in request for request in server.requests] == [True, False, False]


def test_a_server_that_wants_the_newer_name_of_the_limit_gets_it() -> None:
    def modern(handler: PeerHandler, body: dict[str, Any]) -> None:
        old = "max_tokens" in body
        reply = refusing(400, "use max_completion_tokens instead") if old else saying("well")
        reply(handler, body)

    with peer(modern) as server:
        provider = _provider(server)
        assert [provider.generate(ASK)[0].text for _ in range(2)] == ["well", "well"]
    assert len(server.requests) == 3


def test_a_stream_is_heard_piece_by_piece_and_returned_whole() -> None:
    heard: list[str] = []
    with peer(saying(GOOD)) as server:
        (answer,) = _provider(server).generate(ASK, COPY_SCHEMA, stream=heard.append)
    assert len(heard) == 3
    assert "".join(heard) == answer.text == GOOD
    assert answer.usage.tokens == 120


def test_a_stream_that_breaks_is_not_begun_anew_for_somebody_who_heard_it() -> None:
    heard: list[str] = []
    ledger = MemoryLedger()
    with peer(dying("The mug"), saying(GOOD)) as server:
        with pytest.raises(ProviderUnavailable):
            _provider(server, ledger=ledger).generate(ASK, stream=heard.append)
        assert len(server.requests) == 1
    assert heard == ["The mug"]
    assert ledger.failures == 1
    assert ledger.tokens > 0


def test_a_stream_that_ends_without_saying_so_is_no_answer() -> None:
    def silent(handler: PeerHandler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.event(chunk("The mug is"))
        handler.end_stream()

    with peer(silent) as server, pytest.raises(ProviderUnavailable, match="mid-stream"):
        _provider(server).generate(ASK, stream=lambda piece: None)


@pytest.mark.parametrize("line", ["{half", '{"error": {"message": "out of memory"}}', '"text"'])
def test_garbage_in_a_stream_before_anything_was_heard_is_tried_again(line: str) -> None:
    def babbling(handler: PeerHandler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.event(line)
        handler.end_stream()

    with peer(babbling, saying(GOOD)) as server:
        (answer,) = _provider(server).generate(ASK, stream=lambda piece: None)
    assert answer.text == GOOD


def test_who_listens_can_stop_the_stream_and_the_server_notices() -> None:
    class Enough(Exception):
        pass

    noticed = threading.Event()

    def endless(handler: PeerHandler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        try:
            while True:
                handler.event(chunk("more " * 100))
        except OSError:
            noticed.set()

    def stop(piece: str) -> None:
        raise Enough

    ledger = MemoryLedger()
    with peer(endless) as server:
        with pytest.raises(Enough):
            _provider(server, ledger=ledger).generate(ASK, stream=stop)
        assert noticed.wait(10)
    assert ledger.tokens > 0


def test_an_answer_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models_ml.writer.providers.openai_wire.LONGEST_BODY", 1000)
    with peer(garbage("x" * 5000)) as server, pytest.raises(ProviderUnavailable, match="end"):
        _provider(server, attempts=1).generate(ASK)


def test_a_server_that_never_answers_is_given_up() -> None:
    gate = threading.Event()
    with peer(lambda handler, body: gate.wait(30) and None) as server:
        with pytest.raises(ProviderUnavailable):
            _provider(server, attempts=1, timeout=0.1).generate(ASK)
        gate.set()


def test_a_server_without_embeddings_is_told_from_one_that_fails() -> None:
    with peer(refusing(404)) as server, pytest.raises(NotSupported):
        _provider(server).embed(["a mug"])
    with peer(refusing(500)) as server, pytest.raises(ProviderUnavailable):
        _provider(server, attempts=1).embed(["a mug"])


def test_embeddings_come_one_for_each_text() -> None:
    def embedding(handler: PeerHandler, body: dict[str, Any]) -> None:
        data = [{"embedding": [float(len(text)), 0.0], "index": 0} for text in body["input"]]
        handler.send(200, json.dumps({"data": data, "model": "peer"}))

    with peer(embedding) as server:
        assert _provider(server).embed(["a", "bcd"]) == [[1.0, 0.0], [3.0, 0.0]]


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(2)

    def counting(handler: PeerHandler, body: dict[str, Any]) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(10)  # answers only once two are here together
        with lock:
            running -= 1
        saying(GOOD)(handler, body)

    with peer(counting) as server, ThreadPoolExecutor(8) as pool:
        provider = _provider(server, concurrency=2)
        list(pool.map(lambda _: provider.generate(ASK), range(8)))
    assert most == 2


def test_after_failures_in_a_row_nothing_is_sent_until_one_call_has_tried() -> None:
    clock = [datetime(2026, 5, 1, tzinfo=UTC)]
    breaker = Breaker(
        MemoryCircuit(), threshold=2, cooldown=timedelta(minutes=1), now=lambda: clock[0]
    )
    with peer(refusing(500), refusing(500), saying(GOOD)) as server:
        provider = _provider(server, breaker=breaker, attempts=1)
        for expected in (ProviderUnavailable, ProviderUnavailable, CircuitOpen, CircuitOpen):
            with pytest.raises(expected):
                provider.generate(ASK)
        assert len(server.requests) == 2
        clock[0] += timedelta(minutes=2)
        assert provider.generate(ASK)[0].text == GOOD
        assert provider.generate(ASK)[0].text == GOOD


def test_a_circuit_that_cooled_down_lets_one_call_try_and_keeps_the_others() -> None:
    clock = [datetime(2026, 5, 1, tzinfo=UTC)]
    breaker = Breaker(MemoryCircuit(), threshold=1, now=lambda: clock[0])
    breaker.failed("down")
    clock[0] += timedelta(minutes=2)
    breaker.before()
    with pytest.raises(CircuitOpen, match="down"):
        breaker.before()


def test_a_spent_budget_sends_nothing() -> None:
    ledger = MemoryLedger()
    with peer(saying(GOOD)) as server:
        provider = _provider(server, ledger=ledger, tokens=200)
        provider.generate(ASK)
        provider.generate(ASK)
        with pytest.raises(BudgetSpent):
            provider.generate(ASK)
    assert len(server.requests) == 2


def test_threads_together_exceed_the_budget_by_no_more_than_is_in_flight() -> None:
    ledger = MemoryLedger()
    with peer(saying(GOOD)) as server, ThreadPoolExecutor(4) as pool:
        provider = _provider(server, ledger=ledger, tokens=1000, concurrency=4)

        def ask(_: int) -> bool:
            try:
                provider.generate(ASK)
            except BudgetSpent:
                return False
            return True

        answered = sum(pool.map(ask, range(40)))
    assert 1000 <= ledger.tokens <= 1000 + 4 * 120
    assert answered * 120 == ledger.tokens


def test_money_is_counted_by_the_price_of_a_million_tokens() -> None:
    ledger = MemoryLedger()
    budget = Budget(ledger, daily_money=Decimal("0.0005"), price=Price(Decimal(2), Decimal(10)))
    with peer(saying(GOOD)) as server:
        provider = OpenAICompatible(
            ServerConfig(server.url, "peer"), budget=budget, breaker=Breaker(MemoryCircuit())
        )
        provider.generate(ASK)
        assert ledger.money == Decimal("0.0004")
        provider.generate(ASK)
        with pytest.raises(BudgetSpent):
            provider.generate(ASK)


def test_usage_that_a_server_does_not_tell_is_estimated() -> None:
    with peer(saying("word " * 100, usage=None)) as server:
        (answer,) = _provider(server).generate(ASK)
    assert 100 <= answer.usage.completion_tokens <= 200


def test_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-very-secret"
    caplog.set_level(logging.DEBUG)
    with peer(refusing(500, f"cannot serve {key}"), refusing(401, f"wrong key: {key}")) as server:
        provider = _provider(server, api_key=key)
        with pytest.raises(ProviderUnavailable) as refused:
            provider.generate(ASK)
    shown = f"{refused.value} {provider.config} {[r.getMessage() for r in caplog.records]}"
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("models_ml")]
    assert ours
    assert key not in f"{refused.value} {provider.config} {ours}"
    assert "wrong key: ***" in shown
