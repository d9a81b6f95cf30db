"""The encoder as it is served: one question about one history, and the same question about that
history with each of its latest events left out, in one batch.

Events see only what is earlier or in their own basket, so that everything before the basket of the
first event left out is encoded once and shared by all variants, as keys and values are shared in
the decoding of language models.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models_ml.recommender.model import STEP_EDGES, SequenceModel

# Added to the attention to what must not be seen.
HIDDEN = -1e9


class LeftOutEncoder(nn.Module):
    """Wraps a trained model; `models_ml.recommender.encoder` asks it, through ONNX."""

    gap_table: Tensor
    step_table: Tensor

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.model = model
        gaps = len(model.gap_edges)
        by_edge = model.distance_bias.weight.detach().T
        # Whoever passed an edge passed the ones below: sums by the number passed replace a matrix
        # product of all pairs by all edges, most of the encoder's time.
        none = torch.zeros_like(by_edge[:1])
        by_gap = torch.cat([none, by_edge[:gaps].cumsum(0)]) + model.distance_bias.bias.detach()
        by_steps = torch.cat([none, by_edge[gaps:].cumsum(0)])
        distances = torch.arange(STEP_EDGES[-1] + 2)
        passed = (distances[:, None] > torch.tensor(STEP_EDGES)).sum(1)
        self.register_buffer("gap_table", by_gap, persistent=False)
        self.register_buffer("step_table", by_steps[passed], persistent=False)

    def forward(
        self,
        shared_vectors: Tensor,
        shared_kinds: Tensor,
        shared_times: Tensor,
        shared_steps: Tensor,
        vectors: Tensor,
        kinds: Tensor,
        times: Tensor,
        steps: Tensor,
        kept: Tensor,
        gaps: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """States (variants, dim) and trend weights (variants, trends) of a question at time zero.

        Shared events: vectors (shared, dim), kinds, times and steps (shared,); a step above all
        others hides a row that stands for none. The rest of the events: vectors
        (rest, dim), kinds (rest,), times (rest,), steps (variants, rest + 1), the question's last,
        and `kept` (variants, rest), false for what a variant leaves out. `gaps` (variants,) are the
        days between the last event kept and the question.
        """
        model, variants = self.model, steps.shape[0]
        shared = (shared_vectors + model.kind_embedding(shared_kinds))[None]
        asked = model.question + model.gap_embedding(torch.bucketize(gaps, model.gap_edges))
        events = (vectors + model.kind_embedding(kinds))[None].expand(variants, -1, -1)
        states = torch.cat([events, asked[:, None]], dim=1)
        times = torch.cat([times, torch.zeros_like(times[:1])])
        shared_bias = self._bias(shared_times, shared_times, shared_steps[None], shared_steps[None])
        bias = self._bias(
            times,
            torch.cat([shared_times, times]),
            steps,
            torch.cat([shared_steps[None].expand(variants, -1), steps], dim=1),
        )
        always = torch.ones_like(steps[:, :1], dtype=torch.bool)
        kept = torch.cat([always.expand(-1, shared_times.shape[0]), kept, always], dim=1)
        bias = bias.masked_fill(~kept[:, None, None], HIDDEN)
        *blocks, last = model.blocks
        for block in blocks:
            states = block(states, bias, earlier=shared)
            shared = block(shared, shared_bias)
        states = model.norm(last(states, bias, earlier=shared, last_only=True)[:, 0])
        return states, model.trend_weights(states)

    def _bias(self, times: Tensor, seen_times: Tensor, steps: Tensor, seen_steps: Tensor) -> Tensor:
        """What is added to the attention of rows to those they may see, (variants, heads, rows,
        seen).
        """
        gaps = times[:, None] - seen_times[None, :]
        edges = (gaps[..., None] > self.model.gap_edges).sum(-1)
        distances = steps[:, :, None] - seen_steps[:, None, :]
        places = distances.clamp(0, len(self.step_table) - 1)
        # Looked up as embeddings, which the exporter turns into one operation; indexing takes six.
        by_gap = functional.embedding(edges, self.gap_table)
        bias = by_gap[None] + functional.embedding(places, self.step_table)
        return bias.permute(0, 3, 1, 2).masked_fill(distances[:, None] < 0, HIDDEN)


class OwnItemTerm(nn.Module):
    """Features (rows, OWN_ITEM_FEATURES) in, what is added to the scores of those items out."""

    def __init__(self, model: SequenceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor) -> Tensor:
        return self.model.own_item_scores(features)
