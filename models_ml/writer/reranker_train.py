"""Trains the re-ranker on a shop's approved copy and catalogue text.

A GPT-2 of about one million weights with a byte-pair vocabulary of its own. Every hundred steps are
kept: a killed training goes on from there and comes to the very same weights.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.utils.logging import disable_progress_bar

from models_ml.recommender.artefacts import write_manifest
from models_ml.recommender.checkpoints import Checkpoints
from models_ml.writer.reranker import (
    FEATURES_VERSION,
    KIND,
    NETWORK,
    PADDING,
    START,
    TOKENIZER,
    WINDOW,
)

WEIGHTS = "model.safetensors"
PIECES = 4096
DIMENSION, LAYERS, HEADS = 128, 2, 4
STEPS = 1500
"""Not tuned: `held_out_loss` in what a training returns says whether fewer would do for a shop."""
BATCH = 16
_RATE, _WARM_UP, _DECAY = 2e-3, 50, 0.1
_KEEP_EVERY = 100
_HELD_OUT = 20
"""One text in so many is kept back to measure on."""
LEAST_TEXTS = 50

Progress = Callable[[float], None]


class TooFewTexts(Exception):
    """There is not enough copy to learn from; the message says how much there is."""


def train_reranker(
    texts: Sequence[str],
    out_dir: Path,
    seed: int,
    minutes: float,
    *,
    steps: int = STEPS,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train for `steps` steps or `minutes`, whichever ends first, and write the folder that scores.

    Returns what was learned: weights, steps, loss per piece on texts kept back (nats), seconds.
    The same texts, seed and steps give the same weights. When `should_stop` says so the folder is
    left without a manifest, to be gone on with. Raises TooFewTexts.
    """
    texts = sorted({text.strip() for text in texts if text.strip()})
    if len(texts) < LEAST_TEXTS:
        raise TooFewTexts(f"{len(texts)} texts; at least {LEAST_TEXTS} are needed")
    started = time.monotonic()
    out_dir.mkdir(parents=True, exist_ok=True)
    checkpoints = Checkpoints(out_dir, _fingerprint(texts, seed, steps))
    tokenizer = _tokenizer(texts, out_dir)
    held_out = [text for text in texts if _is_held_out(text)] or texts[:1]
    lines = [_pieces(tokenizer, text) for text in texts if not _is_held_out(text)]
    model, optimizer, done = _restore(tokenizer, checkpoints, seed, steps)
    deadline = started + 60 * minutes
    while done < steps and time.monotonic() < deadline:
        if should_stop():
            _keep(checkpoints, model, optimizer, done)
            return {"steps": done, "stopped": True}
        _step(model, optimizer, lines, seed, done, steps)
        done += 1
        if done % _KEEP_EVERY == 0:
            _keep(checkpoints, model, optimizer, done)
            if on_progress:
                on_progress(done / steps)
    facts = {
        "weights": sum(weight.numel() for weight in model.parameters()),
        "texts": len(texts),
        "steps": done,
        "seed": seed,
        "held_out_loss": round(_loss(model, [_pieces(tokenizer, text) for text in held_out]), 4),
    }
    disable_progress_bar()
    model.eval().save_pretrained(out_dir)
    # It is written for its owner alone; what drafts may run as somebody else.
    (out_dir / WEIGHTS).chmod(0o644)
    _export(model, out_dir / NETWORK)
    names = [NETWORK, TOKENIZER, "config.json", WEIGHTS]
    write_manifest(out_dir, names, {"kind": KIND, "features": FEATURES_VERSION, **facts})
    return {**facts, "seconds": round(time.monotonic() - started, 1)}


def _fingerprint(texts: Sequence[str], seed: int, steps: int) -> str:
    settings = [seed, steps, PIECES, DIMENSION, LAYERS, HEADS, BATCH, _RATE, WINDOW]
    settings.append(FEATURES_VERSION)
    content = json.dumps([settings, list(texts)], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _is_held_out(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] % _HELD_OUT == 0


def _tokenizer(texts: Sequence[str], out_dir: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES,
        special_tokens=[PADDING, START],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(out_dir / TOKENIZER))
    return tokenizer


def _pieces(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(START + text).ids[:WINDOW])


def _restore(
    tokenizer: Tokenizer, checkpoints: Checkpoints, seed: int, steps: int
) -> tuple[GPT2LMHeadModel, torch.optim.Optimizer, int]:
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=WINDOW,
        n_embd=DIMENSION,
        n_layer=LAYERS,
        n_head=HEADS,
        bos_token_id=tokenizer.token_to_id(START),
        eos_token_id=tokenizer.token_to_id(START),
        pad_token_id=tokenizer.token_to_id(PADDING),
    )
    model = GPT2LMHeadModel(config)
    # The exporter knows no other attention with free shapes.
    model.set_attn_implementation("eager")
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    kept = checkpoints.read_state("training")
    if kept is None:
        return model, optimizer, 0
    model.load_state_dict(kept["model"])
    optimizer.load_state_dict(kept["optimizer"])
    return model, optimizer, kept["steps"]


def _keep(
    checkpoints: Checkpoints,
    model: GPT2LMHeadModel,
    optimizer: torch.optim.Optimizer,
    done: int,
) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "steps": done}
    checkpoints.write_state("training", state)


def _step(
    model: GPT2LMHeadModel,
    optimizer: torch.optim.Optimizer,
    lines: Sequence[list[int]],
    seed: int,
    done: int,
    steps: int,
) -> None:
    """One step whose batch and dropout depend on `seed` and its number alone."""
    torch.manual_seed(seed * 1_000_003 + done)
    chosen = torch.randint(len(lines), (BATCH,)).tolist()
    rate = _RATE * min(1.0, (done + 1) / _WARM_UP) * max(0.05, 1 - done / steps)
    for group in optimizer.param_groups:
        group["lr"] = rate
    model.train()
    loss = -_mean_log_probability(model, _batch([lines[index] for index in chosen])).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def _batch(lines: Sequence[list[int]]) -> Tensor:
    longest = max(map(len, lines))
    return torch.tensor([line + [0] * (longest - len(line)) for line in lines])


def _mean_log_probability(model: GPT2LMHeadModel, pieces: Tensor) -> Tensor:
    """Per row, over the pieces that are no padding (id 0); padding stands at the end."""
    read = pieces[:, :-1]
    logits = model(input_ids=read, attention_mask=torch.ones_like(read), use_cache=False).logits
    wanted = pieces[:, 1:]
    chosen = functional.log_softmax(logits, dim=-1).gather(-1, wanted.unsqueeze(-1)).squeeze(-1)
    is_said = (wanted != 0).to(chosen.dtype)
    return (chosen * is_said).sum(dim=-1) / is_said.sum(dim=-1).clamp(min=1.0)


@torch.no_grad()
def _loss(model: GPT2LMHeadModel, lines: Sequence[list[int]]) -> float:
    model.eval()
    scores = [_mean_log_probability(model, _batch([line])).item() for line in lines]
    return -sum(scores) / len(scores)


class _Scoring(nn.Module):
    def __init__(self, model: GPT2LMHeadModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pieces: Tensor) -> Tensor:
        return _mean_log_probability(self.model, pieces)


def _export(model: GPT2LMHeadModel, path: Path) -> None:
    rows, length = torch.export.Dim("rows", min=1), torch.export.Dim("length", min=2, max=WINDOW)
    torch.onnx.export(
        _Scoring(model).eval(),
        (torch.ones(3, 9, dtype=torch.long),),
        str(path),
        input_names=["pieces"],
        output_names=["scores"],
        dynamic_shapes=({0: rows, 1: length},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
