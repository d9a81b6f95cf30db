"""The folder that a training leaves behind: written once, listed with checksums, checked before it
is used.
"""

import hashlib
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

MANIFEST = "manifest.json"
PARAMETERS = "parameters.json"
FORMAT = 1


class ArtefactError(Exception):
    """A model file is missing, changed or unreadable; the message names file and problem."""


class OutdatedFiles(ArtefactError):
    """An earlier version wrote the folder, without a file that is needed now: only a training
    mends it.
    """


def write_manifest(directory: Path, names: list[str], facts: dict[str, Any]) -> None:
    """List the files with their sha256, last of all and in one step, so that a folder with a
    manifest is complete.
    """
    content = {
        "format": FORMAT,
        **facts,
        "files": {name: file_digest(directory / name) for name in sorted(names)},
    }
    temporary = directory / f"{MANIFEST}.part"
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(temporary, directory / MANIFEST)


def read_manifest(directory: Path, only: Collection[str] | None = None) -> dict[str, Any]:
    """Return the manifest after checking its format and its files: all of them, or `only` these.

    Raises `ArtefactError`, and `OutdatedFiles` where one of `only` was never written.
    """
    manifest = read_json(directory / MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtefactError(f"{MANIFEST}: not a manifest of format {FORMAT}")
    for name in manifest["files"] if only is None else only:
        if name not in manifest["files"]:
            raise OutdatedFiles(f"{name}: an earlier version wrote the folder, without this file")
        path = directory / name
        if not path.is_file():
            raise ArtefactError(f"{name}: the file is missing")
        if file_digest(path) != manifest["files"][name]:
            raise ArtefactError(f"{name}: the content does not match its sha256 in the manifest")
    return manifest


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> Any:
    """Raises `ArtefactError` when the file is missing or no JSON."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ArtefactError(f"{path.name}: the file is missing") from error
    except ValueError as error:
        raise ArtefactError(f"{path.name}: not readable as JSON ({error})") from error


def read_array(path: Path) -> np.ndarray:
    """Map an array into memory, shared between processes. Raises `ArtefactError`."""
    try:
        # A plain view: indexing a `memmap` wraps every answer anew.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except FileNotFoundError as error:
        raise ArtefactError(f"{path.name}: the file is missing") from error
    except (ValueError, EOFError, OSError) as error:
        raise ArtefactError(f"{path.name}: not readable as an array ({error})") from error
