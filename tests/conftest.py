"""What tests share: the data folder, people of each role, a storefront's client."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from rest_framework.test import APIClient

from guidance.core import throttling
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.core.services import create_api_key, create_person
from guidance.core.throttling import ApiKeyThrottle
from tests.trained import trained_folder

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; a test that needs it is skipped, visibly, where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def trained_recommender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny recommender's folder, shared by the processes of the run; copy before breaking it."""
    own = tmp_path_factory.getbasetemp()
    return trained_folder(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(autouse=True)
def calls_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts at no calls, and none of its calls has to tell other processes."""
    ApiKeyThrottle.counts.clear()
    monkeypatch.setattr(throttling, "SHARE_SECONDS", float("inf"))


@pytest.fixture(autouse=True)
def spoken_language() -> Iterator[None]:
    """A page asked for in Chinese leaves its thread speaking it; each test starts in English."""
    yield
    translation.deactivate()


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Make a person of a role: `person(Role.ANALYST)`."""

    def make(role: Role, username: str = "", language: str = "en") -> User:
        return create_person(
            username=username or f"a-{role.value.replace(' ', '-')}",
            password="correct horse battery staple",
            role=role,
            language=language,
        )

    return make


@pytest.fixture
def desk(person: Callable[..., User]) -> Callable[..., Client]:
    """A browser's session at the desk: `desk(Role.MARKETER)`."""

    def open_desk(role: Role, username: str = "") -> Client:
        client = Client()
        client.force_login(
            person(role, username), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client

    return open_desk


@pytest.fixture
def storefront(db: None) -> APIClient:
    """A storefront's server with a key of every scope."""
    _key, secret = create_api_key(name="storefront", scopes=["read", "events", "write"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client
