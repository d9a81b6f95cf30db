"""A causal transformer that predicts the next item at every place of a sequence.

Self-attention over items follows SASRec (Kang & McAuley, ICDM 2018). What differs: pre-norm
blocks, attention whose output is gated (Qiu et al., NeurIPS 2025), SwiGLU in place of the
feed-forward layer (Shazeer, 2020), item vectors that share what items of like attributes learn, and
a softmax over sampled items that the whole batch shares (Klenitskiy & Vasilev, RecSys 2023).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class NextItemConfig:
    """Sizes of the network; raises `ValueError` naming the one that makes no sense. `length` is how
    many items it attends to.
    """

    dim: int = 64
    layers: int = 2
    heads: int = 2
    dropout: float = 0.4
    length: int = 50

    def __post_init__(self) -> None:
        for name in ("dim", "layers", "heads", "length"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero, got {getattr(self, name)}")
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {self.dropout}")


class Block(nn.Module):
    """Gated causal attention, then SwiGLU, each on normalised states and added to them."""

    def __init__(self, config: NextItemConfig) -> None:
        super().__init__()
        dim = config.dim
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(dim)
        self.projection = nn.Linear(dim, 4 * dim)
        self.output = nn.Linear(dim, dim)
        self.forward_norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, 4 * dim)
        self.contract = nn.Linear(2 * dim, dim)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Shape (batch, length, dim), in and out."""
        batch, length, dim = states.shape
        projected = self.projection(self.attention_norm(states))
        query, key, value = (
            projected[..., : 3 * dim]
            .view(batch, length, 3, self.heads, dim // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(batch, length, dim)
        gated = mixed * projected[..., 3 * dim :].sigmoid()
        states = states + self.dropout(self.output(gated))
        passed, gate = self.expand(self.forward_norm(states)).chunk(2, dim=-1)
        return states + self.dropout(self.contract(functional.silu(passed) * gate))


class ItemVectors(nn.Module):
    """One vector an item: its own plus the mean direction of its attributes'."""

    places: Tensor
    scales: Tensor

    def __init__(self, attributes: sparse.csr_array, dim: int) -> None:
        super().__init__()
        self.own = nn.Embedding(attributes.shape[0], dim)
        known = attributes.shape[1]
        # One more row for "no attribute", which `padding_idx` keeps out of every sum.
        self.shared = nn.Embedding(known + 1, dim, padding_idx=known) if known else None
        counts = np.diff(attributes.indptr)
        places = np.full((len(counts), max(counts.max(initial=0), 1)), known)
        places[np.arange(places.shape[1]) < counts[:, None]] = attributes.indices
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        scales = 1.0 / np.sqrt(np.maximum(counts, 1))
        self.register_buffer("scales", torch.from_numpy(scales).float(), persistent=False)

    def forward(self, items: Tensor) -> Tensor:
        """From item numbers (n,) to vectors (n, dim)."""
        vectors = self.own(items)
        if self.shared is None:
            return vectors
        bags = functional.embedding_bag(
            self.places[items],
            self.shared.weight,
            mode="sum",
            padding_idx=self.shared.padding_idx,
        )
        return vectors + bags * self.scales[items, None]

    def start_from(self, own: np.ndarray) -> None:
        """Set the items' own vectors, (catalogue, dim)."""
        with torch.no_grad():
            self.own.weight.copy_(torch.from_numpy(own))

    def all(self) -> Tensor:
        """Shape (catalogue, dim)."""
        return self(torch.arange(len(self.scales)))


class NextItemModel(nn.Module):
    """Sequences in; at every place a state out, whose product with an item's vector, plus that
    item's bias, is the item's logit.
    """

    def __init__(self, config: NextItemConfig, attributes: sparse.csr_array) -> None:
        """`attributes` (catalogue, attributes) as in `Sequences`."""
        super().__init__()
        self.config = config
        self.vectors = ItemVectors(attributes, config.dim)
        self.bias = nn.Parameter(torch.zeros(attributes.shape[0]))
        self.positions = nn.Embedding(config.length, config.dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.apply(_initialise)

    def forward(self, vectors: Tensor) -> Tensor:
        """States (batch, length, dim) from the vectors (batch, length, dim) of items, the oldest
        first; what pads a shorter sequence stands behind it, where no real place looks.
        """
        # Vectors start small, for the sake of the logits; scaled up they carry weight as inputs.
        inputs = (vectors + self.positions.weight[: vectors.shape[1]]) * math.sqrt(self.config.dim)
        states = self.dropout(inputs)
        for block in self.blocks:
            states = block(states)
        return self.norm(states)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
