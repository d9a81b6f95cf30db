"""The network of the re-ranker and its vocabulary, and how it leaves for the torch-free form."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.utils.logging import disable_progress_bar

from models_ml.writer.reranker import NETWORK, PADDING, START, TOKENIZER, WINDOW

WEIGHTS = "model.safetensors"
PIECES = 4096
DIMENSION, LAYERS, HEADS = 128, 2, 4


def learn_tokenizer(texts: Iterable[str], out_dir: Path) -> Tokenizer:
    """Return a byte-pair vocabulary of at most PIECES, kept in `out_dir`."""
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


def pieces_of(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(START + text).ids[:WINDOW])


def new_network(tokenizer: Tokenizer) -> GPT2LMHeadModel:
    """Return a GPT-2 of about a million weights, as random as torch's seed makes it."""
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
    return model


def batch(lines: Sequence[list[int]]) -> Tensor:
    longest = max(map(len, lines))
    return torch.tensor([line + [0] * (longest - len(line)) for line in lines])


def log_probabilities(model: GPT2LMHeadModel, pieces: Tensor) -> tuple[Tensor, Tensor]:
    """Return per row the sum over the pieces that are no padding (id 0), and how many they are;
    padding stands at the end.
    """
    read = pieces[:, :-1]
    logits = model(input_ids=read, attention_mask=torch.ones_like(read), use_cache=False).logits
    wanted = pieces[:, 1:]
    chosen = functional.log_softmax(logits, dim=-1).gather(-1, wanted.unsqueeze(-1)).squeeze(-1)
    is_said = (wanted != 0).to(chosen.dtype)
    return (chosen * is_said).sum(dim=-1), is_said.sum(dim=-1).clamp(min=1.0)


class _Scoring(nn.Module):
    def __init__(self, model: GPT2LMHeadModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pieces: Tensor) -> Tensor:
        total, count = log_probabilities(self.model, pieces)
        return total / count


def save_network(model: GPT2LMHeadModel, out_dir: Path) -> list[str]:
    """Write the transformers layout and the serving form; return the names of the files."""
    disable_progress_bar()
    model.eval().save_pretrained(out_dir)
    # It is written for its owner alone; what drafts may run as somebody else.
    (out_dir / WEIGHTS).chmod(0o644)
    rows, length = torch.export.Dim("rows", min=1), torch.export.Dim("length", min=2, max=WINDOW)
    # It reports every torchvision operator that it cannot register.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter warns of its own deprecated calls.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Scoring(model).eval(),
            (torch.ones(3, 9, dtype=torch.long),),
            str(out_dir / NETWORK),
            input_names=["pieces"],
            output_names=["scores"],
            dynamic_shapes=({0: rows, 1: length},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return [NETWORK, TOKENIZER, "config.json", WEIGHTS]
