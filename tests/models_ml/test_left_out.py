"""What a score owes to each of the latest events: exactly what is lost by scoring without it."""

import numpy as np
import pytest
import torch
from torch import Tensor

from models_ml.data.columns import KINDS, PURCHASE_NUMBER
from models_ml.data.history import History
from models_ml.recommender.encoder import OnnxEncoder
from models_ml.recommender.export import export_networks
from models_ml.recommender.features import TREND_FEATURES, ItemHabits, own_item_features
from models_ml.recommender.fusion import FusionScorer, Parts
from models_ml.recommender.left_out import LATEST_EVENTS, latest_rows, strongest_events
from models_ml.recommender.model import SequenceConfig, SequenceModel
from models_ml.recommender.scorers import (
    Interest,
    NeighbourScorer,
    PopularityScorer,
    RepeatScorer,
    Scorer,
)
from models_ml.recommender.sequence import (
    Answer,
    ItemVectors,
    SequenceHead,
    SequenceScorer,
    steps_of,
)

ITEMS, WINDOW, NOW = 40, 48, 20_000.5
POLICIES = ("fusion", "network", "co_occurrence", "repeat_frequency", "popularity")


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    """A random network of full-sized weights."""
    torch.manual_seed(3)
    model = SequenceModel(SequenceConfig(items=ITEMS, dim=16, layers=2, heads=2, window=WINDOW))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.fixture(scope="module")
def scorers(model: SequenceModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scorer]:
    """The network, exported as in production, and what joins it."""
    random = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("network")
    export_networks(model, folder)
    known = model.item_embedding.weight.detach().numpy()
    vectors = ItemVectors(known, known[:0])
    trends = random.normal(size=(ITEMS, TREND_FEATURES)).astype(np.float32)
    head = SequenceHead(vectors, model.item_bias.detach().numpy(), trends)
    habits = ItemHabits(*random.uniform(0.1, 5.0, (3, ITEMS)).astype(np.float32))
    network = SequenceScorer(head, OnnxEncoder.open(folder, vectors, 1), habits, WINDOW)
    shares = random.uniform(0.0, 1.0, ITEMS).astype(np.float32)
    neighbours = np.argsort(random.random((ITEMS, ITEMS)))[:, :12].astype(np.int32)
    strengths = random.normal(0.1, 0.2, (ITEMS, 12)).astype(np.float32)
    linear = NeighbourScorer(Interest(30.0, 0.2), neighbours, strengths, shares)
    repeat = RepeatScorer(Interest(20.0, 0.1), shares)
    parts = Parts(linear, linear.with_interest(5.0, 0.5), repeat)
    weights = {"ease": 0.4, "co_occurrence": 0.2, "repeat_frequency": 0.6}
    return {
        "fusion": FusionScorer(network, parts, weights),
        "network": FusionScorer(network, parts, dict.fromkeys(weights, 0.0)),
        "co_occurrence": linear,
        "repeat_frequency": repeat,
        "popularity": PopularityScorer(shares),
    }


