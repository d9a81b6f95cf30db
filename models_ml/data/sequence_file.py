"""Reads a shop's sequences from text: one customer a line, `user item item ...`, oldest first."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse


class BadSequences(ValueError):
    """A file of sequences or attributes cannot be read; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """Customers' items in the order they came, items numbered from 0 at random.

    Customer c owns `items[offsets[c]:offsets[c + 1]]`. `attributes` (catalogue, attributes) holds a
    one for what an item has; it has no columns where nothing is known.
    """

    items: np.ndarray
    offsets: np.ndarray
    attributes: sparse.csr_array

    @property
    def catalogue(self) -> int:
        return int(self.attributes.shape[0])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, customer: int) -> np.ndarray:
        """One customer's items, oldest first."""
        return self.items[self.offsets[customer] : self.offsets[customer + 1]]


def read_sequences(path: Path, attributes: Path | None, seed: int) -> Sequences:
    """Read a file and number its items in a random order that `seed` fixes, so that nothing can be
    learned from the order of their ids.

    `attributes` is JSON, `{item: [attribute, ...]}`; items that no customer has are left out.
    Raises `BadSequences`.
    """
    lines = _read_lines(path)
    names = np.array(sorted({item for line in lines for item in line}))
    shuffled = np.random.default_rng(seed).permutation(len(names))
    numbers = dict(zip(names.tolist(), shuffled.tolist(), strict=True))
    lengths = [len(line) for line in lines]
    return Sequences(
        items=np.array([numbers[item] for line in lines for item in line], np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        attributes=_read_attributes(attributes, numbers),
    )


def _read_lines(path: Path) -> list[list[str]]:
    lines: list[list[str]] = []
    places: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                user, *items = line.split() or [""]
                if not user:
                    continue
                if not items:
                    raise BadSequences(f"{path}, line {number}: customer {user} has no items")
                if user in places:
                    raise BadSequences(
                        f"{path}, line {number}: customer {user} stands on line {places[user]} too"
                    )
                places[user] = number
                lines.append(items)
    except OSError as error:
        raise BadSequences(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadSequences(f"{path}: not UTF-8 text ({error.reason})") from error
    if not any(len(items) > 2 for items in lines):
        raise BadSequences(
            f"{path}: no customer has three items, one to learn from, one to choose by and one to "
            "test on"
        )
    return lines


def _read_attributes(path: Path | None, numbers: dict[str, int]) -> sparse.csr_array:
    if path is None:
        return sparse.csr_array((len(numbers), 0), dtype=np.float32)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSequences(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadSequences(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict) or not all(isinstance(one, list) for one in content.values()):
        raise BadSequences(f"{path}: must be an object with a list of attributes for each item")
    known = {
        item: sorted({str(one) for one in of}) for item, of in content.items() if item in numbers
    }
    columns = {name: place for place, name in enumerate(sorted(set().union(*known.values())))}
    rows = np.array([numbers[item] for item, of in known.items() for _ in of], np.int64)
    places = np.array([columns[one] for of in known.values() for one in of], np.int64)
    ones = np.ones(len(rows), np.float32)
    return sparse.csr_array((ones, (rows, places)), shape=(len(numbers), len(columns)))
