"""What the README tells a person to type does what it says."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.console.demo.generator import generate
from guidance.core.services import create_api_key
from guidance.recommendations.services.surfaces import ensure_surfaces

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)

MANAGE = [
    line for block in BLOCKS for line in re.findall(r"^manage\.py .*?(?=\s+#|$)", block, re.M)
]
MAKE = [line for block in BLOCKS for line in re.findall(r"^make .*", block, re.M)]


def test_the_readme_names_its_commands() -> None:
    assert any(line.startswith("make demo") for line in MAKE)
    assert "make test" in MAKE
    assert MANAGE


@pytest.mark.parametrize("command", MAKE)
def test_a_make_command_has_its_recipe(command: str) -> None:
    dry = subprocess.run(
        ["make", "-n", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "manage.py demo" in dry.stdout or "-m tests" in dry.stdout


@pytest.mark.django_db(transaction=True)
def test_the_api_examples_answer(live_server: LiveServer) -> None:
    Product.objects.create(sku="TEA-0001", title="Green tea", price="9.50")
    ensure_surfaces()
    _key, secret = create_api_key(name="readme", scopes=["read", "events"])
    script = next(block for block in BLOCKS if "API=" in block)
    script = script.replace("http://127.0.0.1:8000", live_server.url)
    script = script.replace("curl -s ", "curl -s -w '\\n%{http_code}\\n' ")
    run = subprocess.run(
        ["bash", "-euc", script],
        env={**os.environ, "KEY": secret},
        capture_output=True,
        text=True,
        check=True,
    )
    codes = re.findall(r"^(\d{3})$", run.stdout, re.M)
    assert codes == ["200"] * script.count("curl -s ")
    assert json.loads(run.stdout.splitlines()[0])["accepted"] == 1
    assert Event.objects.get().product is not None


def test_the_management_commands_do_what_they_say(tmp_path: Path) -> None:
    generate(tmp_path / "shop", end=date(2026, 6, 1), customers=120, products=60, days=42)
    environment = {
        **{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        "SHOPGUIDE_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "shopguide.settings.development",
    }

    def manage(line: str) -> subprocess.CompletedProcess[str]:
        words = line.replace("FOLDER", str(tmp_path / "shop")).split()[1:]
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    for line in MANAGE:
        if line == "manage.py worker":
            continue  # runs until it is stopped: the kill tests run it
        answer = manage(line)
        healthy = 1 if line == "manage.py doctor" else 0  # no worker runs here, and it says so
        assert answer.returncode == healthy, f"{line}\n{answer.stdout}\n{answer.stderr}"
        assert "Traceback" not in answer.stderr
