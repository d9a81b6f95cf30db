"""The network sees what it may see: everything earlier, nothing later, no order inside a basket."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from models_ml.data.cleaning import clean
from models_ml.data.histories import build_histories
from models_ml.data.sequences import Target
from models_ml.recommender.batches import Examples
from models_ml.recommender.fit import answer
from models_ml.recommender.model import SequenceConfig, SequenceModel, grow
from models_ml.recommender.past import Past
from models_ml.recommender.sequence import ItemVectors, SequenceHead

Write = Callable[..., pd.DataFrame]
LENGTH = 12


def past_of(frame: pd.DataFrame) -> Past:
    histories = build_histories(clean(frame)[0])
    return Past(histories, float(histories.times.max()) + 1.0)


def network(items: int, seed: int = 0) -> SequenceModel:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = SequenceModel(SequenceConfig(items=items, dim=16, layers=2, heads=2, window=LENGTH))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def logits(model: SequenceModel, past: Past, targets: list[Target]) -> np.ndarray:
    vectors = model.item_embedding.weight.detach().numpy()
    head = SequenceHead(
        ItemVectors(vectors, vectors[:0]),
        model.item_bias.detach().numpy(),
        past.trend.at(past.cut),
    )
    return np.stack([head.combine(one) for one in answer(model, Examples(past, targets, LENGTH))])


def asking(past: Past, context: int, now: float, customer: int = 0) -> Target:
    return Target(customer, context, now, np.array([0]))


BASKETS = (
    ("anna", "2026-03-01", "cup", "tea", "jug"),
    ("anna", "2026-03-05", "pot", "tea"),
    ("anna", "2026-03-20", "pan"),
    ("bob", "2026-03-04", "pan", "jug"),
)


def test_line_order_inside_a_basket_changes_nothing(purchases: Write) -> None:
    frame = purchases(*BASKETS)
    shuffled = purchases(
        ("anna", "2026-03-01", "jug", "cup", "tea"),
        ("bob", "2026-03-04", "jug", "pan"),
        ("anna", "2026-03-20", "pan"),
        ("anna", "2026-03-05", "tea", "pot"),
    )
    shuffled["time"] += pd.to_timedelta(np.arange(len(shuffled)), unit="s")
    shuffled["time"] -= pd.to_timedelta([0, 0, 0, 3, 3, 5, 6, 6], unit="s")
    first, second = past_of(frame), past_of(shuffled)
    model = network(first.items)
    expected = logits(model, first, [asking(first, 5, first.cut)])
    assert logits(model, second, [asking(second, 5, first.cut)]) == pytest.approx(expected)


def test_the_order_of_baskets_does_matter(purchases: Write) -> None:
    swapped = [("anna", "2026-03-05", *BASKETS[0][2:]), ("anna", "2026-03-01", *BASKETS[1][2:])]
    first, second = past_of(purchases(*BASKETS)), past_of(purchases(*swapped, *BASKETS[2:]))
    model = network(first.items)
    before = logits(model, first, [asking(first, 5, first.cut)])
    after = logits(model, second, [asking(second, 5, first.cut)])
    assert np.abs(before - after).max() > 1e-3


def test_a_question_knows_nothing_after_its_context(purchases: Write) -> None:
    same_catalogue = ("cleo", "2026-03-02", "pot")
    past = past_of(purchases(*BASKETS, same_catalogue))
    later = ("anna", "2026-03-06", "pan")
    other = past_of(purchases(BASKETS[0], later, *BASKETS[2:], same_catalogue))
    model = network(past.items)
    now = float(past.histories.of(0).times[2]) + 1.0

    def states(one: Past) -> list[np.ndarray]:
        questions = [asking(one, 3, now), asking(one, 4, one.cut)]
        return [found.state for found in answer(model, Examples(one, questions, LENGTH))]

    (early, late), (other_early, other_late) = states(past), states(other)
    assert early == pytest.approx(other_early, abs=1e-5)
    assert np.abs(late - other_late).max() > 1e-3


def test_questions_of_one_segment_and_padding_do_not_see_each_other(purchases: Write) -> None:
    past = past_of(purchases(*BASKETS))
    model = network(past.items)
    times = past.histories.of(0).times
    alone = [asking(past, 3, float(times[2]) + 0.3), asking(past, 5, float(times[4]) + 2.0)]
    bob = asking(past, 2, past.cut, customer=1)
    apart = [logits(model, past, [one])[0] for one in (*alone, bob)]
    together = logits(model, past, [*alone, bob])
    assert together == pytest.approx(np.stack(apart), abs=1e-4)


def test_a_grown_network_answers_as_before_about_what_it_knew(purchases: Write) -> None:
    model = network(3)
    grown = grow(model, np.array(["b", "d", "e"]), np.array(["a", "b", "c", "d", "e"]))
    old = model.item_embedding.weight
    assert torch.equal(grown.item_embedding.weight[[1, 3, 4]], old)
    assert torch.allclose(grown.item_embedding.weight[[0, 2]], old.mean(0).expand(2, -1))
    assert torch.equal(grown.item_bias[[1, 3, 4]], model.item_bias)
    assert torch.equal(grown.blocks[1].expand.weight, model.blocks[1].expand.weight)
    assert grown.config.items == 5
    assert grown.config.window == LENGTH
