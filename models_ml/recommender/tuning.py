"""Tunes every baseline on the validation window; what is finished is remembered, so that a second
try skips it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from models_ml.recommender import baselines
from models_ml.recommender.cases import Case
from models_ml.recommender.evaluate import by_scorer, mean_ndcg
from models_ml.recommender.past import Past
from models_ml.recommender.scorers import (
    ContentScorer,
    NeighbourScorer,
    PopularityScorer,
    RepeatScorer,
    Scorer,
)

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best parameters found and their validation NDCG@10."""

    parameters: Parameters
    validation_ndcg: float


@dataclass(frozen=True, slots=True)
class Baselines:
    """All of them, fitted on one past; content only where items tell of themselves."""

    popularity: PopularityScorer
    repeat_frequency: RepeatScorer
    co_occurrence: NeighbourScorer
    ease: NeighbourScorer
    content: ContentScorer | None = None

    def by_name(self) -> dict[str, Scorer]:
        return {
            "popularity": self.popularity,
            "co_occurrence": self.co_occurrence,
            "ease": self.ease,
            "repeat_frequency": self.repeat_frequency,
            **({"content": self.content} if self.content else {}),
        }


def names_for(past: Past) -> tuple[str, ...]:
    """The baselines that a shop can have; popularity first, the others lean on it."""
    content = ("content",) if past.content is not None else ()
    return ("popularity", "repeat_frequency", "co_occurrence", "ease", *content)


def fit_baselines(past: Past, tuned: dict[str, Tuned]) -> Baselines:
    """Fit all with the parameters that tuning found."""
    of = {name: tuned[name].parameters for name in names_for(past)}
    popularity = baselines.fit_popularity(past, **of["popularity"])
    return Baselines(
        popularity=popularity,
        repeat_frequency=baselines.fit_repeat_frequency(past, popularity, **of["repeat_frequency"]),
        co_occurrence=baselines.fit_co_occurrence(past, popularity, **of["co_occurrence"]),
        ease=baselines.fit_ease(past, popularity, **of["ease"]),
        content=(
            baselines.fit_content(past, popularity, **of["content"]) if "content" in of else None
        ),
    )


def tune(name: str, past: Past, cases: list[Case], popularity: PopularityScorer) -> Tuned:
    """Try the grid of one baseline; the first of equals wins. `popularity` orders what the others
    have no evidence for.
    """
    tried = [
        Tuned(parameters, mean_ndcg(by_scorer(scorer, past.cut), cases))
        for parameters, scorer in grid(name, past, popularity)
    ]
    return max(tried, key=lambda one: one.validation_ndcg)


def grid(
    name: str, past: Past, popularity: PopularityScorer
) -> Iterator[tuple[Parameters, Scorer]]:
    """Everything that may be tried for one baseline, fitted on `past`."""
    grids: dict[str, Iterator[tuple[Parameters, Scorer]]] = {
        "popularity": _popularity_grid(past),
        "repeat_frequency": _repeat_grid(past, popularity),
        "co_occurrence": _co_occurrence_grid(past, popularity),
        "ease": _ease_grid(past, popularity),
        "content": _content_grid(past, popularity),
    }
    return grids[name]


def _browsing(past: Past) -> tuple[float, ...]:
    return (0.0, 0.05, 0.2) if past.has_browsing else (0.0,)


def _popularity_grid(past: Past) -> Iterator[tuple[Parameters, Scorer]]:
    for days in (7.0, 14.0, 30.0, 60.0):
        parameters = {"days": days}
        yield parameters, baselines.fit_popularity(past, **parameters)


def _repeat_grid(past: Past, popularity: PopularityScorer) -> Iterator[tuple[Parameters, Scorer]]:
    for half_life, browsing in product((7.0, 30.0, 60.0, 120.0, 250.0), _browsing(past)):
        parameters = {"half_life": half_life, "browsing": browsing}
        yield parameters, baselines.fit_repeat_frequency(past, popularity, **parameters)


def _co_occurrence_grid(
    past: Past, popularity: PopularityScorer
) -> Iterator[tuple[Parameters, Scorer]]:
    scopes = [("basket", browsing) for browsing in _browsing(past)]
    scopes += [("customer", browsing) for browsing in _browsing(past)]
    for (scope, browsing), damping in product(scopes, (0.3, 0.5, 0.7)):
        fitted = None
        for half_life in (10.0, 30.0, 120.0):
            parameters: Parameters = {
                "scope": scope,
                "damping": damping,
                "half_life": half_life,
                "browsing": browsing,
            }
            fitted = fitted or baselines.fit_co_occurrence(past, popularity, **parameters)
            yield parameters, fitted.with_interest(half_life, browsing)


def _ease_grid(past: Past, popularity: PopularityScorer) -> Iterator[tuple[Parameters, Scorer]]:
    for browsing, regularisation in product(_browsing(past), (20.0, 50.0, 100.0, 200.0)):
        fitted = None
        for half_life in (14.0, 60.0, 250.0):
            parameters = {
                "regularisation": regularisation,
                "half_life": half_life,
                "browsing": browsing,
            }
            fitted = fitted or baselines.fit_ease(past, popularity, **parameters)
            yield parameters, fitted.with_interest(half_life, browsing)


def _content_grid(past: Past, popularity: PopularityScorer) -> Iterator[tuple[Parameters, Scorer]]:
    for sharpness, half_life, browsing in product(
        (1.0, 2.0, 3.0), (14.0, 60.0, 250.0), _browsing(past)
    ):
        parameters = {"sharpness": sharpness, "half_life": half_life, "browsing": browsing}
        yield parameters, baselines.fit_content(past, popularity, **parameters)
