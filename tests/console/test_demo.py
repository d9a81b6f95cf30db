"""The demo: each step done once, the same logins every time, dead processes started again."""

import json
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from guidance.console.demo import steps
from guidance.console.demo.people import PEOPLE, ensure_people, secrets_file
from guidance.console.demo.shop import choose_shop, load_state
from guidance.console.demo.supervisor import Child, Supervisor
from guidance.core.models import ApiKey, User
from guidance.core.roles import Role


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.mark.django_db
def test_a_step_is_done_once_and_one_that_broke_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[str] = []

    def good(state: steps.State, shop: Path | None, say: steps.Say) -> None:
        ran.append("good")

    def breaks_first(state: steps.State, shop: Path | None, say: steps.Say) -> None:
        ran.append("fragile")
        if ran.count("fragile") == 1:
            raise CommandError("cut off")

    todo = [steps.Step("good", "Good", good), steps.Step("fragile", "Fragile", breaks_first)]
    monkeypatch.setattr(steps, "STEPS", todo)
    with pytest.raises(CommandError):
        steps.prepare(shop=None, say=lambda line: None)
    assert load_state()["done"] == ["good"]
    steps.prepare(shop=None, say=lambda line: None)
    steps.prepare(shop=None, say=lambda line: None)
    assert ran == ["good", "fragile", "fragile"]


@pytest.mark.django_db
def test_everybody_has_one_login_and_keeps_it() -> None:
    first = ensure_people()
    assert ensure_people() == first
    assert User.objects.count() == len(PEOPLE)
    assert list(PEOPLE.values()).count(Role.MERCHANDISER) == 2
    for username, password in first["people"].items():
        assert User.objects.get(username=username).check_password(password)
    assert ApiKey.objects.count() == len(first["keys"])
    assert secrets_file().stat().st_mode & 0o077 == 0


def test_a_path_without_a_shop_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no-shop"):
        choose_shop(tmp_path / "no-shop", lambda *_: None)


def test_the_real_shop_is_shifted_by_whole_weeks_to_end_today(shared_data: Path) -> None:
    shop = choose_shop(shared_data / "online_retail.parquet", lambda *_: None)
    assert shop.until == date(2011, 11, 26)
    last = date(2011, 12, 9) + timedelta(weeks=shop.shift_weeks)
    today = datetime.now(UTC).date()
    assert today - timedelta(days=6) <= last <= today


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    endless = [sys.executable, "-c", "import signal; signal.pause()"]
    with Supervisor(
        address="127.0.0.1:9", say=lambda line: None, children=[Child("worker", endless)]
    ) as running:
        yield running


def test_a_killed_process_is_started_again(supervisor: Supervisor) -> None:
    (child,) = supervisor.children
    assert child.process is not None
    killed = child.process
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    supervisor.restart_dead()
    assert child.is_alive()
    assert child.process.pid != killed.pid


def test_state_survives_as_json(tmp_path: Path) -> None:
    steps.finish({"done": []}, "choose")
    assert json.loads((tmp_path / "demo.json").read_text()) == {"done": ["choose"]}
