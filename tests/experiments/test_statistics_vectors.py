"""Our statistics against published figures.

Every file named in STATS_VECTORS (comma-separated) is read; without it, that of the shared data.
"""

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.experiments.published import differences, vectors_of

DEFAULT = SHARED / "experiments" / "stats_vectors.json"


def _named() -> list[Path]:
    names = (name.strip() for name in os.environ.get("STATS_VECTORS", "").split(","))
    return [Path(name) for name in names if name]


def _parameters() -> list[Any]:
    named = _named()
    if not named and not DEFAULT.is_file():
        reason = f"needs the published figures in {DEFAULT}"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]
    # A file that was asked for by name and is not there is an error, not a skip.
    return [
        pytest.param(vector, id=f"{path.stem}-{number}-{vector.get('name', '')}")
        for path in named or [DEFAULT]
        for number, vector in enumerate(vectors_of(path))
    ]


@pytest.mark.parametrize("vector", _parameters())
def test_published_figures(vector: dict[str, Any]) -> None:
    assert not list(differences(vector))


@pytest.fixture(scope="module")
def vectors(shared_data: Path) -> list[dict[str, Any]]:
    return vectors_of(DEFAULT)


def _changed(vector: dict[str, Any], place: str, key: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(vector)
    (changed if not place else changed[place])[key] = value
    return changed


def test_what_a_vector_holds_and_we_do_not_know_is_an_error(vectors: list[dict[str, Any]]) -> None:
    for vector in vectors:
        for strange in (
            _changed(vector, "", "test", "oracle"),
            _changed(vector, "", "weather", "fine"),
            _changed(vector, "config", "moon", "full"),
            _changed(vector, "input", "moon", "full"),
            _changed(vector, "expected", "moon", 1.0),
        ):
            with pytest.raises(AssertionError, match="not understood"):
                list(differences(strange))


def test_a_last_digit_that_is_off_is_found(vectors: list[dict[str, Any]]) -> None:
    for vector in vectors:
        for key, value in vector["expected"].items():
            if isinstance(value, float):
                off = value + 1.1 * 10.0 ** -vector["decimals"]
                assert list(differences(_changed(vector, "expected", key, off))), vector["name"]
