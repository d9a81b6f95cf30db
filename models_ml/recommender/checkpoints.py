"""What a training has finished, on disk, so that a killed one goes on instead of starting over."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from models_ml.data.content import ItemFacts

_FOLDER = "checkpoints"
_FINGERPRINT = "fingerprint.txt"


class Checkpoints:
    """Finished steps by name, valid for one frame and one configuration; any other pair starts with
    none.
    """

    def __init__(self, directory: Path, fingerprint: str) -> None:
        self._folder = directory / _FOLDER
        marker = self._folder / _FINGERPRINT
        if self._folder.exists() and (not marker.exists() or marker.read_text() != fingerprint):
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        marker.write_text(fingerprint)

    def folder_for(self, name: str) -> Path:
        """Where a library may keep checkpoints of its own; made when missing."""
        path = self._folder / name
        path.mkdir(exist_ok=True)
        return path

    def read_json(self, name: str) -> Any | None:
        path = self._folder / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def write_json(self, name: str, content: Any) -> None:
        part = self._folder / f"{name}.json.part"
        part.write_text(json.dumps(content))
        os.replace(part, self._folder / f"{name}.json")

    def read_state(self, name: str) -> dict[str, Any] | None:
        """What `write_state` stored; tensors and plain values only."""
        path = self._folder / f"{name}.pt"
        return torch.load(path, weights_only=True) if path.exists() else None

    def write_state(self, name: str, state: dict[str, Any]) -> None:
        part = self._folder / f"{name}.pt.part"
        torch.save(state, part)
        os.replace(part, self._folder / f"{name}.pt")


def fingerprint(frame: pd.DataFrame, items: Sequence[ItemFacts], settings: dict[str, Any]) -> str:
    """A digest of the cleaned rows, of what the products say and of the settings that change what
    is learned.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(repr(sorted(items, key=lambda one: one.item)).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()
