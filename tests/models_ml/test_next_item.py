"""The next-item network, the transitions and how both are measured, on shops small enough to see
through.
"""

import math

import numpy as np
import pytest
import torch
from scipy import sparse

from models_ml.data.sequence_file import Sequences
from models_ml.recommender.next_item.batches import Batch, Batches, pad
from models_ml.recommender.next_item.blend import blend_scorer, tune_blend, tune_transitions
from models_ml.recommender.next_item.fit import FitSettings, fit, sampled_softmax, scorer
from models_ml.recommender.next_item.initial import initial_vectors
from models_ml.recommender.next_item.leave_one_out import (
    Questions,
    block_ranks,
    figures,
    measure,
    split,
)
from models_ml.recommender.next_item.members import Task, fit_members, mean_scorer
from models_ml.recommender.next_item.model import NextItemConfig, NextItemModel
from models_ml.recommender.next_item.transitions import Transitions, TransitionSettings

SMALL = NextItemConfig(dim=8, layers=1, heads=2, dropout=0.0, length=6)


def no_attributes(catalogue):
    return sparse.csr_array((catalogue, 0), dtype=np.float32)


def sequences_of(lists, catalogue):
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in lists])])
    return Sequences(np.concatenate(lists), offsets, no_attributes(catalogue))


def ring(customers=60, catalogue=20, length=8):
    """Everybody buys round a ring: what comes next is certain."""
    starts = np.random.default_rng(0).integers(0, catalogue, customers)
    return sequences_of([(start + np.arange(length)) % catalogue for start in starts], catalogue)


def test_the_last_item_tests_and_the_one_before_it_chooses():
    parted = split(sequences_of([np.array([3, 1, 2, 0]), np.array([4, 5])], 6))
    assert [one.tolist() for one in parted.train] == [[3, 1], [4, 5]]
    assert parted.validation.contexts[0].tolist() == [3, 1]
    assert parted.validation.targets.tolist() == [2]
    assert parted.test.contexts[0].tolist() == [3, 1, 2]
    assert parted.test.targets.tolist() == [0]


def test_ties_count_against_us_and_what_was_bought_is_no_rival():
    asked = Questions([np.array([0]), np.array([0]), np.array([2])], np.array([2, 2, 2]))
    scores = np.array([[9.0, 1, 2, 0], [9, 2, 2, 2], [0, 1, 2, 3]])
    assert block_ranks(scores, asked).tolist() == [0, 2, 1]


def test_scores_that_are_no_numbers_rank_last():
    asked = Questions([np.array([0])], np.array([2]))
    assert block_ranks(np.array([[1.0, 1, np.nan, 0]]), asked).tolist() == [4]


def test_figures_by_hand():
    found = figures(np.array([0, 6, 10]))
    assert found["hr@5"] == pytest.approx(1 / 3)
    assert found["hr@10"] == pytest.approx(2 / 3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(8)) / 3)


def test_coverage_counts_what_is_shown_and_not_what_was_bought():
    asked = Questions([np.array([0])], np.array([1]))
    scores = np.zeros((1, 40))
    assert measure(lambda contexts: scores.copy(), asked)["coverage"] == pytest.approx(10 / 40)
    few = measure(lambda contexts: np.zeros((1, 4)), asked)
    assert few["coverage"] == pytest.approx(3 / 4)


def test_a_place_sees_no_later_item():
    torch.manual_seed(0)
    model = NextItemModel(SMALL, no_attributes(9)).eval()
    vectors = model.vectors.all()
    states = model(vectors[torch.tensor([[1, 2, 3, 4]])])
    changed = model(vectors[torch.tensor([[1, 2, 8, 0]])])
    torch.testing.assert_close(states[:, :2], changed[:, :2])
    assert not torch.allclose(states[:, 2], changed[:, 2])


def test_padding_changes_nothing():
    torch.manual_seed(0)
    score = scorer(NextItemModel(SMALL, no_attributes(9)))
    together = score([np.array([1, 2]), np.array([3, 4, 5, 6, 7])])
    np.testing.assert_allclose(together[0], score([np.array([1, 2])])[0], rtol=1e-5)


def test_items_of_like_attributes_share_what_they_learn():
    attributes = sparse.csr_array(np.array([[1, 1], [1, 1], [0, 0]], np.float32))
    model = NextItemModel(SMALL, attributes)
    with torch.no_grad():
        model.vectors.own.weight.zero_()
    vectors = model.vectors.all().detach()
    expected = model.vectors.shared.weight[:2].sum(dim=0) / math.sqrt(2)
    torch.testing.assert_close(vectors[0], expected.detach())
    torch.testing.assert_close(vectors[0], vectors[1])
    assert not vectors[2].any()


