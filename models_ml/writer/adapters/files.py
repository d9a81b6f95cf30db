"""The folder of a trained adapter: its weights, and the one base model that it belongs to.

Nothing here imports torch, so that a web process can check a folder before it is promoted.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from models_ml.recommender.artefacts import ArtefactError, read_manifest, write_manifest

KIND = "writer adapter"
BASE = "base_model"
"""What the base model alone is called, beside the adapter that is measured over it."""
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
_SAMPLES, _SAMPLE_BYTES = 64, 64 * 1024
_DESCRIBING = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def base_fingerprint(folder: Path) -> str:
    """Return what tells a base model's files from any other's; raises ArtefactError without any.

    What describes the model is read whole; of its weights, which take gigabytes, the size and
    pieces spread over all of each file, so that another fine-tuning of the same network differs.
    """
    weights = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    if not weights:
        raise ArtefactError(f"{folder.name}: no weights of a model lie there")
    digest = hashlib.sha256()
    for path in [folder / name for name in _DESCRIBING if (folder / name).is_file()]:
        digest.update(path.name.encode() + path.read_bytes())
    for path in weights:
        digest.update(f"{path.name} {path.stat().st_size}".encode())
        _add_samples(digest, path)
    return digest.hexdigest()


def _add_samples(digest: Any, path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(size * number // _SAMPLES)
            digest.update(file.read(_SAMPLE_BYTES))


def write_files(folder: Path, facts: dict[str, Any], base: str) -> None:
    """List the adapter's files; `base` is its base model's fingerprint, `facts` what was learned.

    They are readable by all, since who serves may be another user than who trained.
    """
    for name in (WEIGHTS, CONFIG):
        (folder / name).chmod(0o644)
    write_manifest(folder, [WEIGHTS, CONFIG], {"kind": KIND, "base": base, **facts})


def read_files(folder: Path) -> dict[str, Any]:
    """Return an adapter's manifest; raises ArtefactError for files that cannot serve."""
    manifest = read_manifest(folder)
    if manifest.get("kind") != KIND:
        raise ArtefactError("manifest.json: not of a writer's adapter")
    return manifest


def check_base(folder: Path, base: Path) -> None:
    """Raise ArtefactError unless the adapter's files are whole and belong to this base model."""
    manifest = read_files(folder)
    if manifest["base"] != base_fingerprint(base):
        raise ArtefactError(
            f"the adapter was trained for another base model than {base.name}: train one for it"
        )
