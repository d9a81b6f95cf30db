"""A tiny shop that was trained on, and helpers that write frames by hand."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.trained import trained_folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained folder, shared by the processes of the run; copy it before breaking it."""
    own = tmp_path_factory.getbasetemp()
    return trained_folder(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def purchases() -> Callable[..., pd.DataFrame]:
    """Write baskets by hand: `purchases(("anna", "2026-03-01", "cup", "tea"), ...)`."""

    def write(*baskets: tuple[str, ...], kind: str = "purchase") -> pd.DataFrame:
        rows = [
            (customer, item, pd.Timestamp(day, tz="UTC"), kind, f"{customer} {day}", 1.0)
            for customer, day, *items in baskets
            for item in items
        ]
        return pd.DataFrame(
            rows, columns=["customer", "item", "time", "kind", "basket", "quantity"]
        )

    return write