def history_of(seed: int, events: int, basket: int, days: float = 60.0) -> History:
    """Random events of all kinds; about `basket` of them share each moment."""
    random = np.random.default_rng(seed)
    times = np.sort(NOW - days * random.random(max(events // basket, 1)))
    times = np.sort(random.choice(times, events))
    items = random.integers(0, ITEMS // 2, events).astype(np.int32)
    return History(items, times, random.integers(0, len(KINDS), events).astype(np.int8))


HISTORIES = {
    "one event": history_of(1, 1, 1),
    "two events": history_of(2, 2, 1),
    "fewer than ten": history_of(3, 7, 2),
    "alone in their moments": history_of(4, 20, 1),
    "in baskets": history_of(5, 22, 4),
    "one basket only": history_of(6, 15, 100),
    "over a year": history_of(9, 46, 1, days=400.0),
    "purchases only": History(
        history_of(7, 18, 3).items, history_of(7, 18, 3).times, np.full(18, PURCHASE_NUMBER)
    ),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", HISTORIES)
def test_it_is_what_scoring_without_the_event_loses(
    scorers: dict[str, Scorer], policy: str, name: str
) -> None:
    scorer, history = scorers[policy], HISTORIES[name]
    wanted = np.random.default_rng(0).permutation(ITEMS)[:30]
    explained = scorer.explained(history, NOW)
    scores = scorer.score(history, NOW)
    assert explained.scores == pytest.approx(scores, abs=1e-5)
    without = [scorer.score(history.without(row), NOW) for row in latest_rows(history).tolist()]
    expected = np.stack([scores[wanted] - one[wanted] for one in without])
    found = explained.drops(wanted)
    assert found.shape == (min(len(history), LATEST_EVENTS), len(wanted))
    assert found == pytest.approx(expected, abs=2e-4)
    if policy in {"fusion", "network"}:
        assert np.abs(found).max() > 0.1


def test_nothing_older_comes_into_the_window_for_what_is_left_out(
    scorers: dict[str, Scorer],
) -> None:
    scorer, history = scorers["fusion"], history_of(8, 60, 2)
    assert isinstance(scorer, FusionScorer)
    network = scorer.sequence
    shorter = SequenceScorer(network.head, network.encoder, network.habits, WINDOW - 1)
    without = FusionScorer(shorter, scorer.parts, scorer.weights)
    expected = [
        scorer.score(history, NOW) - without.score(history.without(row), NOW)
        for row in latest_rows(history).tolist()
    ]
    found = scorer.explained(history, NOW).drops(np.arange(ITEMS))
    assert found == pytest.approx(np.stack(expected), abs=2e-4)


@pytest.mark.parametrize("name", ["in baskets", "over a year"])
def test_captum_finds_the_same(scorers: dict[str, Scorer], model: SequenceModel, name: str) -> None:
    """FeatureAblation switches one event off at a time, over the network as torch runs it."""
    from captum.attr import FeatureAblation

    network = scorers["network"]
    assert isinstance(network, FusionScorer)
    history = HISTORIES[name]
    target = 11

    def logit(present: Tensor) -> Tensor:
        """Score of one item for each row of flags (rows, events), by the network in torch."""
        kept = [np.flatnonzero(row.numpy()) for row in present]
        return torch.stack([_logits(model, network.sequence, history, rows) for rows in kept])[
            :, target
        ]

    everything = torch.ones(1, len(history))
    latest = latest_rows(history)
    found = FeatureAblation(logit).attribute(everything, baselines=0)[0]
    own = network.explained(history, NOW).drops(np.array([target]))[:, 0]
    assert own == pytest.approx(found.numpy()[latest], abs=2e-4)


def _logits(
    model: SequenceModel, scorer: SequenceScorer, history: History, rows: np.ndarray
) -> Tensor:
    """Scores of the catalogue for some rows of a history."""
    left = History(history.items[rows], history.times[rows], history.kinds[rows])
    own_items, features = own_item_features(left, NOW, scorer.habits)
    with torch.no_grad():
        states, weights = model.encode(
            model.item_embedding(torch.from_numpy(left.items).long())[None],
            torch.from_numpy(left.kinds).long()[None],
            torch.from_numpy(left.times - NOW).float()[None],
            torch.from_numpy(steps_of(left.times))[None],
            torch.zeros(1, 1),
            torch.full((1, 1), len(left)),
        )
        own = model.own_item_scores(torch.from_numpy(features)).numpy()
    answer = Answer(states[0, 0].numpy(), weights[0, 0].numpy(), own_items, own)
    return torch.from_numpy(scorer.head.combine(answer))


def test_several_events_with_a_product_count_together_and_the_strongest_come_first() -> None:
    history = History(
        np.array([2, 1, 2, 0, 1]), np.arange(5.0), np.array([0, 0, 0, PURCHASE_NUMBER, 4])
    )
    drops = np.array([[0.2, 0.0], [0.1, -0.5], [0.3, 0.0], [0.05, 0.001], [0.0, 0.0]])
    moved, opposed = strongest_events(history, drops, 0.01, ["A", "B", "C"])
    assert [(one.item, one.kind) for one in moved] == [
        ("C", "view"),
        ("B", "view"),
        ("A", "purchase"),
    ]
    assert [one.contribution for one in moved] == pytest.approx([0.5, 0.1, 0.05])
    assert [(one.item, one.contribution) for one in opposed] == [("B", -0.5)]
