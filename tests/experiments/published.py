"""Published vectors: read strictly, computed with our code, told apart where they differ.

Whatever a vector holds must be used: a key, a kind or a test that is not known here is an error,
not something to pass over.
"""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import (
    Criterion,
    Effect,
    Monitoring,
    NotMeasured,
    Plan,
    Prior,
    Side,
    Unmeasured,
    always_valid,
    believe,
    compare,
    expected_losses,
    lift,
    measure,
    minimum_effect,
    more_needed,
    power,
    sample_ratio,
)
from tests.experiments.published_samples import Given, sample_of

DESCRIBED = {
    "name",
    "family",
    "test",
    "input",
    "config",
    "expected",
    "decimals",
    "source",
    "where",
    "asserted_in_source",
    "verified_by_running_head",
    "note",
    "caveat",
}


def vectors_of(path: Path) -> list[dict[str, Any]]:
    found = json.loads(path.read_text())["vectors"]
    assert found, f"no vectors in {path}"
    return list(found)


def differences(vector: dict[str, Any]) -> Iterator[str]:
    """Yield what of a vector our code answers otherwise; AssertionError if it is not understood."""
    assert vector.keys() <= DESCRIBED, f"not understood: {sorted(vector.keys() - DESCRIBED)}"
    given, config = Given(vector["input"]), Given(vector.get("config", {}))
    ours = _answers(vector["test"])(given, config)
    given.end()
    config.end()
    # A published figure was rounded to so many decimals.
    close = 0.5 * 10.0 ** -vector["decimals"] * (1 + 1e-6)
    assert vector["expected"], "nothing is expected"
    for key, expected in vector["expected"].items():
        assert key in ours, f"not understood: expected {key!r}"
        if not _is_close(ours[key], expected, close):
            yield f"{key}: {ours[key]!r}, published {expected!r}"


def _is_close(ours: Any, expected: Any, close: float) -> bool:
    if isinstance(expected, list):
        pairs = zip(ours, expected, strict=True)
        return all(_is_close(one, other, close) for one, other in pairs)
    if ours is None or expected is None:
        return ours is expected
    wanted = float(expected)
    return bool(ours == wanted if math.isinf(wanted) else abs(ours - wanted) <= close)


def _answers(test: str) -> Callable[[Given, Given], dict[str, Any]]:
    if test in COMPARISONS:
        return lambda given, config: _comparison(test, given, config)
    assert test in OTHERS, f"not understood: the test {test!r}"
    return OTHERS[test]


def _comparison(test: str, given: Given, config: Given) -> dict[str, Any]:
    confidence = 1 - config.take("alpha")
    null = config.take("test_value", 0.0)
    effect = _effect(given, config)
    if test.startswith("seq"):
        tuning = config.take("sequential_tuning_parameter", 5000)
        found = always_valid(
            effect, confidence=confidence, side=COMPARISONS[test], tuning=tuning, null=null
        )
    else:
        found = compare(effect, confidence=confidence, side=COMPARISONS[test], null=null)
    assert not isinstance(found, NotMeasured), found
    return {
        "expected": found.value,
        "ci": [found.low, found.high],
        "stddev": found.standard_error,
        "p": found.p_value,
    }


def _moments(given: Given, config: Given) -> dict[str, Any]:
    config.take("alpha", None)
    effect = _effect(given, config)
    return {"expected": effect.value, "stddev": effect.standard_error}


def _bayesian(given: Given, config: Given) -> dict[str, Any]:
    confidence = 1 - config.take("alpha")
    prior = _prior(Given(config.take("prior")))
    relative_prior = config.take("prior_type", "relative") == "relative"
    less_is_better = config.take("inverse", False)
    effect, relative = _effect_and_kind(given, config)
    if relative_prior != relative:
        prior = prior.times(abs(effect.base) if relative_prior else 1 / abs(effect.base))
    found = believe(effect, prior=prior, confidence=confidence, less_is_better=less_is_better)
    assert not isinstance(found, NotMeasured)
    return {
        "expected": found.value,
        "ci": [found.low, found.high],
        "stddev": found.deviation,
        "chance_to_win": found.chance_to_win,
        "risk": [found.loss_of_control, found.loss_of_treatment],
    }


def _prior(given: Given) -> Prior:
    prior = Prior(given.take("mean"), given.take("variance"), given.take("proper"))
    given.end()
    return prior


def _risk(given: Given, config: Given) -> dict[str, Any]:
    return {"risk": list(expected_losses(given.take("mu"), given.take("sigma")))}


def _difference(given: Given, config: Given) -> dict[str, Any]:
    a, b = given.take("mean_a"), given.take("mean_b")
    base = given.take("mean_a_unadjusted", a)
    if given.take("relative"):
        return {"value": lift(a, b, base)}
    # Any spread will do: ten units of each arm around the mean.
    arms = [MeanSample(10, 10 * mean, 10 * mean * mean + 9) for mean in (a, b)]
    effect = measure(*arms)
    assert isinstance(effect, Effect)
    return {"value": effect.value}


def _variance(given: Given, config: Given) -> dict[str, Any]:
    def arm(name: str) -> MeanSample:
        n, mean, variance = (given.take(f"{key}_{name}") for key in ("n", "mean", "var"))
        return MeanSample(n, n * mean, variance * (n - 1) + n * mean * mean)

    effect = measure(arm("a"), arm("b"), relative=given.take("relative"))
    assert isinstance(effect, Effect)
    return {"value": effect.standard_error**2}


