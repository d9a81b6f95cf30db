"""Trains the re-ranker on a shop's approved copy and catalogue text.

A GPT-2 of about one million weights with a byte-pair vocabulary of its own; the weights that do
best on texts kept back are what is written. Where a training stands is kept every few steps: a
killed one goes on from there and comes to the very same weights.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

from models_ml.recommender.artefacts import ArtefactError, read_manifest, write_manifest
from models_ml.recommender.checkpoints import Checkpoints
from models_ml.writer.reranker import FEATURES_VERSION, KIND
from models_ml.writer.reranker_network import (
    DIMENSION,
    HEADS,
    LAYERS,
    PIECES,
    WINDOW,
    batch,
    learn_tokenizer,
    log_probabilities,
    new_network,
    pieces_of,
    save_network,
)

STEPS = 1500
MOST_PIECES = 1_500_000
"""Pieces read in all, a text as often as it is read; some two minutes on one core."""
BATCH = 16
_RATE, _WARM_UP, _DECAY = 2e-3, 50, 0.1
_MEASURE_EVERY = 50
_PATIENCE = 4
"""Measurements without a better one that end a training."""
_MOST_KEPT_BACK = 200

OnProgress = Callable[[float], None]


@dataclass
class Standing:
    """Where a training stands; losses are nats per piece of the texts kept back."""

    steps: int = 0
    pieces: int = 0
    seconds: float = 0.0
    before: float = 0.0
    best: float = math.inf
    best_steps: int = 0
    curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether it has stopped getting better."""
        since = sum(steps > self.best_steps for steps, _loss in self.curve)
        return since >= _PATIENCE


def train_reranker(
    texts: Sequence[str],
    kept_back: Sequence[str],
    out_dir: Path,
    *,
    work_dir: Path,
    seed: int,
    minutes: float,
    steps: int = STEPS,
    on_progress: OnProgress = lambda share: None,
) -> dict[str, Any]:
    """Train on `texts` and write the folder that scores; return what is known of it.

    It ends with `steps` steps, MOST_PIECES, `minutes` (of all attempts together) or when the texts
    `kept_back` get no likelier, whichever comes first. The same texts, seed and steps give the same
    weights. `on_progress(share)` may raise to stop; the next call goes on from what is kept in
    `work_dir`, and a folder that is finished is left as it is. Raises ValueError for no texts of
    either sort.
    """
    if not texts or not kept_back:
        raise ValueError("a language model needs texts to learn from and texts to measure with")
    texts, kept_back = sorted(set(texts)), sorted(set(kept_back))[:_MOST_KEPT_BACK]
    fingerprint = _fingerprint(texts, kept_back, seed, steps)
    if (finished := _finished(out_dir, fingerprint)) is not None:
        return finished
    out_dir.mkdir(parents=True, exist_ok=True)
    tokenizer = learn_tokenizer(texts, out_dir)
    with _one_thread():
        training = _Training(tokenizer, texts, kept_back, seed, steps)
        standing = training.run(Checkpoints(work_dir, fingerprint), minutes, on_progress)
    facts = {
        "weights": sum(weight.numel() for weight in training.model.parameters()),
        "texts": len(texts),
        "kept_back": len(kept_back),
        "vocabulary": tokenizer.get_vocab_size(),
        "steps": standing.steps,
        "pieces": standing.pieces,
        "seconds": round(standing.seconds, 1),
        "perplexity_before": round(math.exp(standing.before), 2),
        "perplexity": round(math.exp(standing.best), 2),
        "curve": [[at, round(math.exp(loss), 2)] for at, loss in standing.curve],
    }
    names = save_network(training.model, out_dir)
    known = {"kind": KIND, "features": FEATURES_VERSION, "fingerprint": fingerprint, "facts": facts}
    write_manifest(out_dir, names, known)
    return facts


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch to one thread: its matrices are small, and on two busy cores threads that wait for
    each other made a step take four times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _finished(out_dir: Path, fingerprint: str) -> dict[str, Any] | None:
    try:
        manifest = read_manifest(out_dir)
    except ArtefactError:
        return None
    return dict(manifest["facts"]) if manifest.get("fingerprint") == fingerprint else None


