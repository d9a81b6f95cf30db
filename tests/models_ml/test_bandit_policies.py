"""Bandit policies: what they log, remember, forget and refuse."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from models_ml.policy.base import Policy
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.fixed import Fixed
from models_ml.policy.kinds import KINDS, policy_from_state
from models_ml.policy.linear_thompson import LinearThompson
from models_ml.policy.linucb import LinUCB
from models_ml.policy.problems import PolicyProblem
from models_ml.policy.waiting import Waiting
from tests.models_ml.bandit_policies import ARMS, FEATURES, every_policy, outcomes, taught

CONTEXT = np.array([1.0, 0.5, -1.0])
each_policy = pytest.mark.parametrize("policy", every_policy(), ids=lambda one: one.kind)
each_fading = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind != "fixed"], ids=lambda one: one
)


def fresh(kind: str, half_life: float | None = None) -> Policy:
    return next(one for one in every_policy(half_life) if one.kind == kind)


def test_every_kind_is_tried_here() -> None:
    assert [one.kind for one in every_policy()] == list(KINDS)


@each_policy
def test_arms_are_drawn_as_often_as_the_logged_propensity_says(policy: Policy) -> None:
    policy = taught(policy_from_state(policy.state()))
    rng = np.random.default_rng(1)
    chances = policy.propensities(CONTEXT)
    assert chances.sum() == pytest.approx(1.0)
    drawn = [policy.choose(CONTEXT, rng) for _ in range(1500)]
    for choice in drawn:
        assert choice.propensity == chances[policy.arms.index(choice.arm)]
    counts = [sum(choice.arm == arm for choice in drawn) for arm in policy.arms]
    assert stats.chisquare(counts, chances * len(drawn)).pvalue > 1e-4


@each_policy
def test_a_policy_goes_through_json_and_answers_as_before(policy: Policy) -> None:
    policy = taught(policy_from_state(policy.state()))
    again = policy_from_state(json.loads(json.dumps(policy.state(), allow_nan=False)))
    assert again.state() == policy.state()
    assert np.array_equal(again.propensities(CONTEXT), policy.propensities(CONTEXT))
    policy.update("warm", CONTEXT, 1.0, at=20_040)
    again.update("warm", CONTEXT, 1.0, at=20_040)
    assert again.state() == policy.state()


@each_fading
def test_rewards_may_arrive_late_and_in_any_order(kind: str) -> None:
    rows = outcomes(40)
    shuffled = [rows[place] for place in np.random.default_rng(3).permutation(len(rows))]
    in_order, late = fresh(kind, half_life=5.0), fresh(kind, half_life=5.0)
    for policy, given in ((in_order, rows), (late, shuffled)):
        for arm, context, reward, day in given:
            policy.update(arm, context, reward, at=day)
    first, second = in_order.state()["memory"], late.state()["memory"]
    assert first["until"] == second["until"] == rows[-1][3]
    for arm in ARMS:
        assert first["sums"][arm] == pytest.approx(second["sums"][arm], rel=1e-9, abs=1e-12)


@each_fading
def test_what_happened_a_half_life_ago_counts_half(kind: str) -> None:
    whole, faded = fresh(kind), fresh(kind, half_life=10.0)
    for policy in (whole, faded):
        policy.update("warm", CONTEXT, 1.0, at=100.0)
        policy.advance(110.0)
        policy.advance(105.0)
    kept = np.array(whole.state()["memory"]["sums"]["warm"])
    assert np.array(faded.state()["memory"]["sums"]["warm"]) == pytest.approx(kept / 2)


def test_a_fading_memory_follows_a_change_of_taste_and_a_lasting_one_does_not() -> None:
    fading, lasting = BetaThompson(ARMS, half_life=7.0), BetaThompson(ARMS)
    for policy in (fading, lasting):
        for day in range(60):
            best = "plain" if day < 45 else "bold"
            for arm in ARMS:
                for part in range(10):
                    policy.update(arm, None, float(part < (5 if arm == best else 2)), at=day)
    assert fading.propensities()[ARMS.index("bold")] > 0.9
    assert lasting.propensities()[ARMS.index("plain")] > 0.9


def test_time_that_passes_without_news_makes_a_policy_less_sure() -> None:
    policy = taught(BetaThompson(ARMS, exploration=0.0, half_life=5.0), 200)
    before = policy.propensities().max()
    policy.advance(20_130.0)
    assert policy.propensities().max() < before
    assert policy.propensities() == pytest.approx([1 / 3] * 3, abs=0.06)


def test_monte_carlo_propensities_are_those_of_the_posterior() -> None:
    policy = taught(BetaThompson(ARMS, exploration=0.0, draws=20_000))
    rates = np.linspace(0, 1, 20_001)
    posteriors = [stats.beta(*row) for row in policy.posterior()]
    for place, own in enumerate(posteriors):
        others = [one.cdf(rates) for other, one in enumerate(posteriors) if other != place]
        exact = np.trapezoid(own.pdf(rates) * np.prod(others, axis=0), rates)
        error = np.sqrt(exact * (1 - exact) / policy.draws)
        assert policy.propensities()[place] == pytest.approx(exact, abs=4 * error)


def test_linear_thompson_propensities_are_those_of_two_normals() -> None:
    policy = LinearThompson(ARMS[:2], FEATURES, exploration=0.0, draws=20_000)
    for arm, context, reward, day in outcomes(12):
        if arm in policy.arms:
            policy.update(arm, context, reward, at=day)
    means, spreads = policy.means_and_spreads(CONTEXT)
    exact = stats.norm.cdf((means[0] - means[1]) / (policy.noise * np.hypot(*spreads)))
    assert 0.1 < exact < 0.9
    assert policy.propensities(CONTEXT)[0] == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(20_000))


@pytest.mark.parametrize("kind", ["epsilon_greedy", "beta_thompson", "linucb", "linear_thompson"])
def test_exploration_leaves_every_arm_its_share(kind: str) -> None:
    policy = fresh(kind)
    for _ in range(300):
        policy.update("bold", CONTEXT, 1.0)
        policy.update("plain", CONTEXT, 0.0)
        policy.update("warm", CONTEXT, 0.0)
    share = policy.state()["exploration"]
    assert policy.propensities(CONTEXT) == pytest.approx([share / 3, share / 3, 1 - share * 2 / 3])


@each_policy
def test_arms_come_and_go_while_it_runs(policy: Policy) -> None:
    policy = taught(policy_from_state(policy.state()))
    policy.add_arm("short")
    assert policy.arms == (*ARMS, "short")
    if isinstance(policy, Fixed):
        assert policy.propensities(CONTEXT)[3] == 0
        policy.set_weight("short", 5.0)
    assert policy.propensities(CONTEXT)[3] > 0
    policy.update("short", CONTEXT, 1.0, at=20_031)
    policy.remove_arm("plain")
    assert policy.arms == ("warm", "bold", "short")
    assert policy.propensities(CONTEXT).sum() == pytest.approx(1.0)
    with pytest.raises(PolicyProblem, match="no arm 'plain'"):
        policy.update("plain", CONTEXT, 1.0, at=20_032)
    policy.add_arm("plain")
    if not isinstance(policy, Fixed):
        assert not any(policy.state()["memory"]["sums"]["plain"]), "it starts anew"


@each_policy
def test_one_arm_left_is_always_shown_and_cannot_be_removed(policy: Policy) -> None:
    policy = policy_from_state(policy.state())
    policy.remove_arm("plain")
    policy.remove_arm("warm")
    assert policy.choose(CONTEXT, np.random.default_rng(0)) == ("bold", 1.0)
    with pytest.raises(PolicyProblem, match=r"bold.*last|none of these arms"):
        policy.remove_arm("bold")
    assert policy.arms == ("bold",)


@each_policy
def test_only_arms_that_may_be_shown_are(policy: Policy) -> None:
    policy = taught(policy_from_state(policy.state()))
    chances = policy.propensities(CONTEXT, among=("bold", "plain"))
    assert chances[1] == 0
    assert chances.sum() == pytest.approx(1.0)
    with pytest.raises(PolicyProblem, match="none of the arms may be shown"):
        policy.choose(CONTEXT, np.random.default_rng(0), among=())
    with pytest.raises(PolicyProblem, match="no arm 'red'"):
        policy.propensities(CONTEXT, among=("red",))


def test_linear_policies_learn_who_likes_what() -> None:
    rng = np.random.default_rng(4)
    for policy in (LinUCB(ARMS[:2], 2), LinearThompson(ARMS[:2], 2)):
        for _ in range(800):
            context = np.array([1.0, rng.choice([-1.0, 1.0])])
            arm = policy.choose(context, rng).arm
            likes = (context[1] > 0) == (arm == "warm")
            policy.update(arm, context, float(rng.random() < (0.6 if likes else 0.2)))
        assert policy.propensities(np.array([1.0, 1.0]))[1] > 0.9
        assert policy.propensities(np.array([1.0, -1.0]))[0] > 0.9


def test_decisions_are_learned_once_when_their_window_closes() -> None:
    policy, waiting = EpsilonGreedy(ARMS), Waiting(window=7.0)
    waiting.decided("a", "warm", None, at=100.0)
    waiting.decided("b", "warm", None, at=100.0)
    waiting.decided("c", "bold", None, at=101.0)
    assert waiting.rewarded("a", 0.5, at=101.0)
    assert waiting.rewarded("a", 1.0, at=107.0)
    assert waiting.rewarded("a", 0.2, at=107.0), "the best of several counts"
    assert not waiting.rewarded("b", 1.0, at=107.5), "out of its window"
    assert not waiting.rewarded("unknown", 1.0, at=101.0)
    assert waiting.settle(policy, now=107.0) == (0, 0)
    waiting = Waiting.from_state(json.loads(json.dumps(waiting.state())))
    assert waiting.settle(policy, now=107.5) == (2, 0)
    assert policy.means().tolist() == [0.0, 0.5, 0.0]
    assert waiting.settle(policy, now=107.5) == (0, 0)
    policy.remove_arm("bold")
    assert waiting.settle(policy, now=200.0) == (0, 1)
    assert len(waiting) == 0


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (lambda: BetaThompson(()), "at least one arm"),
        (lambda: BetaThompson(("a", "a")), "twice: a"),
        (lambda: BetaThompson(("a", "")), "empty name"),
        (lambda: BetaThompson(ARMS, half_life=0.0), "half_life is 0.0"),
        (lambda: BetaThompson(ARMS, exploration=1.5), "exploration is 1.5"),
        (lambda: BetaThompson(ARMS, draws=0), "draws is 0"),
        (lambda: BetaThompson(ARMS).update("warm", None, 2.0), "reward is 2.0"),
        (lambda: BetaThompson(ARMS).update("warm", None, 1.0, at=float("nan")), "at is nan"),
        (lambda: EpsilonGreedy(ARMS).update("warm", None, float("nan")), "reward is nan"),
        (lambda: EpsilonGreedy(ARMS).update("red", None, 1.0), "no arm 'red'"),
        (lambda: LinUCB(ARMS, 0), "features is 0"),
        (lambda: LinUCB(ARMS, 2, alpha=-1.0), "alpha is -1.0"),
        (lambda: LinUCB(ARMS, 2, ridge=0.0), "ridge is 0.0"),
        (lambda: LinUCB(ARMS, 2).propensities(), "needs a context of 2"),
        (lambda: LinUCB(ARMS, 2).propensities([1.0]), r"shape \(1,\)"),
        (lambda: LinearThompson(ARMS, 2).propensities([1.0, np.nan]), "feature 1 .* nan"),
        (lambda: LinearThompson(ARMS, 2, noise=0.0), "noise is 0.0"),
        (lambda: Fixed(ARMS, {"warm": -1.0}), "'warm' is -1.0"),
        (lambda: Fixed(ARMS, {"warm": 0.0}), "none of these arms has a weight"),
        (lambda: Fixed(ARMS, {"red": 1.0}), "no arm 'red'"),
        (lambda: Fixed(ARMS, {"warm": 1.0}).set_weight("warm", 0.0), "no arm has a weight"),
        (lambda: Fixed(ARMS, {"warm": 1.0}).remove_arm("warm"), "none of these arms"),
        (lambda: policy_from_state({"kind": "oracle"}), "no policy of kind 'oracle'"),
        (lambda: policy_from_state({"kind": "linucb", "arms": ["a"]}), "lacks 'memory'"),
        (
            lambda: policy_from_state({**BetaThompson(ARMS).state(), "arms": ["red"]}),
            "sums of arm 'red'",
        ),
        (
            lambda: policy_from_state({**BetaThompson(ARMS).state(), "colour": 1}),
            "cannot be read.*colour",
        ),
        (lambda: Waiting(0.0), "window is 0.0"),
        (lambda: Waiting(1.0).decided("a", "warm", [np.nan], 1.0), "context of decision 'a'"),
    ],
)
def test_what_cannot_be_used_is_named(break_it, what: str) -> None:
    with pytest.raises(PolicyProblem, match=what):
        break_it()


def test_policies_and_estimates_load_neither_torch_nor_django() -> None:
    load = (
        "import sys, models_ml.policy.kinds, models_ml.policy.waiting\n"
        "import models_ml.policy.offpolicy.evaluate\n"
        "print(sorted({'torch', 'django', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "spoilt",
    [
        ["beta_thompson"],
        {"kind": ["beta_thompson"]},
        {"kind": "beta_thompson", "arms": ["a", "b"], "memory": [1, 2]},
        {"kind": "beta_thompson", "arms": ["a"], "memory": {"half_life": "a week", "sums": {}}},
        {
            "kind": "epsilon_greedy",
            "arms": ["a"],
            "exploration": 0.1,
            "memory": {"half_life": None, "until": None, "sums": {"a": ["much", "more"]}},
        },
        {
            "kind": "epsilon_greedy",
            "arms": ["a"],
            "exploration": 0.1,
            "memory": {"half_life": None, "until": None, "sums": [1.0, 2.0]},
        },
        {"kind": "fixed", "arms": ["a"], "weights": [1.0]},
        {"kind": "fixed", "arms": ["a"], "weights": {"a": "all"}},
    ],
)
def test_a_spoilt_state_is_a_problem_with_words_whatever_is_wrong(spoilt: object) -> None:
    with pytest.raises(PolicyProblem):
        policy_from_state(spoilt)
