"""The networks as they are served, written node by node: of an exported module, three nodes in four
only moved shapes about, and cost more than what the network computes.

The encoder answers one question about one history, and the same question about that history with
each of its latest events left out, in one batch. Events see only what is earlier or in their own
basket, so that everything before the basket of the first event left out is encoded once and shared
by all variants, as keys and values are shared in the decoding of language models.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from models_ml.recommender.features import OWN_ITEM_FEATURES, TREND_FEATURES
from models_ml.recommender.model import Block, SequenceModel
from models_ml.recommender.sequence import GAP_EDGES, HIDDEN, STEP_EDGES, Tables

# The first that knows Gelu.
OPSET = 20
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def tables_of(model: SequenceModel) -> Tables:
    """What is looked up rather than computed."""
    bias = model.distance_bias
    with torch.no_grad():
        by_edge, gaps = bias.weight, len(GAP_EDGES)
        # Whoever passed an edge passed the ones below: sums by the number passed.
        none = torch.zeros_like(by_edge[:, :1])
        by_gap = torch.cat([none, by_edge[:, :gaps].cumsum(1)], dim=1) + bias.bias[:, None]
        by_steps = torch.cat([none, by_edge[:, gaps:].cumsum(1)], dim=1)
        passed = (torch.arange(STEP_EDGES[-1] + 2)[:, None] > torch.tensor(STEP_EDGES)).sum(1)
        hidden = torch.full_like(none, HIDDEN)
        return Tables(
            kinds=model.kind_embedding.weight.numpy(),
            asked=(model.question + model.gap_embedding.weight).numpy(),
            gaps=by_gap.numpy(),
            steps=torch.cat([by_steps[:, passed], hidden], dim=1).numpy(),
        )


def write_encoder(model: SequenceModel, path: Path) -> None:
    """Write the encoder that `models_ml.recommender.encoder` asks.

    Inputs: `shared` (shared, dim), the events that all variants see; `states` (variants * rows,
    dim), what each variant reads beside them, its question last; for each head `shared_bias_0`…
    (1, shared, shared) and `bias_0`… (variants, rows, shared + rows), added to its attention;
    `layout` (3,), variants, rows and 3 * dim; `last` (variants,), the rows of the questions;
    `each` (variants, 1, 1), ones. Outputs: `found` (variants, dim), the states of the questions,
    and `weights` (variants, trends).
    """
    graph, dim, heads = _Graph(), model.config.dim, range(model.config.heads)
    bias = [f"bias_{head}" for head in heads]
    shared_bias = [f"shared_bias_{head}" for head in heads]
    shared, states = "shared", "states"
    one = graph.constant(np.array([1, -1, 3 * dim]))
    *blocks, last = [_Block(graph, block) for block in model.blocks]
    for block in blocks:
        earlier = block.project(shared, one)
        states = block.answer(states, block.project(states, "layout"), bias, earlier=earlier)
        shared = block.answer(shared, earlier, shared_bias)
    own, earlier = last.project(states, "layout"), last.project(shared, one)
    states = last.answer(states, own, bias, earlier=earlier, last_only=True)
    graph.normalise(states, model.norm, to="found")
    graph.linear("found", model.trend_weights, to="weights")
    inputs = [
        ("shared", FLOAT, ("shared_rows", dim)),
        ("states", FLOAT, ("all_rows", dim)),
        ("layout", INT, (3,)),
        ("last", INT, ("variants",)),
        *((name, FLOAT, (1, "shared_rows", "shared_rows")) for name in shared_bias),
        *((name, FLOAT, ("variants", "rows", "seen")) for name in bias),
        ("each", FLOAT, ("variants", 1, 1)),
    ]
    outputs = [
        ("found", FLOAT, ("variants", dim)),
        ("weights", FLOAT, ("variants", TREND_FEATURES)),
    ]
    graph.save(path, inputs, outputs)


def write_own_item_term(model: SequenceModel, path: Path) -> None:
    """Write what turns features (rows, OWN_ITEM_FEATURES) into `scores` (rows, 1)."""
    graph = _Graph()
    first, _gelu, second = model.own_items
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    with torch.no_grad():
        weight = first.weight / model.own_deviation
        standardised = nn.Linear(OWN_ITEM_FEATURES, first.out_features)
        standardised.weight.copy_(weight)
        standardised.bias.copy_(first.bias - weight @ model.own_mean)
    hidden = graph.add("Gelu", graph.linear("features", standardised))
    graph.linear(hidden, second, to="scores")
    features = [("features", FLOAT, ("rows", OWN_ITEM_FEATURES))]
    graph.save(path, features, [("scores", FLOAT, ("rows", 1))])


class _Graph:
    """Nodes and weights in the making; every method returns the name of what it adds."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def constant(self, array: Any) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        name = to or f"value_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def linear(self, rows: str, layer: nn.Linear, *, to: str = "") -> str:
        weight, bias = (self.constant(part.detach().numpy()) for part in (layer.weight, layer.bias))
        return self.add("Gemm", rows, weight, bias, to=to, transB=1)

    def normalise(self, rows: str, layer: nn.LayerNorm, *, to: str = "") -> str:
        scale, bias = (self.constant(part.detach().numpy()) for part in (layer.weight, layer.bias))
        return self.add("LayerNormalization", rows, scale, bias, to=to, epsilon=layer.eps)

    def split(self, rows: str, widths: list[int]) -> list[str]:
        """Parts of these widths, cut along the last axis."""
        names = [f"{rows}_{len(self._nodes)}_{place}" for place in range(len(widths))]
        sizes = self.constant(np.array(widths))
        self._nodes.append(helper.make_node("Split", [rows, sizes], names, axis=2))
        return names

    def save(self, path: Path, inputs: list[Any], outputs: list[Any]) -> None:
        told, found = (
            [helper.make_tensor_value_info(*one) for one in ends] for ends in (inputs, outputs)
        )
        graph = helper.make_graph(self._nodes, path.stem, told, found, self._weights)
        version = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[version], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


