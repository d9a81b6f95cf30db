"""How a language model writes of products it did not learn from, with an adapter and without."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from models_ml.writer.adapters.examples import Voices, messages_of, task_of
from models_ml.writer.adapters.files import BASE
from models_ml.writer.edits import edit_distance
from models_ml.writer.preference.data import Decided, brands_of
from models_ml.writer.preference.measure import (
    CURRENT,
    LEAST_PRODUCTS,
    MODEL,
    TOLERANCE,
    HeldOut,
    Measured,
    comparison,
    count_unsupported,
    estimated_rate,
    held_out,
    row_is_approved,
    row_is_untouched,
)
from models_ml.writer.preference.model import PreferenceModel
from models_ml.writer.preference.train import OnProgress, learn
from models_ml.writer.providers import BadAnswer, Provider
from models_ml.writer.providers.prompts import COPY_SCHEMA, sentences_of
from models_ml.writer.terms import Terms

MOST_MEASURED = 60
"""Texts; each is written by two or three models, which takes seconds a text on a processor."""

Texts = list[str | None]
"""A text for each row; None where the answer could not be read."""


def measuring_rows(rows: Sequence[Decided], most: int = MOST_MEASURED) -> list[Decided]:
    """Return at most so many rows of held-out products, the same ones in every version's data."""
    kept = [row for row in rows if row.is_held_out]

    def place(row: Decided) -> bytes:
        return hashlib.sha256(f"{row.product} {row.kind} {row.language}".encode()).digest()

    return sorted(kept, key=place)[:most]


def written_texts(
    provider: Provider,
    rows: Sequence[Decided],
    voices: Voices,
    on_share: Callable[[float], None] = lambda share: None,
) -> Texts:
    """Have a provider write each row's text as it does for drafts, its first answer counting.

    Row by row the seeds are the same for every provider. `on_share` may raise to stop. Raises
    ProviderError but for an answer that cannot be read.
    """
    at_once = provider.capabilities().concurrency

    def write(number: int) -> str | None:
        row = rows[number]
        messages = messages_of(row, voices)
        try:
            answer = provider.generate(messages, COPY_SCHEMA, seed=number)[0]
            return sentences_of(answer.parsed, task_of(row, voices))[0]
        except BadAnswer:
            return None

    texts: Texts = []
    with ThreadPoolExecutor(at_once) as pool:
        for start in range(0, len(rows), at_once):
            on_share(start / len(rows))
            texts += pool.map(write, range(start, min(start + at_once, len(rows))))
    return texts


@dataclass(frozen=True)
class Yardstick:
    """What every policy is measured by: rows, brands, and a preference that estimates approvals."""

    rows: tuple[Decided, ...]
    brands: Terms
    others: tuple[HeldOut | None, ...]
    preference: PreferenceModel | None

    def measure(self, texts: Texts) -> tuple[Measured, np.ndarray]:
        """Return a policy's figures and its edits per published text, shape (texts,).

        Where an answer could not be read, all of what was published is still to be written, and
        nobody approves it.
        """
        pairs = list(zip(self.rows, texts, strict=True))
        edits = np.array(
            [
                edit_distance(text or "", row.published, row.language)
                for row, text in pairs
                if row.published is not None
            ],
            float,
        )
        read = sum(text is not None for text in texts) / len(texts)
        measured = Measured(
            edits=float(edits.mean()),
            approval_rate=read * self._rate(texts, row_is_approved),
            unedited_rate=read * self._rate(texts, row_is_untouched),
            unsupported_claims=sum(
                count_unsupported(text, row, self.brands) for row, text in pairs if text
            ),
            texts=len(edits),
        )
        return measured, edits

    def _rate(self, texts: Texts, happened: Callable[[Decided], bool]) -> float:
        """Return the estimated rate; how often it happened, where no preference can tell more."""
        standings, of_written, outcomes = [], [], []
        for one, text in zip(self.others, texts, strict=True):
            if one is not None and text is not None and self.preference is not None:
                mine, written = _standings(self.preference, one, text)
                standings.append(mine)
                of_written.append(written)
                outcomes.append(happened(one.row))
        if not outcomes:
            return float(np.mean([happened(row) for row in self.rows]))
        return estimated_rate(np.array(standings), np.array(of_written), outcomes)


def _standings(preference: PreferenceModel, one: HeldOut, text: str) -> tuple[float, float]:
    """Return how a text and the written one stand among other wordings, in deviations of these."""
    row = one.row
    scorer = preference.scorer(facts=row.facts, title=row.title, language=row.language)
    mine, written, *scores = scorer([text, row.written, *one.others])
    spread = max(float(np.std(scores)), 1e-6)
    usual = float(np.mean(scores))
    return (mine - usual) / spread, (written - usual) / spread


def yardstick(
    rows: Sequence[Decided],
    most: int = MOST_MEASURED,
    on_progress: OnProgress = lambda phase, fraction: None,
) -> Yardstick:
    """Return what all policies are measured by; `on_progress` may raise to stop.

    Raises ValueError where nothing was published of held-out products.
    """
    kept = tuple(measuring_rows(rows, most))
    if not any(row.published for row in kept):
        raise ValueError("no text of a held-out product was published")
    try:
        learning = [row for row in rows if not row.is_held_out]
        preference, _pairs = learn(learning, on_progress=on_progress)
    except ValueError:
        preference = None
    return Yardstick(kept, brands_of(rows), tuple(held_out(row) for row in kept), preference)


def verdict(
    products: int,
    model: tuple[Measured, np.ndarray],
    base: tuple[Measured, np.ndarray],
    current: tuple[Measured, np.ndarray] | None,
) -> dict[str, Any]:
    """Return the gate's verdict as JSON: edits saved against each opponent, with 95 % intervals.

    It passes with at least LEAST_PRODUCTS decided products, no unsupported claim more than the base
    model makes, clearly fewer edits than it, and no more than today's adapter (TOLERANCE apart).
    """
    opponents = {BASE: base[1], **({CURRENT: current[1]} if current else {})}
    comparisons = [comparison(name, edits, model[1]) for name, edits in opponents.items()]
    problems = list(_problems(products, model[0], base[0], comparisons))
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


def _problems(
    products: int, model: Measured, base: Measured, comparisons: Sequence[dict[str, Any]]
) -> Iterable[str]:
    if products < LEAST_PRODUCTS:
        yield "too_few_products"
    if model.unsupported_claims > base.unsupported_claims:
        yield "unsupported_claims"
    if comparisons[0]["low"] <= 0:
        yield BASE


def judged(
    rows: Sequence[Decided], measure: Yardstick, texts: dict[str, Texts]
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return each policy's figures as JSON, and the verdict on MODEL; `texts` are those of MODEL,
    BASE and, where an adapter is promoted, CURRENT.
    """
    found = {name: measure.measure(written) for name, written in texts.items()}
    products = len({row.product for row in rows})
    figures = {
        name: {**one[0].as_dict(), "unread": sum(text is None for text in texts[name])}
        for name, one in found.items()
    }
    return figures, verdict(products, found[MODEL], found[BASE], found.get(CURRENT))
