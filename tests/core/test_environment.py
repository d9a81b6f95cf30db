"""What the suite needs of the machine is there; CI must have all of it."""

import os
import shutil

import pytest

from tests import postgres


@pytest.mark.parametrize("tool", ["postgresql", "chromium", "gettext"])
def test_the_machine_has(tool: str) -> None:
    found = {
        "postgresql": postgres.find_binaries(),
        "chromium": shutil.which("chromium") or shutil.which("google-chrome"),
        "gettext": shutil.which("xgettext"),
    }[tool]
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{tool} is not installed: what needs it is skipped on this machine")
    assert found is not None