def _fingerprint(texts: Sequence[str], kept_back: Sequence[str], seed: int, steps: int) -> str:
    settings = [seed, steps, PIECES, DIMENSION, LAYERS, HEADS, BATCH, _RATE, WINDOW]
    settings.append(FEATURES_VERSION)
    content = json.dumps([settings, list(texts), list(kept_back)], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


class _Training:
    def __init__(
        self,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        kept_back: Sequence[str],
        seed: int,
        steps: int,
    ) -> None:
        self._lines = [pieces_of(tokenizer, text) for text in texts]
        self._kept_back = [pieces_of(tokenizer, text) for text in kept_back]
        self._seed, self._steps = seed, steps
        torch.manual_seed(seed)
        self.model: GPT2LMHeadModel = new_network(tokenizer)
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=_RATE, weight_decay=_DECAY)
        self._best: dict[str, Any] = {}

    def run(self, checkpoints: Checkpoints, minutes: float, on_progress: OnProgress) -> Standing:
        """Train from where the checkpoints stand; the model is left with its best weights."""
        standing = self._restore(checkpoints)
        earlier, started = standing.seconds, time.monotonic()
        while standing.steps < self._steps and standing.pieces < MOST_PIECES:
            if standing.seconds >= 60 * minutes or standing.is_over:
                break
            on_progress(self._share(standing, minutes))
            standing.pieces += self._step(standing.steps)
            standing.steps += 1
            standing.seconds = earlier + time.monotonic() - started
            if standing.steps % _MEASURE_EVERY == 0:
                self._measure(standing)
                self._keep(checkpoints, standing)
        if not standing.curve or standing.curve[-1][0] != standing.steps:
            self._measure(standing)
        self.model.load_state_dict(self._best)
        return standing

    def _share(self, standing: Standing, minutes: float) -> float:
        return max(
            standing.steps / self._steps,
            standing.pieces / MOST_PIECES,
            min(standing.seconds / (60 * minutes), 1.0),
        )

    def _step(self, done: int) -> int:
        """Take one step whose batch and dropout depend on the seed and its number alone; return
        how many pieces it read.
        """
        torch.manual_seed(self._seed * 1_000_003 + done)
        chosen = torch.randint(len(self._lines), (BATCH,)).tolist()
        rate = _RATE * min(1.0, (done + 1) / _WARM_UP) * max(0.05, 1 - done / self._steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self.model.train()
        total, count = log_probabilities(self.model, batch([self._lines[i] for i in chosen]))
        loss = -total.sum() / count.sum()
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        return int(count.sum().item())

    def _measure(self, standing: Standing) -> None:
        loss = self._loss()
        standing.curve.append((standing.steps, loss))
        if loss < standing.best:
            standing.best, standing.best_steps = loss, standing.steps
            weights = self.model.state_dict()
            self._best = {name: weight.clone() for name, weight in weights.items()}

    @torch.no_grad()
    def _loss(self) -> float:
        self.model.eval()
        found = [log_probabilities(self.model, batch([line])) for line in self._kept_back]
        pieces = sum(count.item() for _total, count in found)
        return -sum(total.item() for total, _count in found) / pieces

    def _restore(self, checkpoints: Checkpoints) -> Standing:
        kept = checkpoints.read_state("training")
        if kept is None:
            return Standing(before=self._loss())
        self.model.load_state_dict(kept["model"])
        self._optimizer.load_state_dict(kept["optimizer"])
        self._best = kept["best"]
        return Standing(**kept["standing"])

    def _keep(self, checkpoints: Checkpoints, standing: Standing) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "best": self._best,
            "standing": asdict(standing),
        }
        checkpoints.write_state("training", state)
