"""A web process serves every route without torch: 450 MB and ten seconds nobody needs there."""

import os
import subprocess
import sys
from pathlib import Path

SERVE = """
import sys, django
django.setup()
from tests.serve_everything import main
from pathlib import Path
main(Path(sys.argv[1]))
"""

PROMOTE = """
import sys, django
django.setup()
from pathlib import Path
from guidance.training.hooks import recipe
found = recipe("writer_adapter")
assert "LLM_PATH" in found.what_is_lacking()
try:
    found.check(Path("nowhere"), "model")
except Exception as problem:
    assert "missing" in str(problem)
else:
    raise AssertionError("a folder that is not there was found well")
from tests.serve_everything import HEAVY
assert not HEAVY & set(sys.modules), HEAVY & set(sys.modules)
"""


def test_an_adapter_is_checked_for_promotion_without_torch(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LLM_")}
    done = subprocess.run(
        [sys.executable, "-c", PROMOTE],
        cwd=Path(__file__).resolve().parents[1],
        env={
            **environment,
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.test",
            "SHOPGUIDE_VAR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_every_route_is_served_without_torch(trained_recommender: Path, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(trained_recommender)],
        cwd=Path(__file__).resolve().parents[1],
        env={
            **environment,
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.test",
            "SHOPGUIDE_VAR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[-1]) > 40
