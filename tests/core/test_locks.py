"""A lock that goes with the process that holds it, seen from other processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from guidance.core.locks import hold_while_alive, still_held

HOLDER = """
import sys, django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from guidance.core.locks import hold_while_alive
with hold_while_alive("probe") as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""


@contextmanager
def _other_process() -> Iterator[subprocess.Popen[str]]:
    """A process that tries to hold the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(connection.settings_dict["NAME"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "shopguide.settings.test"},
    ) as process:
        yield process


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_held_is_free_at_once_and_no_sooner() -> None:
    with _other_process() as process:
        assert _said(process) == "True"
        assert still_held(["probe", "another"]) == {"probe"}
        with hold_while_alive("probe") as mine:
            assert not mine
        assert still_held(["probe"]) == {"probe"}
        process.send_signal(signal.SIGKILL)
        process.wait()
        # A server takes a moment to see that its client is gone.
        assert any(not still_held(["probe"]) for _try in range(10_000))
    with hold_while_alive("probe") as mine:
        assert mine


@pytest.mark.django_db(transaction=True)
def test_what_is_held_here_is_seen_from_elsewhere_until_the_body_ends() -> None:
    with hold_while_alive("probe") as mine, _other_process() as process:
        assert mine
        assert _said(process) == "False"
    assert not still_held(["probe"])
    with _other_process() as process:
        assert _said(process) == "True"
        process.communicate("")
