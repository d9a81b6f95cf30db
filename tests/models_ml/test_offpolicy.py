"""Off-policy estimates against figures worked out by hand, and what they refuse."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.fixed import Fixed
from models_ml.policy.linucb import LinUCB
from models_ml.policy.offpolicy.estimates import Doubt, Verdict
from models_ml.policy.offpolicy.evaluate import chances_of, evaluate
from models_ml.policy.offpolicy.log import LoggedDecisions, log_of
from models_ml.policy.offpolicy.reward_model import cross_fit
from models_ml.policy.offpolicy.scores import (
    CLIPPED_IPS,
    DIRECT,
    DOUBLY_ROBUST,
    IPS,
    SNIPS,
    effective,
)
from models_ml.policy.problems import PolicyProblem
from tests.models_ml.logged_worlds import make_world

WORLD = make_world(1)
FAST = {"rounds": 100}


def small(**changes: object) -> LoggedDecisions:
    """Return four decisions of three shoppers between two arms."""
    parts = {
        "arms": ("a", "b"),
        "taken": np.array([0, 1, 1, 0]),
        "propensities": np.array([0.5, 0.5, 0.25, 0.8]),
        "rewards": np.array([1.0, 0.0, 1.0, 1.0]),
        "contexts": np.zeros((4, 0)),
        "shoppers": np.array([7, 8, 8, 9]),
    }
    return LoggedDecisions(**{**parts, **changes})


ALWAYS_B = np.tile([0.0, 1.0], (4, 1))
MOSTLY_A = np.tile([0.8, 0.2], (4, 1))


def test_the_estimators_are_what_their_papers_say() -> None:
    # Weights 1.6, 0.4, 0.8, 1; rewards 1, 0, 1, 1.
    predictions = np.tile([0.6, 0.3], (4, 1))
    found = evaluate(small(), MOSTLY_A, predictions=predictions, clip=1.2, **FAST)
    assert found.logged_mean == 0.75
    assert found.of(IPS).value == pytest.approx((1.6 + 0.8 + 1.0) / 4)
    assert found.of(CLIPPED_IPS).value == pytest.approx((1.2 + 0.8 + 1.0) / 4)
    assert found.of(SNIPS).value == pytest.approx(3.4 / 3.8)
    assert found.of(DIRECT).value == pytest.approx(0.8 * 0.6 + 0.2 * 0.3)
    corrections = (1.6 * 0.4 + 0.4 * -0.3 + 0.8 * 0.7 + 1.0 * 0.4) / 4
    assert found.of(DOUBLY_ROBUST).value == pytest.approx(0.54 + corrections)
    assert found.of(IPS).gain == pytest.approx(3.4 / 4 - 0.75)
    assert found.of(IPS).largest_weight == pytest.approx(1.6)
    assert found.of(CLIPPED_IPS).largest_weight == pytest.approx(1.2)
    assert found.of(IPS).effective_sample == pytest.approx(3.8**2 / (2.56 + 0.16 + 0.64 + 1))
    assert found.of(DIRECT).effective_sample is None
    assert found.effective_shoppers == pytest.approx(3.8**2 / (1.6**2 + 1.2**2 + 1))
    assert found.mean_weight == pytest.approx(0.95)
    assert found.shoppers == 3


def test_clipping_starts_at_the_root_of_the_number_of_decisions() -> None:
    assert evaluate(small(), MOSTLY_A, **FAST).clip == 2.0


def test_snips_does_not_move_when_weights_are_scaled() -> None:
    log = WORLD.log
    scaled = replace(log, propensities=log.propensities / 3)
    before = evaluate(log, WORLD.candidate, **FAST)
    after = evaluate(scaled, WORLD.candidate, **FAST)
    first, second = before.of(SNIPS), after.of(SNIPS)
    for name in ("value", "low", "high", "gain", "gain_low", "gain_high", "effective_sample"):
        assert getattr(second, name) == pytest.approx(getattr(first, name)), name
    assert after.of(IPS).value == pytest.approx(3 * before.of(IPS).value)


def test_snips_moves_with_a_constant_added_to_every_reward() -> None:
    raised = replace(WORLD.log, rewards=WORLD.log.rewards + 5)
    before = evaluate(WORLD.log, WORLD.candidate, **FAST).of(SNIPS)
    after = evaluate(raised, WORLD.candidate, **FAST).of(SNIPS)
    assert (after.low, after.high) == pytest.approx((before.low + 5, before.high + 5))
    assert (after.gain_low, after.gain_high) == pytest.approx((before.gain_low, before.gain_high))


def test_doubly_robust_is_the_direct_method_when_residuals_vanish() -> None:
    rows = np.arange(len(WORLD.log))
    exact = replace(WORLD.log, rewards=WORLD.rates[rows, WORLD.log.taken])
    found = evaluate(exact, WORLD.candidate, predictions=WORLD.rates, **FAST)
    direct, robust = found.of(DIRECT), found.of(DOUBLY_ROBUST)
    assert robust.value == pytest.approx(direct.value, rel=1e-12)
    assert (robust.low, robust.high) == pytest.approx((direct.low, direct.high))
    # The same of the fitted model, which can say a constant exactly.
    constant = replace(WORLD.log, rewards=np.full(len(WORLD.log), 0.7))
    found = evaluate(constant, WORLD.candidate, **FAST)
    assert found.of(DIRECT).value == pytest.approx(0.7)
    assert found.of(DOUBLY_ROBUST).value == pytest.approx(found.of(DIRECT).value)


def test_doubly_robust_corrects_a_model_that_is_wrong_everywhere() -> None:
    wrong = np.full_like(WORLD.rates, 0.9)
    found = evaluate(WORLD.log, WORLD.candidate, predictions=wrong, **FAST)
    assert found.of(DIRECT).value == pytest.approx(0.9)
    robust = found.of(DOUBLY_ROBUST)
    assert robust.low < WORLD.value < robust.high


def test_a_model_does_not_see_the_shopper_it_predicts() -> None:
    # Each shopper's rewards are their own, and the context tells who it is: a model that saw the
    # shopper would know the reward.
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(40), 10)
    log = LoggedDecisions(
        ("a", "b"),
        rng.integers(0, 2, 400),
        np.full(400, 0.5),
        rng.integers(0, 2, 40)[people].astype(float),
        np.eye(40)[people],
        people,
    )
    found = cross_fit(log, np.full((400, 2), 0.5), rng)
    known = found.rewards[np.arange(400), log.taken]
    assert np.corrcoef(known, log.rewards)[0, 1] < 0.2
    assert np.abs(known - 0.5).max() < 0.5


def test_the_log_s_own_policy_gains_nothing() -> None:
    found = evaluate(WORLD.log, WORLD.behaviour, **FAST)
    assert found.of(IPS).gain == 0
    assert found.of(SNIPS).gain == 0
    assert found.of(IPS).largest_weight == pytest.approx(1.0)
    assert found.of(IPS).effective_sample == pytest.approx(len(WORLD.log))
    assert found.verdict == Verdict.UNDECIDED


def test_a_better_candidate_is_found_better_and_a_worse_one_worse() -> None:
    world = make_world(3, shoppers=2500)
    assert evaluate(world.log, world.candidate, **FAST).verdict == Verdict.BETTER
    upside_down = np.take_along_axis(
        np.sort(world.candidate, axis=1),
        np.argsort(np.argsort(-world.rates, axis=1), axis=1),
        axis=1,
    )
    assert evaluate(world.log, upside_down, **FAST).verdict == Verdict.WORSE


def test_a_shopper_who_decides_four_times_as_often_proves_no_more() -> None:
    log = WORLD.log
    copies = np.repeat(np.arange(len(log)), 4)
    repeated = LoggedDecisions(
        log.arms,
        log.taken[copies],
        log.propensities[copies],
        log.rewards[copies],
        log.contexts[copies],
        log.shoppers[copies],
    )
    once = evaluate(log, WORLD.candidate, **FAST).of(SNIPS)
    four = evaluate(repeated, WORLD.candidate[copies], **FAST).of(SNIPS)
    assert (four.low, four.high) == pytest.approx((once.low, once.high))


@pytest.mark.parametrize(
    ("shoppers", "times", "doubt", "sentence"),
    [
        (60, 1.0, Doubt.FEW_SHOPPERS, "shoppers to this candidate, a verdict needs 100"),
        (900, 0.02, Doubt.FEW_REWARDS, "rewarded decisions to this candidate"),
    ],
)
def test_too_small_a_log_is_refused_a_verdict(shoppers, times, doubt, sentence) -> None:
    world = make_world(4, shoppers=shoppers, times=times)
    found = evaluate(world.log, world.candidate, **FAST)
    assert found.verdict == Verdict.REFUSED
    refusal = next(one for one in found.refusals if one.doubt == doubt)
    assert sentence in refusal.sentence
    assert refusal.found < refusal.needed
    assert found.of(IPS).low < found.of(IPS).high, "the figures are shown all the same"
    lenient = evaluate(world.log, world.candidate, fewest_shoppers=1, fewest_rewards=1, **FAST)
    assert lenient.verdict != Verdict.REFUSED


def test_rewards_of_what_the_candidate_hardly_shows_do_not_count_for_it() -> None:
    # 300 rewards on arm a, of 19,600 decisions; the candidate nearly always shows b, whose 400
    # decisions would have had six of them: that there was none proves little.
    taken = np.repeat([0, 1], [19_600, 400])
    log = LoggedDecisions(
        ("a", "b"),
        taken,
        np.where(taken == 0, 0.98, 0.02),
        (np.arange(20_000) < 300).astype(float),
        np.zeros((20_000, 0)),
        np.arange(20_000),
    )
    found = evaluate(log, np.tile([0.02, 0.98], (20_000, 1)), rounds=20)
    assert [one.doubt for one in found.refusals] == [Doubt.FEW_REWARDS]
    assert found.effective_rewards == pytest.approx(6, rel=0.1)


def test_intervals_of_a_large_log_are_those_of_the_central_limit() -> None:
    world = make_world(5, shoppers=3000)
    log = replace(world.log, shoppers=np.arange(len(world.log)))
    ips = evaluate(log, world.candidate, rounds=1500).of(IPS)
    taken = (np.arange(len(log)), log.taken)
    earned = world.candidate[taken] / log.propensities * log.rewards
    for low, high, each in (
        (ips.low, ips.high, earned),
        (ips.gain_low, ips.gain_high, earned - log.rewards),
    ):
        half = 1.96 * each.std() / np.sqrt(len(log))
        assert low == pytest.approx(each.mean() - half, abs=0.12 * half)
        assert high == pytest.approx(each.mean() + half, abs=0.12 * half)


def test_an_arm_the_log_never_took_is_refused_a_verdict() -> None:
    log = replace(WORLD.log, arms=(*WORLD.log.arms, "new"))
    some_new = np.hstack([WORLD.candidate * 0.9, np.full((len(log), 1), 0.1)])
    found = evaluate(log, some_new, **FAST)
    assert found.unseen_share == pytest.approx(0.1)
    assert Doubt.UNSEEN_ARMS in [one.doubt for one in found.refusals]


def test_propensities_that_are_not_the_logs_are_noticed() -> None:
    assert evaluate(WORLD.log, WORLD.candidate, **FAST).refusals == ()
    halved = replace(WORLD.log, propensities=WORLD.log.propensities / 2)
    found = evaluate(halved, WORLD.candidate, **FAST)
    assert [one.doubt for one in found.refusals] == [Doubt.WEIGHTS_OFF]
    assert "average 2.0" in found.refusals[0].sentence


def test_an_evaluation_is_the_same_again_and_fits_json() -> None:
    first = evaluate(WORLD.log, WORLD.candidate, **FAST)
    assert first == evaluate(WORLD.log, WORLD.candidate, **FAST)
    content = json.loads(json.dumps(first.as_dict(), allow_nan=False))
    assert content["verdict"] == first.verdict
    assert content["estimates"][0]["estimator"] == IPS


def test_a_policys_propensities_are_asked_for_in_the_logs_order() -> None:
    policy = EpsilonGreedy(("b", "a"), exploration=0.2)
    policy.update("a", None, 1.0)
    assert chances_of(policy, None, 2, ("a", "b", "c")) == pytest.approx(
        np.array([[0.9, 0.1, 0.0]] * 2)
    )
    linear = LinUCB(("a", "b"), 1, exploration=0.0)
    linear.update("a", [1.0], 1.0)
    contexts = np.array([[1.0], [-1.0], [1.0]])
    expected = [linear.propensities(row) for row in contexts]
    assert np.array_equal(chances_of(linear, contexts, 3, ("a", "b")), expected)
    with pytest.raises(PolicyProblem, match="no arm 'z'"):
        chances_of(Fixed(("z",)), None, 2, ("a",))


def test_kishs_number_is_that_of_equal_weights() -> None:
    assert effective(np.full(9, 0.3)) == pytest.approx(9)
    assert effective(np.array([1.0, 0.0, 0.0])) == 1
    assert effective(np.zeros(3)) == 0


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda: small(taken=np.array([], dtype=int)), "the log is empty"),
        (lambda: log_of(("a", "b"), [], [], [], None, []), "the log is empty"),
        (lambda: small(arms=("a",), taken=np.zeros(4, dtype=int)), "knows 1 arm"),
        (lambda: small(taken=np.ones(4, dtype=int)), "the one arm 'b'"),
        (lambda: small(taken=np.array([0, 1, 2, 0])), "taken: decision 2 has 2"),
        (lambda: small(propensities=np.array([0.5, 0.0, 1, 1])), "propensities: decision 1 .* 0.0"),
        (lambda: small(propensities=np.array([0.5, np.nan, 1, 1])), "decision 1 has nan"),
        (lambda: small(propensities=np.array([0.5, 1.2, 1, 1])), "decision 1 has 1.2"),
        (lambda: small(propensities=np.ones(3)), "propensities has 3 rows, taken has 4"),
        (lambda: small(rewards=np.array([0.5, 0.0, np.inf, 1])), "rewards: decision 2 has inf"),
        (lambda: small(contexts=np.full((4, 1), np.nan)), "contexts: decision 0"),
        (lambda: small(contexts=np.zeros(4)), r"contexts has shape \(4,\)"),
        (lambda: log_of(("a",), ["z"], [1.0], [0.0], None, [1]), "decision 0 took 'z'"),
        (lambda: evaluate(small(), ALWAYS_B[:, :1]), r"shape \(4, 1\), not \(4, 2\)"),
        (lambda: evaluate(small(), ALWAYS_B * 0.5), "decision 0 .* not a distribution"),
        (lambda: evaluate(small(), ALWAYS_B * np.nan), "not a distribution"),
        (lambda: evaluate(small(), ALWAYS_B, confidence=1.0), "confidence is 1.0"),
        (lambda: evaluate(small(), ALWAYS_B, clip=0.0), "clip is 0.0"),
        (lambda: evaluate(small(), ALWAYS_B, rounds=0), "rounds is 0"),
        (lambda: evaluate(small(), ALWAYS_B, predictions=ALWAYS_B[:2]), "predicted rewards have"),
        (lambda: evaluate(small(), ALWAYS_B, predictions=ALWAYS_B * np.nan), "rewards: decision 0"),
        (lambda: evaluate(small(shoppers=np.zeros(4)), ALWAYS_B), "one shopper's"),
        (
            lambda: evaluate(
                replace(small(), arms=("a", "b", "c")), np.tile([0.0, 0.0, 1.0], (4, 1))
            ),
            "none of the logged decisions",
        ),
    ],
)
def test_what_cannot_be_used_is_named(break_it, what: str) -> None:
    with pytest.raises(PolicyProblem, match=what):
        break_it()
