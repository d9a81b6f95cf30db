"""The sequence model: a causal transformer over a customer's events that predicts the next basket.

Self-attention over item sequences follows SASRec (Kang & McAuley, 2018), with full-catalogue
cross-entropy instead of sampled binary losses, time-gap biases instead of positions, and two
learned terms that plain sequence models lack: repeat purchases of the customer's own items, and
what the shop as a whole buys these days.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel

from models_ml.data.columns import KINDS
from models_ml.data.content import ContentMatrix
from models_ml.recommender.features import OWN_ITEM_FEATURES, TREND_FEATURES
from models_ml.recommender.sequence import GAP_EDGES, HIDDEN, STEP_EDGES


class SequenceConfig(PretrainedConfig):
    """Sizes of the network; `items` is the size of the catalogue, `features` the width of the rows
    that tell its content, `window` how many events the network attends to.
    """

    model_type = "shopguide_sequence"

    def __init__(
        self,
        items: int = 1,
        dim: int = 64,
        layers: int = 2,
        heads: int = 2,
        dropout: float = 0.3,
        window: int = 96,
        features: int = 0,
        **kwargs: Any,
    ) -> None:
        if dim % heads:
            raise ValueError(f"dim {dim} is not a multiple of heads {heads}")
        self.items = items
        self.dim = dim
        self.layers = layers
        self.heads = heads
        self.dropout = dropout
        self.window = window
        self.features = features
        super().__init__(**kwargs)


class Block(nn.Module):
    """Pre-norm attention with an additive bias, then a feed-forward layer."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(config.dim)
        self.projection = nn.Linear(config.dim, 3 * config.dim)
        self.output = nn.Linear(config.dim, config.dim)
        self.forward_norm = nn.LayerNorm(config.dim)
        self.expand = nn.Linear(config.dim, 2 * config.dim)
        self.contract = nn.Linear(2 * config.dim, config.dim)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        states: Tensor,
        bias: Tensor,
        earlier: Tensor | None = None,
        *,
        last_only: bool = False,
    ) -> Tensor:
        """`states` (batch, length, dim); `bias` (batch, heads, length, length), -inf-like where
        attention is forbidden. With `earlier` (1, more, dim), states that every row of the batch
        sees as well, the last axis of `bias` is more + length, theirs first. `last_only` returns
        the last state alone, (batch, 1, dim).
        """
        batch, length, dim = states.shape
        query, key, value = self._heads(states)
        if last_only:
            length, states = 1, states[:, -1:]
            query, bias = query[:, :, -1:], bias[:, :, -1:]
        if earlier is not None:
            _, more_keys, more_values = self._heads(earlier)
            key = torch.cat([more_keys.expand(batch, -1, -1, -1), key], dim=2)
            value = torch.cat([more_values.expand(batch, -1, -1, -1), value], dim=2)
        # Spelled out: the fused kernel leaves a memory layout that the ONNX exporter cannot follow.
        logits = query @ key.transpose(-1, -2) * (dim // self.heads) ** -0.5 + bias
        mixed = logits.softmax(-1) @ value
        mixed = mixed.transpose(1, 2).reshape(batch, length, dim)
        states = states + self.dropout(self.output(mixed))
        hidden = functional.gelu(self.expand(self.forward_norm(states)))
        return states + self.dropout(self.contract(hidden))

    def _heads(self, states: Tensor) -> Sequence[Tensor]:
        """Queries, keys and values, each (batch, heads, length, dim / heads)."""
        batch, length, dim = states.shape
        heads = self.projection(self.attention_norm(states))
        heads = heads.view(batch, length, 3, self.heads, dim // self.heads)
        return heads.permute(2, 0, 3, 1, 4).unbind(0)


class SequenceModel(PreTrainedModel):
    """Events in; per question a state, trend weights and a score per own item out."""

    config_class = SequenceConfig
    own_mean: Tensor
    own_deviation: Tensor
    gap_edges: Tensor
    step_edges: Tensor
    content_starts: Tensor
    content_columns: Tensor
    content_values: Tensor

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__(config)
        self.item_embedding = nn.Embedding(config.items, config.dim)
        self.kind_embedding = nn.Embedding(len(KINDS), config.dim)
        self.question = nn.Parameter(torch.zeros(config.dim))
        self.gap_embedding = nn.Embedding(len(GAP_EDGES) + 1, config.dim)
        self.distance_bias = nn.Linear(len(GAP_EDGES) + len(STEP_EDGES), config.heads)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.item_bias = nn.Parameter(torch.zeros(config.items))
        # The last column adds to the bias. From zero, so that what no item shares stays silent.
        self.content_projection = nn.Parameter(torch.zeros(config.features, config.dim + 1))
        self.unknown_bias = nn.Parameter(torch.zeros(()))
        self.trend_weights = nn.Linear(config.dim, TREND_FEATURES)
        self.own_items = nn.Sequential(
            nn.Linear(OWN_ITEM_FEATURES, 32), nn.GELU(), nn.Linear(32, 1)
        )
        self.register_buffer("own_mean", torch.zeros(OWN_ITEM_FEATURES))
        self.register_buffer("own_deviation", torch.ones(OWN_ITEM_FEATURES))
        none = ContentMatrix.of([], config.features)
        self.set_content(none)
        self.register_buffer("gap_edges", torch.tensor(GAP_EDGES), persistent=False)
        self.register_buffer("step_edges", torch.tensor(STEP_EDGES), persistent=False)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02 if module is not self.own_items[0] else 0.1)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)

    def set_content(self, content: ContentMatrix) -> None:
        """Take the rows that tell what the items are, one per item."""
        for name in ("starts", "columns", "values"):
            array = np.ascontiguousarray(getattr(content, name))
            self.register_buffer(f"content_{name}", torch.from_numpy(array), persistent=False)

    def represent(self, items: Tensor, unknown: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Vectors (items, dim) and biases (items,) of these item numbers.

        An item is the vector of its id plus the projection of its content. `unknown` (items,) marks
        those treated as if they had been added today: content alone, and one bias for all of them.
        """
        vectors, bias = self.item_embedding(items), self.item_bias[items]
        if unknown is not None:
            vectors = vectors.masked_fill(unknown[:, None], 0.0)
            bias = torch.where(unknown, self.unknown_bias, bias)
        if not self.config.features:
            return vectors, bias
        starts, lengths = self.content_starts[items], self.content_starts.diff()[items]
        offsets = lengths.cumsum(0) - lengths
        places = torch.repeat_interleave(starts - offsets, lengths) + torch.arange(
            int(lengths.sum())
        )
        told = functional.embedding_bag(
            self.content_columns[places],
            self.content_projection,
            offsets,
            mode="sum",
            per_sample_weights=self.content_values[places],
        )
        return vectors + told[:, :-1], bias + told[:, -1]

    def encode(
        self,
        vectors: Tensor,
        kinds: Tensor,
        times: Tensor,
        steps: Tensor,
        question_times: Tensor,
        contexts: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """States of questions asked about prefixes of event sequences.

        `vectors` (batch, length, dim) of the items; `kinds` (batch, length); `times` (batch,
        length) in days and `steps` (batch, length), both rising; equal steps mean one basket.
        `question_times` (batch, questions) in the same days; question q may see the first
        `contexts[b, q]` events and no other question. Returns states (batch, questions, dim) and
        trend weights (batch, questions, trends).
        """
        length = vectors.shape[1]
        events = vectors + self.kind_embedding(kinds)
        gathered = contexts - 1
        gaps = question_times - times.gather(1, gathered)
        asked = self.question + self.gap_embedding(torch.bucketize(gaps, self.gap_edges))
        states = self.dropout(torch.cat([events, asked], dim=1))
        all_times = torch.cat([times, question_times], dim=1)
        question_steps = steps.gather(1, gathered) + 1
        all_steps = torch.cat([steps, question_steps], dim=1)
        bias = self._bias(all_times, all_steps, length, contexts)
        for block in self.blocks:
            states = block(states, bias)
        states = self.norm(states[:, length:])
        return states, self.trend_weights(states)

    def _bias(self, times: Tensor, steps: Tensor, length: int, contexts: Tensor) -> Tensor:
        gaps = (times[:, :, None] - times[:, None, :]).clamp(min=0)
        distances = (steps[:, :, None] - steps[:, None, :]).clamp(min=0)
        # One column per edge passed, so that a matrix product replaces two table look-ups, whose
        # gradients would take a third of the training.
        passed = torch.cat(
            [gaps[..., None] > self.gap_edges, distances[..., None] > self.step_edges], dim=-1
        )
        bias = self.distance_bias(passed.float())
        total = steps.shape[1]
        places = torch.arange(total, device=steps.device)
        earlier = steps[:, :, None] >= steps[:, None, :]
        from_question = places >= length
        within = places[None, None, :] < contexts[:, :, None]
        within = within | (places[None, None, :] == places[length:, None])
        visible = torch.cat([earlier[:, :length] & ~from_question, within], dim=1)
        return bias.permute(0, 3, 1, 2).masked_fill(~visible[:, None], HIDDEN)

    def own_item_scores(self, features: Tensor) -> Tensor:
        """From features (own, OWN_ITEM_FEATURES) to what is added to the logits of those items,
        shape (own,).
        """
        return self.own_items((features - self.own_mean) / self.own_deviation).squeeze(-1)

    def set_feature_scale(self, features: np.ndarray) -> None:
        """Standardise own-item features as in a sample of them (rows, OWN_ITEM_FEATURES)."""
        self.own_mean.copy_(torch.from_numpy(features.mean(axis=0)))
        self.own_deviation.copy_(torch.from_numpy(features.std(axis=0) + 1e-2))

    def small_terms(self) -> list[nn.Parameter]:
        """The few parameters of the own-item and trend terms, which learn faster than the rest."""
        return [*self.own_items.parameters(), *self.trend_weights.parameters()]


def grow(model: SequenceModel, old_skus: np.ndarray, new_skus: np.ndarray) -> SequenceModel:
    """The same network over a larger sorted catalogue; what is new starts at the mean vector and
    bias.
    """
    places = torch.from_numpy(np.searchsorted(new_skus, old_skus))
    config = SequenceConfig(**{**model.config.to_diff_dict(), "items": len(new_skus)})
    grown = SequenceModel(config)
    state = model.state_dict()
    for name in ("item_embedding.weight", "item_bias"):
        old = state[name]
        wide = old.mean(dim=0, keepdim=True).expand(len(new_skus), *old.shape[1:]).clone()
        wide[places] = old
        state[name] = wide
    grown.load_state_dict(state)
    return grown


def item_vectors(model: SequenceModel) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (items, dim) and biases (items,) of the whole catalogue, as they are served."""
    with torch.no_grad():
        vectors, bias = model.represent(torch.arange(model.config.items))
    return vectors.numpy(), bias.numpy()
