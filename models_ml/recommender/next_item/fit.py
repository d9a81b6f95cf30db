"""Fits the network within a given time and keeps the epoch that validated best."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models_ml.recommender.next_item.batches import Batch, Batches, pad
from models_ml.recommender.next_item.leave_one_out import Split, mean_ndcg
from models_ml.recommender.next_item.model import NextItemModel

_BETAS = (0.9, 0.98)
# The learning rate rises over this share of the way, then falls as a cosine to `_LAST_RATE` of it.
_WARM_UP = 0.05
_LAST_RATE = 0.05
_MOST_CHOOSING = 20_000


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a network is fitted. The learning rate follows whichever is further: the epochs, or the
    minutes. Chosen on Amazon Beauty's validation items: of dropout .3, .4 and .5 (NDCG@10 .0702,
    .0718, .0706), learning rates 2e-3 and 3e-3 (.0694, .0686 after 12 epochs).
    """

    epochs: int = 20
    minutes: float = 10.0
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    negatives: int = 1_024
    patience: int = 6


@dataclass(frozen=True, slots=True)
class Epoch:
    """One line of the learning curve; `seconds` of learning since the start, without measuring."""

    epoch: int
    loss: float
    validation_ndcg: float
    seconds: float


def fit(
    split: Split,
    model: NextItemModel,
    settings: FitSettings,
    seed: int,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:
    """Fit `model` in place and return its learning curve; it ends as after its best epoch by
    validation NDCG@10. The time limit cuts an epoch short.
    """
    started = time.monotonic()
    torch.manual_seed(seed)
    batches = Batches(split.train, model.config.length, settings.batch_size, seed)
    chosen_by = split.validation.sample(_MOST_CHOOSING, seed)
    trainer = _Trainer(model, settings, settings.epochs * len(batches), started)
    curve: list[Epoch] = []
    best, best_ndcg, spent = None, -1.0, 0.0
    for number in range(1, settings.epochs + 1):
        began = time.monotonic()
        loss = trainer.run(batches)
        spent += time.monotonic() - began
        ndcg = mean_ndcg(scorer(model), chosen_by)
        curve.append(Epoch(number, loss, ndcg, spent))
        on_epoch(curve[-1])
        if ndcg > best_ndcg:
            best, best_ndcg, best_number = _copy(model), ndcg, number
        if trainer.is_over or number - best_number >= settings.patience:
            break
    if best is not None:
        model.load_state_dict(best)
    return curve


def scorer(model: NextItemModel) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """What scores (customers, catalogue) from the items that came before, the oldest first."""
    model.eval()
    with torch.inference_mode():
        vectors = model.vectors.all()

    def score(contexts: Sequence[np.ndarray]) -> np.ndarray:
        items, real = pad([context[-model.config.length :] for context in contexts])
        with torch.inference_mode():
            states = model(vectors[items])
            last = states[torch.arange(len(items)), real.sum(dim=1) - 1]
            scores: np.ndarray = torch.addmm(model.bias, last, vectors.T).numpy()
        return scores

    return score


class _Trainer:
    """Takes steps until the time is up."""

    def __init__(
        self, model: NextItemModel, settings: FitSettings, steps: int, started: float
    ) -> None:
        self._model = model
        self._settings = settings
        self._steps = steps
        self._started = started
        self._step = 0
        groups: list[dict[str, Any]] = [
            {"params": [one for one in model.parameters() if one.dim() > 1]},
            {"params": [one for one in model.parameters() if one.dim() <= 1], "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(
            groups,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=_BETAS,
            fused=True,
        )

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._started > self._settings.minutes * 60

    def run(self, batches: Batches) -> float:
        """One epoch, or what there is time for; returns its mean loss."""
        self._model.train()
        total, count = 0.0, 0
        for batch in batches.epoch():
            total += self._learn(batch)
            count += 1
            if self.is_over:
                break
        return total / count

    def _learn(self, batch: Batch) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * _rate(self._way())
        loss = sampled_softmax(self._model, batch, self._settings.negatives)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._step += 1
        return float(loss.detach())

    def _way(self) -> float:
        passed = (time.monotonic() - self._started) / (self._settings.minutes * 60)
        return min(1.0, max(passed, self._step / self._steps))


def sampled_softmax(model: NextItemModel, batch: Batch, negatives: int) -> Tensor:
    """Mean cross-entropy of each target against items drawn evenly, the same for the whole batch.

    A drawn item that is a place's own target does not count against it. The logits of what was
    drawn are raised to stand for the whole catalogue. With as many draws as the catalogue has
    items, the catalogue itself is taken.
    """
    catalogue = len(model.bias)
    drawn = torch.randint(catalogue, (negatives,))
    if negatives >= catalogue:
        drawn = torch.arange(catalogue)
    wanted, places = torch.unique(
        torch.cat([batch.inputs.flatten(), batch.targets, drawn]), return_inverse=True
    )
    vectors = model.vectors(wanted)
    seen, targets, others = places.split([batch.inputs.numel(), len(batch.targets), len(drawn)])
    states = model(vectors[seen].view(*batch.inputs.shape, -1))[batch.real]
    positive = (states * vectors[targets]).sum(dim=-1) + model.bias[batch.targets]
    logits = torch.addmm(model.bias[drawn], states, vectors[others].T)
    logits = logits.masked_fill(batch.targets[:, None] == drawn, -torch.inf)
    rest = logits.logsumexp(dim=1) + math.log(catalogue / len(drawn))
    return functional.softplus(rest - positive).mean()


def _rate(way: float) -> float:
    """From the share of the way gone to the share of the learning rate."""
    if way < _WARM_UP:
        return max(way / _WARM_UP, 1e-3)
    return _LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * way))


def _copy(model: NextItemModel) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
