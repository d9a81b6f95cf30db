"""Reads the shops that benches train on."""

from pathlib import Path

import pandas as pd

from models_ml.data.content import ItemFacts
from models_ml.data.generated_shop import read_end, read_generated_items, read_generated_shop
from models_ml.data.online_retail import read_online_retail, read_retail_items


def read_shop(path: Path) -> tuple[pd.DataFrame, pd.Timestamp | None]:
    """Return the interactions of an Online Retail file or of a generated shop's folder, and the end
    of its data; None where the last purchase ends them.
    """
    if path.is_dir():
        return read_generated_shop(path), read_end(path)
    return read_online_retail(path), None


def read_items(path: Path) -> list[ItemFacts]:
    """Return what the products of such a shop say about themselves."""
    return read_generated_items(path) if path.is_dir() else read_retail_items(path)
