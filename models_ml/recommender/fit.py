"""Fits the sequence model, epoch by epoch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models_ml.recommender.batches import Batch, Examples
from models_ml.recommender.model import SequenceModel
from models_ml.recommender.past import Past
from models_ml.recommender.run import Run
from models_ml.recommender.sequence import Answer

EVALUATION_BATCH = 64
_WARMUP_SHARE = 0.1
# The average looks back over some fifty batches, less than an epoch of either shop.
_AVERAGE_DECAY = 0.98
# The own-item and trend terms are tiny and the strongest signal. Four times the rate, on
# standardised features, took the first epoch on the generated shop from .22 to .42 validation
# NDCG@10.
_SMALL_TERMS_RATE = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How one stage of fitting runs: the learning rate rises for a tenth of the steps and then
    falls to a tenth.
    """

    name: str
    epochs: int
    learning_rate: float
    patience: int
    # What must stay for the stages after this one, in epochs of this one.
    reserve: float
    # Whether the stage is left out altogether once the time is up.
    needs_time: bool


class _Learner:
    """A model with its optimizer, and a moving average of its weights, which is what counts."""

    def __init__(self, model: SequenceModel, plan: Plan, weight_decay: float, steps: int) -> None:
        self.model = model
        self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGE_DECAY))
        small = model.small_terms()
        names = {id(parameter) for parameter in small}
        rest = [parameter for parameter in model.parameters() if id(parameter) not in names]
        rate = plan.learning_rate
        groups = [{"params": rest, "lr": rate}, {"params": small, "lr": rate * _SMALL_TERMS_RATE}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=weight_decay)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, _ramp(steps))

    @property
    def averaged(self) -> SequenceModel:
        return cast(SequenceModel, self.average.module)

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.model)

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "average": self.average,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }


