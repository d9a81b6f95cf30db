"""Off-policy estimates over a catalogue's places, against a world whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from models_ml.policy.offpolicy.estimates import Doubt, Verdict
from models_ml.policy.offpolicy.places import LoggedPlaces, evaluate_places
from models_ml.policy.offpolicy.scores import DIRECT, DOUBLY_ROBUST, IPS, SNIPS
from models_ml.policy.problems import PolicyProblem

FAST = {"rounds": 200}
ITEMS, KNOWN = 300, 4


def _world(seed: int, people: int = 1500, dial: float = 0.6) -> tuple[LoggedPlaces, float]:
    """Return logged places and what the candidate earns at one, over a catalogue of 300 products.

    The log draws evenly with the share of its dial, else the best by a wrong order; the candidate
    explores half as much, by the products' true worth.
    """
    rng = np.random.default_rng(seed)
    features = rng.uniform(-1, 1, (ITEMS, KNOWN))
    rates = np.clip(0.2 + features @ [0.15, -0.05, 0.0, 0.02] + rng.normal(0, 0.05, ITEMS), 0, 1)
    behaviour, candidate = (np.full(ITEMS, share / ITEMS) for share in (dial, dial / 2))
    behaviour[np.argsort(features[:, 1])[-5:]] += (1 - dial) / 5
    candidate[np.argsort(rates)[-5:]] += (1 - dial / 2) / 5
    shoppers = np.repeat(np.arange(people), 6)
    shown = rng.choice(ITEMS, len(shoppers), p=behaviour)
    every = np.tile(candidate @ features, (len(shown), 1))
    places = LoggedPlaces(
        propensities=behaviour[shown],
        chances=candidate[shown],
        rewards=(rng.random(len(shown)) < rates[shown]).astype(float),
        shoppers=shoppers,
        shown=features[shown],
        expected=every,
        unseen=np.zeros(len(shown)),
        unsupported=np.zeros(len(shown)),
    )
    return places, float(candidate @ rates)


def test_every_estimate_but_the_model_s_own_finds_the_truth() -> None:
    held = dict.fromkeys((IPS, SNIPS, DOUBLY_ROBUST), 0)
    for seed in range(20):
        places, truth = _world(seed, people=400)
        found = evaluate_places(places, **FAST)
        for name in held:
            held[name] += found.of(name).low <= truth <= found.of(name).high
        assert found.mean_weight == pytest.approx(1.0, abs=0.5)
    # 20 intervals of 95 %: fewer than 16 would happen in 3 of 1,000 runs.
    assert min(held.values()) >= 16, held


def test_a_clearly_better_candidate_is_found_better_where_the_log_is_large_enough() -> None:
    places, truth = _world(1, people=6000, dial=0.9)
    found = evaluate_places(places, **FAST)
    assert found.verdict == Verdict.BETTER, found.refusals
    assert found.of(DOUBLY_ROBUST).value == pytest.approx(truth, abs=0.05)


def test_the_log_s_own_policy_gains_nothing_and_the_model_says_the_mean() -> None:
    places, _truth = _world(2)
    own = replace(places, chances=places.propensities, expected=places.shown)
    found = evaluate_places(own, **FAST)
    assert found.of(IPS).gain == pytest.approx(0.0, abs=1e-12)
    assert found.of(IPS).largest_weight == 1.0
    assert found.of(DIRECT).value == pytest.approx(places.rewards.mean(), abs=0.01)
    assert found.of(DOUBLY_ROBUST).value == pytest.approx(places.rewards.mean(), abs=1e-9)
    assert found.verdict == Verdict.UNDECIDED


def test_what_could_not_have_been_drawn_at_a_place_is_a_reason_against_a_verdict() -> None:
    places, _truth = _world(1, people=6000, dial=0.9)
    lacking = np.zeros(len(places))
    lacking[::10] = 0.4
    found = evaluate_places(replace(places, unsupported=lacking), **FAST)
    assert found.unsupported_share == pytest.approx(0.04)
    assert found.verdict == Verdict.BETTER
    found = evaluate_places(replace(places, unsupported=2 * lacking), **FAST)
    assert found.verdict == Verdict.REFUSED
    (refusal,) = found.refusals
    assert (refusal.doubt, refusal.needed) == (Doubt.NO_SUPPORT, 0.05)
    assert refusal.found == pytest.approx(0.08)


def test_what_the_log_never_showed_is_a_reason_against_a_verdict() -> None:
    places, _truth = _world(3)
    found = evaluate_places(replace(places, unseen=np.full(len(places), 0.3)), **FAST)
    assert found.verdict == Verdict.REFUSED
    assert Doubt.UNSEEN_ARMS in [one.doubt for one in found.refusals]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"propensities": np.ones(9000)}, "only what its policy shows"),
        ({"propensities": np.zeros(9000)}, r"propensities: place 0 has 0\.0"),
        ({"chances": np.zeros(9000)}, "none of what was logged"),
        ({"chances": np.full(9000, 2.0)}, r"chances: place 0 has 2\.0"),
        ({"rewards": np.full(9000, np.nan)}, "rewards: place 0 has nan"),
        ({"rewards": np.zeros(3)}, "rewards has 3 rows"),
        ({"expected": np.zeros((9000, 1))}, "expected"),
        ({"shoppers": np.zeros(9000)}, "one shopper's"),
    ],
)
def test_a_log_that_cannot_be_used_says_why(changes: dict[str, np.ndarray], message: str) -> None:
    places, _truth = _world(4)
    with pytest.raises(PolicyProblem, match=message):
        evaluate_places(replace(places, **changes), **FAST)
