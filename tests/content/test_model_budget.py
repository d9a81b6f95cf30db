"""What a language model may cost, when it is left alone, and what its settings lack."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.content.models import Draft, ProviderCircuit, ProviderUsage
from guidance.content.services.providers import chosen_writer, reach_writer
from guidance.content.services.usage import DatabaseCircuit, DatabaseLedger, spent_today
from guidance.core.models import Job, User
from guidance.core.roles import Role
from models_ml.writer.providers import Usage
from models_ml.writer.providers.breaker import Circuit
from models_ml.writer.providers.budget import Spent
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
