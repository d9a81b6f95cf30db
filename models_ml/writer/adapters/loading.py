"""An adapter over its base model in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.adapters.files import check_base


class AdapterRefused(Exception):
    """The adapter cannot stand over this base model; the message says why."""


def base_folder(name: str) -> Path:
    """Return where the files of a model lie, given its folder or its name on the hub.

    Raises FileNotFoundError for a name whose model was never loaded on this machine.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, ValueError) as missing:
        raise FileNotFoundError(f"{name}: no such folder, and not loaded before") from missing


def with_adapter(model: Any, name: str, folder: Path) -> Any:
    """Return `model`, which was loaded from `name`, with the adapter in `folder` over it.

    The weights are not merged, so that those mapped from disk stay shared. Raises AdapterRefused;
    the model may have been changed then.
    """
    from peft import PeftModel  # a second or more, which a model without an adapter need not wait

    try:
        check_base(folder, base_folder(name))
        return PeftModel.from_pretrained(model, str(folder)).eval()
    except (ArtefactError, OSError, ValueError, RuntimeError, KeyError) as problem:
        raise AdapterRefused(str(problem)) from problem
