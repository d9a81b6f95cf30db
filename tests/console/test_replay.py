"""A replay over real HTTP against a tiny shop: everything arrives once, marked and shifted."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from guidance.behaviour.models import Event, Source
from guidance.console.importing import import_shop, tail
from guidance.console.replay.plan import plan_sessions
from guidance.console.replay.runner import job_params
from guidance.core.jobs import run_job
from guidance.core.models import ApiKey, Job
from guidance.core.services import create_api_key
from guidance.core.services.jobs import request_job
from guidance.decisions.models import Decision, Outcome
from guidance.experiments.models import Experiment
from guidance.recommendations.models import Surface
from tests.experiments.counted import counted_report as report

pytestmark = pytest.mark.django_db(transaction=True)
WEEKS = 30
CUT = date(2026, 3, 1)
SHOPPERS = 8
PRODUCTS = ["tea", "cup", "pot", "mat", "tin"]


def _rows() -> Iterator[dict[str, Any]]:
    """Purchases before and after the cut, and after it views, carts, ratings and a return."""
    cut = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(SHOPPERS):
        shopper = f"c{number}"
        for place, days in enumerate([-20, -6, 2, 5]):
            at = cut + timedelta(days=days, minutes=10 * number)
            sku = PRODUCTS[(number + place) % len(PRODUCTS)]
            visit = {"customer": shopper, "session": f"{shopper}-{place}"}
            yield {"time": at, "kind": "view", "sku": sku, **visit}
            yield {"time": at + timedelta(minutes=2), "kind": "cart", "sku": sku, **visit}
            bought = {"kind": "purchase", "sku": sku, "basket": f"{shopper}-{place}", **visit}
            yield {"time": at + timedelta(minutes=4), "value": "4.50", **bought}
        later = cut + timedelta(days=8, minutes=number)
        yield {"time": later, "kind": "rating", "sku": sku, "rating": 4, "customer": shopper}
        yield {"time": later, "kind": "return", "sku": sku, "customer": shopper}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    products = [{"sku": sku, "title": sku.title(), "price": "4.50"} for sku in PRODUCTS]
    events = [{**row, "time": row["time"].isoformat()} for row in _rows()]
    for name, rows in [("products", products), ("events", events)]:
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    import_shop(path=folder, until=CUT, shift_weeks=WEEKS)
    Surface.objects.update_or_create(key="home", defaults={"name": "Home"})
    return folder


def _replay(shop: Path, live_server: LiveServer, **more: Any) -> Job:
    params = {"shift_weeks": WEEKS, "shoppers": 100, "seed": 7, "rate": None, **more}
    job = request_job(
        kind="replay",
        params=job_params(shop=shop, since=CUT, base_url=live_server.url, **params),
        start=False,
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED, job.error
    return job


def _replayed() -> Counter[str]:
    return Counter(Event.objects.filter(source=Source.REPLAY).values_list("kind", flat=True))


def test_the_tail_arrives_as_traffic_marked_shifted_and_complete(
    shop: Path, live_server: LiveServer
) -> None:
    held_back = {event.id: event for event in tail(shop, CUT)}
    before = Event.objects.count()
    result = _replay(shop, live_server).result
    replayed = Event.objects.filter(source=Source.REPLAY)
    for event_id, original in held_back.items():
        stored = replayed.get(pk=event_id)
        assert stored.original_time == original.time
        assert stored.occurred_at == original.time + timedelta(weeks=WEEKS)
    decisions = list(Decision.objects.all())
    assert len(decisions) == result["visits"] == 2 * SHOPPERS
    assert {decision.source for decision in decisions} == {Source.REPLAY}
    assert {decision.at - decision.original_time for decision in decisions} == {
        timedelta(weeks=WEEKS)
    }
    assert {decision.arm for decision in decisions} == {"best_baseline", "model"}
    kinds = _replayed()
    assert kinds["impression"] == sum(len(decision.items) for decision in decisions)
    assert kinds["purchase"] == 2 * SHOPPERS
    assert Event.objects.count() == before + sum(kinds.values())
    assert set(Event.objects.real().values_list("source", flat=True)) == {Source.IMPORT}
    rated = replayed.filter(kind="rating", decision__isnull=False).count()
    assert Outcome.objects.counted().count() == kinds["impression"] + kinds["click"] + rated


def test_clicks_are_on_what_was_shown_and_bought_next_whatever_the_arm(
    shop: Path, live_server: LiveServer
) -> None:
    _replay(shop, live_server)
    sessions = plan_sessions(tail(shop, CUT), shoppers=100, seed=7)
    wanted = {
        (session.shopper, session.arrives_at + timedelta(weeks=WEEKS)): session.bought_next
        for session in sessions
        if session.arrives_at
    }
    clicks = Event.objects.filter(kind="click").select_related("customer", "product")
    assert 0 < clicks.count() < 2 * SHOPPERS
    for click in clicks:
        decision = Decision.objects.get(pk=click.decision)
        assert click.product.sku in wanted[click.customer.ref, decision.at]
        assert click.product.sku in {item["sku"] for item in decision.items}
    by_arm = Counter()
    for decision in Decision.objects.select_related("customer"):
        by_arm[decision.customer.ref, decision.arm] += 1
    assert set(by_arm.values()) == {2}  # every shopper stays in one arm
    found = report(Experiment.objects.get())
    assert sum(arm.converted for arm in found.arms) == SHOPPERS


def test_neither_a_second_replay_nor_a_later_full_import_doubles_anything(
    shop: Path, live_server: LiveServer
) -> None:
    _replay(shop, live_server)
    events, decisions = _replayed(), set(Decision.objects.values_list("pk", flat=True))
    total = Event.objects.count()
    again = _replay(shop, live_server).result
    assert again["events known already"] == sum(events.values())
    assert "purchase" not in again
    import_shop(path=shop, shift_weeks=WEEKS)
    assert _replayed() == events
    assert Event.objects.count() == total
    assert set(Decision.objects.values_list("pk", flat=True)) == decisions


def test_a_replay_that_was_cut_off_anywhere_goes_on_without_doubling(
    shop: Path, live_server: LiveServer
) -> None:
    complete = _replay(shop, live_server).result
    kinds, decisions = _replayed(), Decision.objects.count()
    # As a kill leaves it: one decision without its impressions, one session half sent, one gone.
    unseen, half, gone = Decision.objects.order_by("at")[3:6]
    Event.objects.filter(decision=unseen.pk).delete()
    Event.objects.filter(decision=half.pk, position=1).delete()
    Event.objects.filter(customer=half.customer, kind="purchase", source="replay").delete()
    Event.objects.filter(decision=gone.pk).delete()
    Decision.objects.filter(pk=gone.pk).delete()
    _replay(shop, live_server)
    assert Decision.objects.count() == decisions
    assert Decision.objects.filter(pk__in=[unseen.pk, half.pk]).count() == 2
    after = _replayed()
    assert after["purchase"] == kinds["purchase"] == complete["purchase"]
    assert after["impression"] == kinds["impression"]


def test_a_smaller_sample_brings_all_of_its_shoppers_purchases_and_nobody_elses(
    shop: Path, live_server: LiveServer
) -> None:
    result = _replay(shop, live_server, shoppers=4).result
    assert result["shoppers"] == 4
    bought = Event.objects.filter(source=Source.REPLAY, kind="purchase")
    assert sorted(Counter(bought.values_list("customer__ref", flat=True)).values()) == [2] * 4


def test_what_lies_ahead_of_our_clock_waits_for_a_later_replay(
    shop: Path, live_server: LiveServer
) -> None:
    years = 52 * 30
    result = _replay(shop, live_server, shift_weeks=years).result
    assert result["sessions not yet due"] == 3 * SHOPPERS
    assert not _replayed()


def test_the_key_made_for_a_run_is_switched_off_after_it(
    shop: Path, live_server: LiveServer
) -> None:
    _replay(shop, live_server, shoppers=1)
    key = ApiKey.objects.get()
    assert not key.is_active
    assert set(key.scopes) == {"read", "events", "replay"}


def test_the_api_marks_what_it_answers_to_a_replay(storefront: APIClient) -> None:
    Surface.objects.update_or_create(key="home", defaults={"name": "Home"})
    [live] = storefront.get("/api/v1/recommendations?surface=home&customer=c1").json()
    assert "source" not in live
    _key, secret = create_api_key(name="replays", scopes=["read", "replay"])
    storefront.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    [replayed] = storefront.get("/api/v1/recommendations?surface=home&customer=c1").json()
    assert replayed["source"] == "replay"
    sources = Decision.objects.order_by("at").values_list("source", flat=True)
    assert list(sources) == ["live", "replay"]


def test_only_a_replaying_key_may_name_an_original_time(storefront: APIClient) -> None:
    Surface.objects.update_or_create(key="home", defaults={"name": "Home"})
    asked = {"surface": "home", "customer": "c1", "original_time": "2011-12-01T09:00:00Z"}
    answer = storefront.get("/api/v1/recommendations", asked)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/original_time"
    assert not Decision.objects.exists()


def test_the_command_prints_each_arm_and_names_what_is_wrong(
    shop: Path, live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"since": str(CUT), "shift_weeks": WEEKS, "base_url": live_server.url}
    call_command("replay", shop=shop, **options)
    said = capsys.readouterr().out
    assert "best baseline: " in said
    assert "CTR: " in said
    for wrong, match in [
        ({"shop": shop / "nothing"}, "neither a folder nor a file"),
        ({"shop": shop, "shoppers": 0}, "at least 1"),
        ({"shop": shop, "rate": 0}, "above 0"),
        ({"shop": shop, "since": "soon"}, "needs a date"),
        ({}, "no demo here"),
    ]:
        with pytest.raises(CommandError, match=match):
            call_command("replay", **options | wrong)
