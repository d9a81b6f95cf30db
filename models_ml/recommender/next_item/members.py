"""Networks of several seeds, fitted side by side in processes of one thread each.

Two processes of one thread finish more steps than one process of two: a step's matrices are small.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.special import log_softmax

from models_ml.recommender.next_item.fit import Epoch, FitSettings, fit, scorer
from models_ml.recommender.next_item.initial import initial_vectors
from models_ml.recommender.next_item.leave_one_out import Split
from models_ml.recommender.next_item.model import NextItemConfig, NextItemModel

# More of them add ever less: on Beauty's validation items the first two gave most of the gain.
MOST_MEMBERS = 6
# A further round begins only where so much of the last round's time is left.
_NEEDED_AGAIN = 1.05


@dataclass(frozen=True, slots=True)
class Member:
    """A fitted network with its learning curve."""

    model: NextItemModel
    curve: list[Epoch]


@dataclass(frozen=True, slots=True)
class Task:
    """One network to fit; all of it travels to another process."""

    split: Split
    attributes: sparse.csr_array
    config: NextItemConfig
    settings: FitSettings
    seed: int
    # Where its learning curve is told while it runs, and kept with the weights once it has ended.
    file: Path


def fit_members(
    task: Task, workers: int, minutes: float, on_member: Callable[[int, Member], None]
) -> list[Member]:
    """Fit rounds of `workers` networks until another round would pass `minutes`, or there are
    `MOST_MEMBERS`. Networks whose files are there already are read instead.

    `task` is the first; the others differ in seed and file.
    """
    started = time.monotonic()
    members: list[Member] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        while len(members) < MOST_MEMBERS:
            began = time.monotonic()
            left = minutes - (began - started) / 60
            count = min(workers, MOST_MEMBERS - len(members))
            settings = replace(task.settings, minutes=left)
            numbers = range(len(members), len(members) + count)
            tasks = [
                replace(
                    task,
                    settings=settings,
                    seed=task.seed + number,
                    file=task.file.with_stem(f"{task.file.stem}-{number}"),
                )
                for number in numbers
            ]
            for future in as_completed([pool.submit(fit_to_file, one) for one in tasks]):
                future.result()
            for number, one in zip(numbers, tasks, strict=True):
                members.append(read_member(one))
                on_member(number, members[-1])
            took = time.monotonic() - began
            if time.monotonic() - started + took * _NEEDED_AGAIN > minutes * 60:
                break
    return members


def fit_to_file(task: Task) -> None:
    """Fit one network on one thread and write it, unless its file says that this was done."""
    if task.file.exists():
        return
    torch.set_num_threads(1)
    torch.manual_seed(task.seed)
    model = NextItemModel(task.config, task.attributes)
    catalogue = task.attributes.shape[0]
    vectors = initial_vectors(task.split.train, catalogue, task.config.dim, task.seed)
    if vectors is not None:
        model.vectors.start_from(vectors)
    curve = fit(task.split, model, task.settings, task.seed)
    part = task.file.with_suffix(".part")
    torch.save({"state": model.state_dict(), "curve": curve_rows(curve)}, part)
    part.rename(task.file)


def read_member(task: Task) -> Member:
    """Open what `fit_to_file` wrote."""
    content = torch.load(task.file, weights_only=True)
    model = NextItemModel(task.config, task.attributes)
    model.load_state_dict(content["state"])
    return Member(model, [Epoch(**row) for row in content["curve"]])


def curve_rows(curve: Sequence[Epoch]) -> list[dict[str, Any]]:
    """A learning curve ready for JSON."""
    return [
        {
            "epoch": one.epoch,
            "loss": one.loss,
            "validation_ndcg": one.validation_ndcg,
            "seconds": one.seconds,
        }
        for one in curve
    ]


def mean_scorer(members: Sequence[Member]) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """Mean log probability over the members, (customers, catalogue): their geometric mean."""
    scorers = [scorer(member.model) for member in members]

    def score(contexts: Sequence[np.ndarray]) -> np.ndarray:
        total: np.ndarray = sum(log_softmax(one(contexts), axis=1) for one in scorers)
        return total / len(scorers)

    return score
