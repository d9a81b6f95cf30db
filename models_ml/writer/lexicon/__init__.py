"""The words the writer knows, as tab-separated tables that a merchandiser can read and extend."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files


def rows(table: str) -> Iterator[list[str]]:
    """Yield the cells of each row of `table` but comments; cells missing at the end are empty."""
    lines = files(__name__).joinpath(f"{table}.tsv").read_text(encoding="utf-8").splitlines()
    width = max(line.count("\t") for line in lines) + 1
    for line in lines:
        if line.strip() and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("\t")]
            yield cells + [""] * (width - len(cells))


def words(cell: str) -> tuple[str, ...]:
    """The alternatives of one cell, which are separated by `|`."""
    return tuple(word.strip() for word in cell.split("|") if word.strip())