class Fitter:
    """Runs one stage over examples, resumable from its last finished epoch."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self._run = run
        self._plan = plan
        self._config = run.config

    def fit(
        self,
        model: SequenceModel,
        examples: Examples,
        on_epoch: Callable[[dict[str, float]], None],
        measure: Callable[[SequenceModel], float] | None = None,
    ) -> list[dict[str, float]]:
        """Fit `model` in place and return one row per epoch: epoch, loss, seconds, validation_ndcg
        if measured.

        With `measure` (validation NDCG@10), the model ends as after its best epoch and the stage
        ends early once `patience` epochs brought nothing better. Raises `TrainingStopped`.
        """
        batches = max(1, -(-len(examples.segments) // self._config.batch_size))
        steps = self._plan.epochs * batches
        learner = _Learner(model, self._plan, self._config.weight_decay, steps)
        rows: list[dict[str, float]] = []
        best = _copy(model)
        saved = self._run.checkpoints.read_state(self._plan.name)
        if saved:
            learner.load_state_dict(saved["learner"])
            rows, best = saved["rows"], saved["best"]
            self._run.started -= sum(row["seconds"] for row in rows)
        while not self._is_through(rows):
            row = self._epoch(learner, examples, len(rows) + 1)
            if measure:
                row["validation_ndcg"] = measure(learner.averaged)
            rows.append(row)
            if _best_epoch(rows) == row["epoch"]:
                best = _copy(learner.averaged)
            state = {"learner": learner.state_dict(), "rows": rows, "best": best}
            self._run.checkpoints.write_state(self._plan.name, state)
            on_epoch(row)
        model.load_state_dict(best)
        model.eval()
        return rows

    def _is_through(self, rows: list[dict[str, float]]) -> bool:
        plan = self._plan
        if not rows:
            return plan.needs_time and self._run.is_over()
        if len(rows) >= plan.epochs or rows[-1]["epoch"] - _best_epoch(rows) >= plan.patience:
            return True
        return self._run.is_over(rows[-1]["seconds"] * (1.0 + plan.reserve))

    def _epoch(self, learner: _Learner, examples: Examples, epoch: int) -> dict[str, float]:
        started = time.monotonic()
        torch.manual_seed(self._config.seed * 1_000 + epoch)
        random = np.random.default_rng([self._config.seed, epoch])
        learner.model.train()
        losses = []
        for batch in examples.shuffled(self._config.batch_size, random):
            self._run.check()
            loss = self._loss(learner.model, examples, batch, random)
            learner.step(loss)
            losses.append(loss.item())
            if self._run.is_over():
                break
        return {
            "epoch": epoch,
            "loss": float(np.mean(losses)),
            "seconds": time.monotonic() - started,
        }

    def _loss(
        self, model: SequenceModel, examples: Examples, batch: Batch, random: np.random.Generator
    ) -> Tensor:
        """Cross-entropy of each basket's items against the catalogue, or against many shared
        negatives where that is large.
        """
        columns, correction = self._columns(model.config.items, batch, random)
        items = batch.items.clamp(min=0)
        read = items[~torch.isin(items, columns)].unique()
        known = torch.cat([columns, read])
        place = torch.full((model.config.items,), -1).index_put((known,), torch.arange(len(known)))
        unknown = self._unknown(model, len(known))
        vectors, bias = model.represent(known, unknown)
        states, weights = _encode(model, batch, vectors[place[items]])
        trends = _trends(examples.past, batch.days, columns, unknown)
        logits = states @ vectors[: len(columns)].T + bias[: len(columns)] + correction
        logits = logits + torch.einsum("qt,qct->qc", weights, trends)
        own = model.own_item_scores(batch.own_features)
        logits = logits.index_put((batch.own_rows, place[batch.own_items]), own, accumulate=True)
        logs = logits.log_softmax(-1)[batch.positive_rows, place[batch.positive_items]]
        return -(logs * batch.positive_weights).sum() / len(states)

    def _unknown(self, model: SequenceModel, items: int) -> Tensor | None:
        """Which items this batch knows by their content alone, shape (items,)."""
        share = self._config.id_dropout if model.config.features else 0.0
        return torch.rand(items) < share if share else None

    def _columns(
        self, catalogue: int, batch: Batch, random: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """The items to compare, and what is added to their logits: a sampled item stands for those
        that were not.
        """
        if catalogue <= self._config.full_softmax_items:
            return torch.arange(catalogue), torch.zeros(())
        forced = torch.cat([batch.positive_items, batch.own_items]).unique()
        drawn = torch.from_numpy(random.choice(catalogue, self._config.negatives, replace=False))
        drawn = drawn[~torch.isin(drawn, forced)]
        share = np.log(max(catalogue - len(forced), 1) / max(len(drawn), 1))
        correction = torch.cat([torch.zeros(len(forced)), torch.full((len(drawn),), float(share))])
        return torch.cat([forced, drawn]), correction


def answer(model: SequenceModel, examples: Examples) -> list[Answer]:
    """The model's answer to every target, in their order."""
    answers: list[Answer] = []
    model.eval()
    with torch.no_grad():
        vectors, _ = model.represent(torch.arange(model.config.items))
        for batch in examples.in_order(EVALUATION_BATCH):
            states, weights = (part.numpy() for part in _encode(model, batch, vectors[batch.items]))
            own = model.own_item_scores(batch.own_features).numpy()
            bounds = np.searchsorted(batch.own_rows.numpy(), np.arange(len(states) + 1))
            for row, (start, stop) in enumerate(pairwise(bounds)):
                items = batch.own_items[start:stop].numpy()
                answers.append(Answer(states[row], weights[row], items, own[start:stop]))
    return answers


def _trends(past: Past, days: Tensor, columns: Tensor, unknown: Tensor | None) -> Tensor:
    """Trend levels (questions, columns, trends); an unknown item's are those it inherits."""
    levels = torch.from_numpy(past.trend.levels)[days][:, columns]
    if unknown is not None:
        places = unknown[: len(columns)].nonzero().squeeze(1)
        levels[:, places] = torch.from_numpy(past.inherited.levels)[days][:, columns[places]]
    return levels


def _encode(model: SequenceModel, batch: Batch, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """`vectors` (batch, length, dim) belong to the batch's items."""
    # An augmented sequence hides items, numbered below zero: no vector at all.
    states, weights = model.encode(
        vectors * (batch.items >= 0).unsqueeze(-1),
        batch.kinds,
        batch.times,
        batch.steps,
        batch.question_times,
        batch.contexts,
    )
    return states[batch.asked], weights[batch.asked]


def _ramp(steps: int) -> Callable[[int], float]:
    warmup = max(1, int(steps * _WARMUP_SHARE))

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 1.0 - 0.9 * (step - warmup) / max(1, steps - warmup)

    return factor


def _best_epoch(rows: list[dict[str, float]]) -> float:
    """The epoch with the highest validation NDCG@10, the last one where nothing is measured."""
    return max(rows, key=lambda row: row.get("validation_ndcg", row["epoch"]))["epoch"]


def _copy(model: SequenceModel) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}
