"""Training a preference from decided texts: learn, measure on held-out products, judge, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_ml.writer.preference.data import (
    Decided,
    Subject,
    brands_of,
    count_decisions,
    other_texts,
)
from models_ml.writer.preference.files import save
from models_ml.writer.preference.fit import PENALTY, fit
from models_ml.writer.preference.fluency import judge
from models_ml.writer.preference.measure import (
    CURRENT,
    MODEL,
    PLAIN,
    HeldOut,
    held_out,
    measure_model,
    measure_plain,
    verdict,
)
from models_ml.writer.preference.model import Fluency, PreferenceModel, fluent_only
from models_ml.writer.preference.pairs import all_pairs, pairs_of

OTHERS_LEARNED = 8
OnProgress = Callable[[str, float], None]


@dataclass(frozen=True)
class Outcome:
    """A trained preference with its figures by policy and the gate's verdict, both JSON."""

    model: PreferenceModel
    candidates: dict[str, dict[str, Any]]
    verdict: dict[str, Any]
    learned: dict[str, Any]


def learn(
    rows: Sequence[Decided],
    fluencies: Mapping[str, Fluency] | None = None,
    on_progress: OnProgress = lambda phase, fraction: None,
) -> tuple[PreferenceModel, int]:
    """Return a preference learned from all `rows` and the number of pairs it learned from.

    Raises ValueError where no decision prefers one text to another.
    """
    fluencies = fluencies or {}
    found = []
    for number, row in enumerate(rows):
        on_progress("prepare", number / len(rows))
        others = other_texts(row, OTHERS_LEARNED)
        found.append(pairs_of(row, others, fluencies.get(row.language)))
    pairs = all_pairs(found)
    on_progress("fit", 0.0)
    return fit(pairs, fluencies), len(pairs)


def train(
    rows: Sequence[Decided],
    *,
    fluencies: Mapping[str, Fluency] | None = None,
    current: PreferenceModel | None = None,
    on_progress: OnProgress = lambda phase, fraction: None,
) -> Outcome:
    """Learn from the products that are not held out, and measure on those that are.

    `on_progress(phase, fraction)` hears of "prepare", "fit" and "evaluate", and may raise to stop.
    Raises ValueError where there is nothing to learn from or to measure with.
    """
    learning = [row for row in rows if not row.is_held_out]
    model, pairs = learn(learning, fluencies, on_progress)
    measuring: list[HeldOut] = []
    kept = [row for row in rows if row.is_held_out]
    for number, row in enumerate(kept):
        on_progress("evaluate", number / len(kept))
        one = held_out(row)
        measuring += [one] if one else []
    if not any(one.distances is not None for one in measuring):
        raise ValueError("no text of a held-out product was published")
    brands = brands_of(rows)
    of_model, plain = measure_model(model, measuring, brands), measure_plain(measuring, brands)
    today = measure_model(current, measuring, brands) if current else None
    policies = {MODEL: of_model, PLAIN: plain, **({CURRENT: today} if today else {})}
    return Outcome(
        model=model,
        candidates={name: one[0].as_dict() for name, one in policies.items()},
        verdict=verdict(len({row.product for row in rows}), of_model, plain, today),
        learned=_learned(rows, learning, pairs),
    )


def train_fluent(
    fluencies: Mapping[str, Fluency],
    subjects: Sequence[Subject],
    judging: Mapping[str, Sequence[str]],
    *,
    current: PreferenceModel | None = None,
    on_progress: OnProgress = lambda phase, fraction: None,
) -> Outcome:
    """Make the chooser of a shop without decisions, and have the held-out products' own copy judge.

    `subjects` are held-out products, and `judging` copy of held-out products by language.
    """
    model = fluent_only(fluencies)
    models = {MODEL: model, **({CURRENT: current} if current else {})}
    found = judge(models, subjects, judging, lambda share: on_progress("evaluate", share))
    candidates = found.pop("judged")
    return Outcome(model=model, candidates=candidates, verdict=found, learned={})


def write_files(outcome: Outcome, folder: Path, data: str) -> None:
    """Save the model in `folder`; `data` names the data set's version."""
    save(outcome.model, folder, {"data": data, "penalty": PENALTY})


def _learned(rows: Sequence[Decided], learning: Sequence[Decided], pairs: int) -> dict[str, int]:
    return {**count_decisions(rows), "learned_from": len(learning), "pairs": pairs}
