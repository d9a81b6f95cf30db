"""What a language model may cost, when it is left alone, and what its settings lack."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.console.doctor import check_language_model
from guidance.content.models import Draft, ProviderCircuit, ProviderUsage
from guidance.content.presentation import failure_in_words
from guidance.content.services.providers import chosen_writer, reach_writer
from guidance.content.services.usage import DatabaseCircuit, DatabaseLedger, spent_today
from guidance.core.models import Job, User
from guidance.core.roles import Role
from models_ml.writer.providers import Usage
from models_ml.writer.providers.breaker import Circuit
from models_ml.writer.providers.budget import Spent
from shopguide.settings.limits import amount, whole
from tests.content.conftest import MakeProduct, Served
from tests.content.model_texts import GOOD, run_drafting
from tests.llm_peer import refusing
from tests.llm_peer import saying as saying_text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("uk_market")]


def test_a_dead_server_is_left_alone_and_every_product_gets_its_draft(
    make_product: MakeProduct, served: Served
) -> None:
    for number in range(12):
        make_product(f"mug-{number}")
    with served(refusing(401)) as server:
        run_drafting()
    reasons = list(Draft.objects.values_list("fallback_reason", flat=True))
    assert len(reasons) == Job.objects.get().result["fallbacks"] == 12
    assert set(reasons) == {"unavailable", "circuit_open"}
    assert len(server.requests) < 6
    circuit = ProviderCircuit.objects.get()
    assert circuit.open_until > timezone.now()


def test_once_the_day_is_spent_nothing_more_is_sent(
    make_product: MakeProduct, served: Served
) -> None:
    for number in range(8):
        make_product(f"mug-{number}", title="Voyager Mug")
    with served(saying_text(GOOD), LLM_DAILY_TOKENS=300) as server:
        run_drafting()
    assert 3 <= len(server.requests) <= 4
    by_reason = list(Draft.objects.values_list("provider", "fallback_reason"))
    assert by_reason.count(("openai", "")) == len(server.requests)
    assert by_reason.count(("builtin", "budget_spent")) == 8 - len(server.requests)


def test_people_read_what_was_spent_and_whether_the_model_is_called(
    make_product: MakeProduct, served: Served, client: Client, person: Callable[..., User]
) -> None:
    for number in range(5):
        make_product(f"mug-{number}")
    client.force_login(
        person(Role.ANALYST, "ana"), backend="django.contrib.auth.backends.ModelBackend"
    )
    with served(saying_text(GOOD), refusing(401), LLM_DAILY_TOKENS=9000):
        run_drafting()
        page = client.get(reverse("admin:content_providerusage_changelist")).content.decode()
    assert "120 of 9,000" in page
    assert "left alone until" in page


def test_processes_that_record_at_once_lose_nothing() -> None:
    ledger = DatabaseLedger("openai", "peer")
    start = threading.Barrier(4)

    def record() -> None:
        start.wait(10)
        try:
            for _ in range(5):
                ledger.record(usage=Usage(10, 2), money=Decimal("0.001"), is_failure=False)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spent_today() == Spent(240, Decimal("0.02"))
    assert ProviderUsage.objects.get().requests == 20


def test_of_many_who_wait_for_a_circuit_one_tries_it() -> None:
    circuit = DatabaseCircuit("openai", "peer")
    now = timezone.now()
    for _ in range(2):
        circuit.fail(reason="down", threshold=2, open_until=now)
    assert circuit.read() == Circuit(2, now, "down")
    later = now + timedelta(minutes=1)
    claims = [circuit.claim_probe(now=later, open_until=later) for _ in range(1)]
    claims += [circuit.claim_probe(now=now, open_until=later) for _ in range(3)]
    assert claims == [True, False, False, False]
    circuit.succeed()
    assert circuit.read() == Circuit()


def test_settings_that_lack_something_say_what(settings: LazySettings) -> None:
    settings.WRITER_PROVIDER, settings.LLM_URL, settings.LLM_MODEL = "openai", "http://x", ""
    with pytest.raises(Exception, match="LLM_MODEL"):
        chosen_writer()
    settings.WRITER_PROVIDER = "gpt"
    with pytest.raises(Exception, match="none of builtin, openai, transformers"):
        chosen_writer()


def test_the_doctor_tells_whether_the_server_has_the_model(served: Served) -> None:
    with served(saying_text(GOOD)):
        assert reach_writer()[0]
    with served(saying_text(GOOD), LLM_MODEL="another"):
        is_well, detail = reach_writer()
    assert not is_well
    assert json.dumps("peer")[1:-1] in detail


def test_a_limit_of_zero_calls_no_model(make_product: MakeProduct, served: Served) -> None:
    make_product("mug", title="Voyager Mug")
    with served(saying_text(GOOD), LLM_DAILY_TOKENS=0) as server:
        run_drafting()
    assert not server.requests
    assert Draft.objects.get().fallback_reason == "budget_spent"


@pytest.mark.parametrize(
    ("said", "expected"), [("", None), (" ", None), ("0", 0), ("0.00", 0), ("300", 300)]
)
def test_an_empty_limit_is_none_and_zero_is_zero(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: int | None
) -> None:
    monkeypatch.setenv("LLM_DAILY_TOKENS", said)
    assert whole("LLM_DAILY_TOKENS", "5") == expected
    assert amount("LLM_DAILY_TOKENS", "5") == expected


@pytest.mark.parametrize("said", ["-1", "many", "NaN", "Infinity", "1,000"])
def test_what_is_no_limit_is_named(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("LLM_DAILY_TOKENS", said)
    with pytest.raises(ImproperlyConfigured, match="LLM_DAILY_TOKENS"):
        whole("LLM_DAILY_TOKENS")


def test_half_a_token_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_DAILY_TOKENS", "0.5")
    with pytest.raises(ImproperlyConfigured, match="whole"):
        whole("LLM_DAILY_TOKENS")


def test_settings_load_with_empty_prices() -> None:
    names = ("LLM_PRICE_PROMPT", "LLM_PRICE_COMPLETION", "LLM_DAILY_TOKENS", "LLM_DAILY_MONEY")
    said = "from shopguide.settings import base as b; print(b.LLM_PRICE_PROMPT, b.LLM_DAILY_TOKENS)"
    environment = {**os.environ, **dict.fromkeys(names, "")}
    ran = subprocess.run(
        [sys.executable, "-c", said], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["0", "None"]


def test_the_doctor_names_a_library_that_cannot_be_imported(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WRITER_PROVIDER, settings.LLM_URL, settings.LLM_MODEL = "openai", "http://x", "peer"
    for name in ("openai_compatible", "openai_wire"):
        monkeypatch.delitem(sys.modules, f"models_ml.writer.providers.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "openai", None)
    diagnosis = check_language_model()
    assert not diagnosis.is_well
    assert "openai" in diagnosis.detail
    assert "install what is missing" in str(diagnosis.fix)


@pytest.mark.parametrize(
    ("kept", "english"),
    [
        ("HTTP 401: no key", "the server refused (HTTP 401): no key"),
        ("no whole answer within 2.5 s", "no whole answer within 2.5 seconds"),
        ("the server stopped in mid-stream", "the server stopped in mid-stream"),
        ("ConnectError: refused", "ConnectError: refused"),
        ("", "–"),
    ],
)
def test_people_read_why_the_model_failed(kept: str, english: str) -> None:
    assert failure_in_words(kept) == english
