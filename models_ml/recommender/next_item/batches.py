"""Sequences in batches of like length, so that little is padded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# Lengths are sorted within so many batches: long enough for like to meet like, short enough for
# every epoch to mix anew.
_BATCHES_SORTED = 50
# A small shop's epoch passes over its sequences until it has about as many steps as this, so that
# the number of epochs means the same for every shop.
_LEAST_BATCHES = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """`inputs` (batch, length) and which places are `real`, same shape; `targets` (real places,),
    the item that followed each.
    """

    inputs: Tensor
    real: Tensor
    targets: Tensor


class Batches:
    """What a network learns from: every sequence of two or more items, long ones in windows."""

    def __init__(self, train: Sequence[np.ndarray], length: int, size: int, seed: int) -> None:
        """Raises `ValueError` where no sequence has a second item."""
        self._sequences = [window for one in train for window in _windows(one, length)]
        if not self._sequences:
            raise ValueError("no customer has a second item to learn from")
        self._lengths = np.array([len(one) - 1 for one in self._sequences])
        self._size = size
        self._random = np.random.default_rng(seed)

        self._passes = max(1, round(_LEAST_BATCHES * size / len(self._sequences)))

    def __len__(self) -> int:
        return self._passes * -(-len(self._sequences) // self._size)

    def epoch(self) -> Iterator[Batch]:
        """Every sequence once in a new order; several times where there are few."""
        for _ in range(self._passes):
            yield from self._pass()

    def _pass(self) -> Iterator[Batch]:
        order = self._random.permutation(len(self._sequences))
        wide = self._size * _BATCHES_SORTED
        batches = []
        for start in range(0, len(order), wide):
            chunk = order[start : start + wide]
            chunk = chunk[np.argsort(self._lengths[chunk], kind="stable")]
            batches += [chunk[at : at + self._size] for at in range(0, len(chunk), self._size)]
        for place in self._random.permutation(len(batches)):
            yield self._collate(batches[place])

    def _collate(self, rows: np.ndarray) -> Batch:
        inputs, real = pad([self._sequences[row][:-1] for row in rows])
        targets = np.concatenate([self._sequences[row][1:] for row in rows])
        return Batch(inputs, real, torch.from_numpy(targets))


def _windows(sequence: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Cut from the end, so that what is asked about later is trained at full length. Neighbours
    share one item: the last target of one is the first input of the next.
    """
    for stop in range(len(sequence), 1, -length):
        yield sequence[max(stop - length - 1, 0) : stop]


def pad(sequences: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Items (batch, length), zeros behind, and which of them are real, same shape."""
    lengths = np.array([len(one) for one in sequences])
    real = np.arange(lengths.max()) < lengths[:, None]
    items = np.zeros(real.shape, np.int64)
    items[real] = np.concatenate(sequences)
    return torch.from_numpy(items), torch.from_numpy(real)