class _Block:
    """One block of the network, over rows (variants * rows, dim). Heads go one by one: side by side
    they would have to be transposed, which takes longer than their attention.
    """

    def __init__(self, graph: _Graph, block: nn.Module) -> None:
        assert isinstance(block, Block)
        self._graph, self._block, self._heads = graph, block, block.heads
        dim = block.output.in_features
        self._dim, self._width = dim, dim // block.heads
        self._flat = graph.constant(np.array([-1, dim]))
        with torch.no_grad():
            # Queries come scaled, which spares an operation on all pairs.
            scale = torch.ones(3 * dim, 1)
            scale[:dim] = self._width**-0.5
            self._projection = nn.Linear(dim, 3 * dim)
            self._projection.weight.copy_(block.projection.weight * scale)
            self._projection.bias.copy_(block.projection.bias * scale[:, 0])

    def project(self, rows: str, layout: str) -> tuple[str, str]:
        """Queries (variants, rows, dim), and keys with values (variants, rows, 2 * dim)."""
        graph, dim = self._graph, self._dim
        normal = graph.normalise(rows, self._block.attention_norm)
        found = graph.add("Reshape", graph.linear(normal, self._projection), layout)
        query, seen = graph.split(found, [dim, 2 * dim])
        return query, seen

    def answer(
        self,
        rows: str,
        own: tuple[str, str],
        bias: list[str],
        *,
        earlier: tuple[str, str] | None = None,
        last_only: bool = False,
    ) -> str:
        """`rows` after attention to themselves, and to what is `earlier` where it is given, and
        the feed-forward layer; with `last_only`, the last row of each variant alone."""
        graph, block = self._graph, self._block
        query, seen = own
        if earlier:
            seen = graph.add("Concat", graph.add("Mul", earlier[1], "each"), seen, axis=1)
        if last_only:
            end = graph.constant(np.array([-1]))
            query, *bias = (graph.add("Gather", one, end, axis=1) for one in (query, *bias))
            rows = graph.add("Gather", rows, "last", axis=0)
        queries = graph.split(query, [self._width] * self._heads)
        parts = graph.split(seen, [self._width] * (2 * self._heads))
        keys, values = parts[: self._heads], parts[self._heads :]
        mixed = [self._mix(*one) for one in zip(queries, keys, values, bias, strict=True)]
        side_by_side = graph.add("Reshape", graph.add("Concat", *mixed, axis=2), self._flat)
        rows = graph.add("Add", rows, graph.linear(side_by_side, block.output))
        hidden = graph.linear(graph.normalise(rows, block.forward_norm), block.expand)
        hidden = graph.linear(graph.add("Gelu", hidden), block.contract)
        return graph.add("Add", rows, hidden)

    def _mix(self, query: str, key: str, value: str, bias: str) -> str:
        """What one head sees, (variants, rows, dim / heads)."""
        graph = self._graph
        logits = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 2, 1]))
        shares = graph.add("Softmax", graph.add("Add", logits, bias), axis=-1)
        return graph.add("MatMul", shares, value)
