"""Serves every route as a web process would, then tells whether torch came along.

`test_web_imports` runs it in a process of its own, because the test's process imports what it
likes.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import get_resolver

from guidance.core.services import create_api_key
from guidance.recommendations.models import Surface
from guidance.recommendations.state import state
from tests import factories

HEAVY = {
    *("torch", "transformers", "peft", "trl", "accelerate", "datasets"),
    *("onnxscript", "sklearn", "openai"),
}


def main(trained: Path) -> None:
    """Serve everything; exit with a message where an answer fails or torch was imported."""
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    _make_shop(trained)
    served = _serve_all()
    imported = HEAVY & set(sys.modules)
    assert not imported, f"a web process imported {imported}"
    sys.stdout.write(f"served {served}\n")


def _make_shop(trained: Path) -> None:
    factories.product(sku="tea")
    factories.event(customer=factories.customer(ref="ann"))
    Surface.objects.create(key="home", name="Home", deadline_ms=5_000)
    shutil.copytree(trained, Path(settings.MODEL_DIR) / "trained")
    factories.model_version(directory="trained", status="promoted")


def _serve_all() -> int:
    _key, secret = create_api_key(name="all", scopes=["read", "events", "write"])
    key = {"headers": {"Authorization": f"Bearer {secret}"}}
    desk = Client(raise_request_exception=False)
    root = get_user_model().objects.create_superuser("root", password="x")
    desk.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    served = 0
    for path in sorted(set(_paths(get_resolver().url_patterns))):
        is_api = path.startswith("/api/")
        for method in ("get", "post") if is_api else ("get",):
            response = getattr(desk, method)(path, content_type="application/json", **key)
            assert response.status_code < 500, f"{method} {path}: {response.status_code}"
            served += 1
    answer = desk.get("/api/v1/recommendations?surface=home&customer=ann", **key).json()[0]
    assert answer["decision_id"], answer
    assert state.version is not None
    assert set(state.version.rankers) >= {"model", "co_occurrence"}, state.version.broken
    return served


def _paths(patterns: Any, prefix: str = "") -> Iterator[str]:
    """Every address that needs no id, and the products' with a SKU put in."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _paths(pattern.url_patterns, route)
        else:
            path = "/" + route.replace("<str:sku>", "tea").replace("^", "").replace("$", "")
            if not set("<(") & set(path) and "logout" not in path:
                yield path
