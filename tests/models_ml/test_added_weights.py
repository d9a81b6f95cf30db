"""How the blend weighs products that came after the training: found on known products played as
added, used for added ones alone.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models_ml.data.content import ItemFacts
from models_ml.data.history import EMPTY, History
from models_ml.recommender.added_weights import LEAST_CUSTOMERS, Simulation, tune_added
from models_ml.recommender.additions import ContentReader
from models_ml.recommender.cases import Case
from models_ml.recommender.fusion import AddedMix, FusionScorer
from models_ml.recommender.serving import load
from tests.trained import let_blend_serve

KNOWN, ADDED = 30, 20
START = {"content": 0.05, "ease": 0.1}


def played(customers: int, helpful: str) -> Simulation:
    """Everybody buys one added product; one part knows which, the other and the network guess."""
    random = np.random.default_rng(7)
    shape = (customers, ADDED)
    wanted = random.integers(0, ADDED, customers)
    cases = [
        Case(f"c{row:03d}", row, EMPTY, np.array([KNOWN + item]), 0)
        for row, item in enumerate(wanted)
    ]
    evidence = {name: random.normal(0.0, 0.1, shape).astype(np.float32) for name in START}
    evidence[helpful][np.arange(customers), wanted] += 2.0
    return Simulation(
        cases,
        random.normal(0.0, 1.0, (customers, KNOWN)).astype(np.float32),
        random.normal(0.0, 1.0, shape).astype(np.float32),
        evidence,
    )


def buying_known_ones(simulation: Simulation) -> Simulation:
    """From the thirtieth customer on, everybody buys a known product instead, their first."""
    bought = np.arange(len(simulation.cases)) % KNOWN
    cases = [
        case if row < 30 else replace(case, relevant=bought[row : row + 1])
        for row, case in enumerate(simulation.cases)
    ]
    known = 5.0 + np.eye(KNOWN, dtype=np.float32)[bought]
    return replace(simulation, cases=cases, known=known)


@pytest.mark.parametrize("helpful", START)
def test_the_part_that_tells_added_products_apart_is_weighed_more(helpful: str) -> None:
    found = tune_added(played(60, helpful), START, tuple(START), seed=1)
    assert found is not None
    assert found.mix is not None
    assert found.mix.weights[helpful] > 10 * START[helpful]
    assert found.gain["low"] > 0
    assert found.whole["mean"] > 0
    assert found.customers == 60


def test_weights_that_help_nobody_else_are_not_used() -> None:
    """No part tells who buys which added product, and most buy a known one that ranks first."""
    some = buying_known_ones(played(120, "content"))
    blank = {name: np.zeros_like(values) for name, values in some.evidence.items()}
    found = tune_added(replace(some, evidence=blank), START, tuple(START), seed=1)
    assert found is not None
    assert found.mix is None
    assert found.as_parameters()["mix"] is None


def test_added_products_that_stand_too_low_are_raised_as_far_as_it_helps() -> None:
    """Everybody buys the added product that content tells, below known ones that nobody buys."""
    low = played(60, "content")
    simulation = replace(low, known=low.known + np.float32(5.0))
    found = tune_added(simulation, {**START, "content": 1.2}, (), seed=1)
    assert found is not None
    assert found.mix is not None
    assert found.mix.weights == {**START, "content": 1.2}
    assert found.mix.offset > 2
    assert found.new["low"] > 0.2


def test_weights_that_take_known_products_from_their_buyers_are_not_used() -> None:
    """The weights help the 30 who buy an added product; 90 others buy a known one, which added
    products then push out of everybody's list.
    """
    some = buying_known_ones(played(120, "content"))
    evidence = {name: values + np.float32(9.0) for name, values in some.evidence.items()}
    simulation = replace(some, evidence=evidence)
    found = tune_added(simulation, START, tuple(START), seed=1)
    assert found is not None
    assert found.gain["low"] > 0
    assert found.whole["high"] < 0
    assert found.mix is None


def test_too_few_customers_tell_nothing() -> None:
    few = played(LEAST_CUSTOMERS - 1, "content")
    assert tune_added(few, START, tuple(START), seed=1) is None


def test_it_moves_added_products_and_leaves_known_ones_as_they_are(
    trained: Path, tmp_path: Path
) -> None:
    weights = {"ease": 0.3, "co_occurrence": 0.1, "repeat_frequency": 0.4, "content": 0.0}
    mix = AddedMix({**weights, "content": 3.0}, 1.5)
    scorers = []
    for name, of in (("plain", None), ("mixed", mix)):
        shutil.copytree(trained, tmp_path / name)
        let_blend_serve(tmp_path / name, weights, of)
        reader = ContentReader.open(tmp_path / name)
        assert reader is not None
        tea = ItemFacts("NEW", ("green tea leaf huge",), category="All > Taste 0", brand="Brand 0")
        ranker = load(tmp_path / name, "model").with_added(reader.read([tea]))
        assert isinstance(ranker._scorer, FusionScorer)
        scorers.append(ranker._scorer)
    plain, mixed = scorers
    history = History(np.array([1, 9]), np.array([20_000.0, 20_001.0]), np.array([3, 3], np.int8))
    now = 20_003.0
    before, after = plain.score(history, now), mixed.score(history, now)
    assert after[:-1] == pytest.approx(before[:-1], abs=0)
    moved = 1.5 + 3.0 * plain.parts.log_evidence("content", history, now)[-1]
    assert moved != 1.5
    assert after[-1] - before[-1] == pytest.approx(moved, abs=1e-4)
    assert mixed.explained(history, now).scores == pytest.approx(after, abs=1e-5)
