"""How a preference does on products it did not learn from, and whether it may serve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from models_ml.recommender.evaluate import paired_interval
from models_ml.writer.claims import claims
from models_ml.writer.edits import edit_distance
from models_ml.writer.openings import Openings
from models_ml.writer.preference.data import Decided, Subject, other_texts
from models_ml.writer.preference.model import CANDIDATES, PreferenceModel, choose
from models_ml.writer.terms import Terms

MODEL, PLAIN, CURRENT = "model", "plain", "current_model"
LEAST_PRODUCTS = 30
TOLERANCE = 0.01
"""As many more edits than today's model, as a share, still count as no worse."""
SEED = 0


@dataclass(frozen=True)
class HeldOut:
    """One held-out text with wordings of its facts that nobody saw; `distances` are theirs to what
    was published, None for a rejected one.
    """

    row: Decided
    others: tuple[str, ...]
    distances: np.ndarray | None


@dataclass(frozen=True)
class Measured:
    """One policy on the held-out texts.

    `edits` is the mean distance of its choice to what was published, in words or Chinese
    characters, over `texts` of them; the rates are estimates (see `estimated_rate`).
    """

    edits: float
    approval_rate: float | None
    unedited_rate: float | None
    unsupported_claims: int
    texts: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def held_out(row: Decided) -> HeldOut | None:
    """Return a row ready to measure; None where its facts allow no other wording.

    The text that the person saw is not among those to choose from: what was published was made out
    of it, and so is nearer to it than to any other, whatever the house's style.
    """
    others = tuple(other_texts(row, CANDIDATES))
    if not others:
        return None
    published = row.published
    if published is None:
        return HeldOut(row, others, None)
    distances = [edit_distance(text, published, row.language) for text in others]
    return HeldOut(row, others, np.array(distances, float))


@dataclass(frozen=True)
class _Choices:
    """What a model chose of each held-out text's others, and the standing of choice and text."""

    places: list[int]
    standings: np.ndarray
    of_written: np.ndarray


def measure_model(
    model: PreferenceModel, rows: Sequence[HeldOut], brands: Terms
) -> tuple[Measured, np.ndarray]:
    """Return a model's figures and its edits per published text, shape (texts,)."""
    choices = _choices(model, rows)
    edits = np.array(
        [
            one.distances[place]
            for one, place in zip(rows, choices.places, strict=True)
            if one.distances is not None
        ]
    )
    chosen = [one.others[place] for one, place in zip(rows, choices.places, strict=True)]
    measured = Measured(
        edits=float(edits.mean()),
        approval_rate=estimated_rate(
            choices.standings, choices.of_written, [row_is_approved(one.row) for one in rows]
        ),
        unedited_rate=estimated_rate(
            choices.standings, choices.of_written, [row_is_untouched(one.row) for one in rows]
        ),
        unsupported_claims=sum(
            count_unsupported(text, one.row, brands) for text, one in zip(chosen, rows, strict=True)
        ),
        texts=len(edits),
    )
    return measured, edits


def measure_plain(rows: Sequence[HeldOut], brands: Terms) -> tuple[Measured, np.ndarray]:
    """Return the figures of no re-ranking: the mean over all others, as any of them may come."""
    edits = np.array([one.distances.mean() for one in rows if one.distances is not None])
    measured = Measured(
        edits=float(edits.mean()),
        approval_rate=float(np.mean([row_is_approved(one.row) for one in rows])),
        unedited_rate=float(np.mean([row_is_untouched(one.row) for one in rows])),
        unsupported_claims=sum(count_unsupported(one.others[0], one.row, brands) for one in rows),
        texts=len(edits),
    )
    return measured, edits


def row_is_approved(row: Decided) -> bool:
    return row.published is not None


def row_is_untouched(row: Decided) -> bool:
    return row.published == row.written


def verdict(
    products: int,
    model: tuple[Measured, np.ndarray],
    plain: tuple[Measured, np.ndarray],
    current: tuple[Measured, np.ndarray] | None,
) -> dict[str, Any]:
    """Return the gate's verdict as JSON: edits saved against each opponent, with 95 % intervals.

    It passes with at least LEAST_PRODUCTS decided products, no unsupported claim, clearly fewer
    edits than no re-ranking, and no more than today's model (TOLERANCE apart).
    """
    opponents = {PLAIN: plain[1], **({CURRENT: current[1]} if current else {})}
    comparisons = [comparison(name, edits, model[1]) for name, edits in opponents.items()]
    problems = []
    if products < LEAST_PRODUCTS:
        problems.append("too_few_products")
    if model[0].unsupported_claims:
        problems.append("unsupported_claims")
    if comparisons[0]["low"] <= 0:
        problems.append(PLAIN)
    if current and comparisons[1]["difference"] < -TOLERANCE * current[0].edits:
        problems.append(CURRENT)
    decisive = comparisons[1] if problems[-1:] == [CURRENT] else comparisons[0]
    return {
        "passed": not problems,
        "problems": problems,
        **decisive,
        "comparisons": comparisons,
        "products": products,
    }


def comparison(name: str, edits: np.ndarray, of_model: np.ndarray) -> dict[str, Any]:
    """Return the edits that a model saves per text against `name`, with its 95 % interval."""
    saved, low, high = paired_interval(edits, of_model, SEED)
    return {"against": name, "difference": saved, "low": low, "high": high}


def _choices(model: PreferenceModel, rows: Sequence[HeldOut]) -> _Choices:
    """Let the model choose as it does at the desk, one text after the other."""
    places, standings, of_written = [], [], []
    openings: dict[tuple[str, str], Openings] = defaultdict(Openings)
    for one in rows:
        row = one.row
        scorer = model.scorer(facts=row.facts, title=row.title, language=row.language)
        place = choose(one.others, scorer, openings[row.language, row.kind])
        written, *scores = scorer([row.written, *one.others])
        spread = max(float(np.std(scores)), 1e-6)
        places.append(place)
        standings.append((scores[place] - np.mean(scores)) / spread)
        of_written.append((written - np.mean(scores)) / spread)
    return _Choices(places, np.array(standings), np.array(of_written))


def estimated_rate(
    standings: np.ndarray, of_written: np.ndarray, happened: Sequence[bool]
) -> float:
    """Return how often texts of these standings would come to `happened`, as the written ones did.

    How a written text stands among the other wordings, in standard deviations of their scores,
    predicts what people did with it (logistic, with a weak penalty); the prediction is read off at
    the choices' standings, never beyond those that were seen.
    """
    outcome = np.array(happened, float)
    if outcome.min() == outcome.max():
        return float(outcome[0])

    def loss(at: np.ndarray) -> float:
        logits = at[0] + at[1] * of_written
        return float(np.sum(np.logaddexp(0.0, logits) - outcome * logits) + 0.5 * at[1] ** 2)

    level, slope = minimize(loss, np.zeros(2), method="BFGS").x
    seen = np.clip(standings, of_written.min(), of_written.max())
    return float(expit(level + slope * seen).mean())


def count_unsupported(text: str, row: Decided | Subject, brands: Terms) -> int:
    """Return how many claims of a text no fact of its product carries."""
    found = claims(text, row.facts, row.title, row.language, brands)
    return sum(not claim.is_supported for claim in found)