def test_with_the_whole_catalogue_the_loss_is_the_full_softmax():
    torch.manual_seed(0)
    model = NextItemModel(SMALL, no_attributes(7)).eval()
    inputs, real = pad([np.array([1, 2, 3]), np.array([4])])
    batch = Batch(inputs, real, torch.tensor([2, 3, 5, 6]))
    states = model(model.vectors.all()[inputs])[real]
    logits = states @ model.vectors.all().T + model.bias
    full = torch.nn.functional.cross_entropy(logits, batch.targets)
    torch.testing.assert_close(sampled_softmax(model, batch, 7), full)


def test_sampled_items_estimate_the_full_softmax():
    torch.manual_seed(0)
    model = NextItemModel(SMALL, no_attributes(500)).eval()
    inputs, real = pad([np.arange(6)])
    batch = Batch(inputs, real, torch.arange(1, 7))
    with torch.no_grad():
        full = float(sampled_softmax(model, batch, 500))
        drawn = [float(sampled_softmax(model, batch, 50)) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(full, abs=0.02)


def test_every_step_of_a_long_sequence_is_learned_once():
    batches = Batches([np.arange(17)], length=5, size=4, seed=1)
    pairs = set()
    for batch in batches.epoch():
        pairs |= set(zip(batch.inputs[batch.real].tolist(), batch.targets.tolist(), strict=True))
    assert pairs == {(place, place + 1) for place in range(16)}


def test_nobody_with_a_second_item_is_said():
    with pytest.raises(ValueError, match="no customer has a second item"):
        Batches([np.array([1])], length=5, size=4, seed=1)


@pytest.mark.parametrize("wrong", [{"dim": 0}, {"dim": 10, "heads": 4}, {"dropout": 1.0}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NextItemConfig(**wrong)


def test_the_network_learns_what_is_certain_and_keeps_its_best_epoch():
    sequences = ring()
    parted = split(sequences)
    torch.manual_seed(1)
    model = NextItemModel(SMALL, sequences.attributes)
    settings = FitSettings(epochs=4, minutes=1.0, batch_size=16, learning_rate=1e-2)
    curve = fit(parted, model, settings, seed=1)
    best = max(one.validation_ndcg for one in curve)
    assert measure(scorer(model), parted.validation)["ndcg@10"] == pytest.approx(best)
    assert measure(scorer(model), parted.test)["hr@5"] > 0.95


def test_transitions_follow_the_order_and_fade():
    settings = TransitionSettings(backward=0.0, gap=0.5, damping=0.0, fade=0.5)
    scores = Transitions([np.array([0, 1, 2])], 4, settings).score(
        [np.array([0]), np.array([1, 0])]
    )
    assert scores[0].argmax() == 1
    assert scores[0][2] == pytest.approx(scores[0][1] / 2)
    assert scores[0][3] == 0
    assert scores[1][2] == pytest.approx(scores[0][2] + scores[0][1] / 2)


def test_start_vectors_put_neighbours_together_and_differ_by_seed():
    lists = [np.array([0, 1, 0, 1]), np.array([2, 3, 2, 3]), np.array([4, 5, 4, 5])]
    vectors = initial_vectors(lists, 6, 2, seed=1)
    assert vectors.shape == (6, 2)
    assert not np.allclose(vectors, initial_vectors(lists, 6, 2, seed=2))
    assert initial_vectors(lists, 6, 5, seed=1) is None


def test_a_part_that_does_not_help_gets_no_weight():
    sequences = ring()
    parted = split(sequences)
    transitions, settings = tune_transitions(parted, 20, seed=1)

    def oracle(contexts):
        scores = np.zeros((len(contexts), 20), np.float32)
        scores[np.arange(len(contexts)), [(one[-1] + 1) % 20 for one in contexts]] = 1.0
        return scores

    def blind(contexts):
        return np.zeros((len(contexts), 20), np.float32)

    assert tune_blend(oracle, transitions, settings, parted, seed=1).weight == 0.0
    helped = tune_blend(blind, transitions, settings, parted, seed=1)
    assert helped.weight > 0
    assert helped.ndcg > helped.network_ndcg
    found = measure(blend_scorer(blind, transitions, helped.weight), parted.test)
    assert found["hr@5"] > 0.95


def test_networks_are_kept_and_not_fitted_again(tmp_path):
    sequences = ring(customers=20)
    task = Task(
        split=split(sequences),
        attributes=sequences.attributes,
        config=SMALL,
        settings=FitSettings(epochs=1, batch_size=16),
        seed=5,
        file=tmp_path / "network.pt",
    )
    told = []
    members = fit_members(task, 2, 0.001, lambda number, member: told.append(number))
    written = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    again = fit_members(task, 2, 0.001, lambda number, member: told.append(number))
    assert told == [0, 1, 0, 1]
    assert written == {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    asked = [np.array([1, 2])]
    first = mean_scorer(members)(asked)
    np.testing.assert_array_equal(first, mean_scorer(again)(asked))
    np.testing.assert_allclose(
        first, (mean_scorer(members[:1])(asked) + mean_scorer(members[1:])(asked)) / 2, rtol=1e-5
    )
