"""Learns each policy on the older half of a bandit log and estimates it on the newer."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from models_ml.data.open_bandit import read_open_bandit
from models_ml.policy.base import Policy
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.fixed import Fixed
from models_ml.policy.linear_thompson import LinearThompson
from models_ml.policy.linucb import LinUCB
from models_ml.policy.offpolicy.bootstrap import ROUNDS
from models_ml.policy.offpolicy.evaluate import chances_of, evaluate
from models_ml.policy.offpolicy.log import LoggedDecisions
from models_ml.policy.problems import PolicyProblem


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `policy` bench."""
    parser = benches.add_parser("policy", help=__doc__)
    parser.add_argument(
        "--log", type=Path, required=True, help="a CSV in the layout of the Open Bandit Dataset"
    )
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Learn, estimate, print and write."""
    if not options.log.is_file():
        sys.exit(f"{options.log}: no such file")
    try:
        content = measure(read_open_bandit(options.log))
    except PolicyProblem as problem:
        sys.exit(f"{options.log}: {problem}")
    for name, found in content["candidates"].items():
        _show(name, found)
    options.json.write_text(json.dumps(content, indent=2) + "\n")


def measure(log: LoggedDecisions, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return the figures of each policy on the newer half of a log."""
    half = len(log) // 2
    older, newer = _part(log, slice(0, half)), _part(log, slice(half, None))
    candidates = {}
    for policy in _policies(log):
        _learn(policy, older)
        chances = chances_of(policy, newer.contexts, len(newer), newer.arms)
        candidates[policy.kind] = evaluate(newer, chances, rounds=rounds).as_dict()
    return {
        "learned_on": len(older),
        "estimated_on": len(newer),
        "rewards": float(newer.rewards.sum()),
        "candidates": candidates,
    }


def _policies(log: LoggedDecisions) -> list[Policy]:
    features = log.contexts.shape[1]
    return [
        Fixed(log.arms),
        EpsilonGreedy(log.arms),
        BetaThompson(log.arms),
        LinUCB(log.arms, features),
        LinearThompson(log.arms, features),
    ]


def _learn(policy: Policy, log: LoggedDecisions) -> None:
    for place, context, reward in zip(log.taken, log.contexts, log.rewards, strict=True):
        policy.update(log.arms[place], context, float(reward))


def _part(log: LoggedDecisions, rows: slice) -> LoggedDecisions:
    return LoggedDecisions(
        log.arms,
        log.taken[rows],
        log.propensities[rows],
        log.rewards[rows],
        log.contexts[rows],
        log.shoppers[rows],
    )


def _show(name: str, found: dict[str, Any]) -> None:
    print(f"{name}: {found['verdict']}, logged mean {found['logged_mean']:.5f}")
    for one in found["estimates"]:
        size, most = one["effective_sample"], one["largest_weight"]
        weights = "" if size is None else f"  effective {size:.0f}, largest weight {most:.1f}"
        interval = f"{one['low']:.5f} to {one['high']:.5f}"
        print(f"  {one['estimator']:14s} {one['value']:.5f} ({interval}){weights}")
    for refusal in found["refusals"]:
        print(f"  refused: {refusal['sentence']}")