def _power(given: Given, config: Given) -> dict[str, Any]:
    effect, units = given.take("effect"), given.take("n_total")
    return {"value": power(_plan(given, config), effect, units)}


def _minimum_effect(given: Given, config: Given) -> dict[str, Any]:
    target, units = config.take("power"), given.take("n_total")
    return {"value": minimum_effect(_plan(given, config), units, target=target)}


def _weeks(given: Given, config: Given) -> dict[str, Any]:
    weekly, weeks = given.take("users_per_week"), given.take("weeks")
    target, arms = given.take("target_power"), given.take("n_variations")
    alpha, tuning = given.take("alpha"), config.take("sequential_tuning", 0)
    answers: dict[str, Any] = {}
    for name, metric in given.take("metrics").items():
        described = Given(metric)
        effect = described.take("effect")
        plan = _plan(
            Given({**described.rest(), "n_variations": arms, "alpha": alpha}),
            Given({"sequential_tuning": tuning}),
        )
        chances = [power(plan, effect, weekly * week) for week in range(1, weeks + 1)]
        least = [minimum_effect(plan, weekly * week, target=target) for week in range(1, weeks + 1)]
        reached = [
            week
            for week, chance in enumerate(chances, start=1)
            if float(chance) >= target  # type: ignore[arg-type]
        ]
        # A metric of several words is published under its initials.
        for short in (name, "".join(word[0] for word in name.split("_"))):
            answers |= {
                f"power_{short}": chances,
                f"mde_{short}": least,
                f"weeks_to_target_{short}": min(reached, default=None),
            }
    return answers


def _plan(given: Given, config: Given) -> Plan:
    arms, tuning = given.take("n_variations"), config.take("sequential_tuning", 0)
    prior = given.take("prior", None) or config.take("prior", None)
    looks = config.take("looks", Monitoring().looks)
    kind = given.take("type")
    assert kind in {"mean", "binomial"}, f"not understood: the type {kind!r}"
    options: dict[str, Any] = {
        "shares": (1 / arms, 1 / arms),
        "alpha": given.take("alpha"),
        "two_sided": config.take("two_tailed", True),
        "relative": config.take("difference_type", "relative") == "relative",
        "monitoring": Monitoring(tuning, looks) if tuning else None,
        "prior": _prior(Given(prior)) if prior else Prior(proper=False),
    }
    if kind == "binomial":
        plan = Plan.of_rate(given.take("conversion_rate"), **options)
    else:
        plan = Plan(given.take("mean"), given.take("sd"), **options)
    given.end()
    config.end()
    return plan


def _scaling(given: Given, config: Given) -> dict[str, Any]:
    alpha, target, size = (given.take(key) for key in ("alpha", "target_power", "target_mde"))
    metrics, arms = given.take("num_goal_metrics"), given.take("num_variations")
    engine = config.take("engine")
    assert engine in {"frequentist", "bayesian", "sequential"}, f"not understood: {engine!r}"
    prior, monitoring = Prior(proper=False), None
    if engine == "bayesian":
        prior = Prior(
            config.take("prior_mean"),
            config.take("prior_variance"),
            config.take("prior_proper", True),
        )
    if config.take("sequential", engine == "sequential"):
        tuning = config.take("sequential_tuning_parameter", 5000)
        # The published factor looks at a sequential test once, at its end.
        monitoring = Monitoring(tuning, config.take("looks", 1))
    criterion = Criterion(alpha, (arms - 1) * metrics, monitoring, prior)
    found = more_needed(
        _effect(given, config), size, criterion=criterion, target=target ** (1 / metrics)
    )
    assert not isinstance(found, NotMeasured), found
    return {"value": found.times}


def _sample_ratio(given: Given, config: Given) -> dict[str, Any]:
    users = given.take("users")
    found = sample_ratio(users, given.take("weights"))
    if not sum(users):
        # The published engine says p = 1 about nobody; here nobody is not measured, and said so.
        assert found == NotMeasured(Unmeasured.NO_UNITS)
        return {"p": 1.0}
    assert not isinstance(found, NotMeasured), found
    return {"p": found.p_value}


def _effect(given: Given, config: Given) -> Effect:
    return _effect_and_kind(given, config)[0]


def _effect_and_kind(given: Given, config: Given) -> tuple[Effect, bool]:
    kind = config.take("difference_type", "relative")
    assert kind in {"relative", "absolute"}, f"not understood: the difference {kind!r}"
    arms = [sample_of(Given(given.take(arm))) for arm in ("control", "treatment")]
    # What is published is not held back for having few cases.
    effect = measure(*arms, relative=kind == "relative", fewest=0)
    assert not isinstance(effect, NotMeasured), effect
    return effect, kind == "relative"


COMPARISONS = {
    "two_sided_t": Side.BOTH,
    "greater_t": Side.ABOVE,
    "lesser_t": Side.BELOW,
    "seq_two_sided": Side.BOTH,
    "seq_greater": Side.ABOVE,
    "seq_lesser": Side.BELOW,
}
OTHERS: dict[str, Callable[[Given, Given], dict[str, Any]]] = {
    "effect_moments": _moments,
    "effect_bayesian": _bayesian,
    "risk": _risk,
    "frequentist_diff": _difference,
    "frequentist_variance": _variance,
    "power_frequentist": _power,
    "power_bayesian": _power,
    "mde_frequentist": _minimum_effect,
    "mde_bayesian": _minimum_effect,
    "power_weeks": _weeks,
    "midexp_scaling": _scaling,
    "srm": _sample_ratio,
}
