"""Ranks for one shopper from a trained folder. numpy and onnxruntime only: this is what web
processes import.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models_ml.data.history import History, HistoryEvent, as_days, as_history
from models_ml.recommender.artefacts import (
    PARAMETERS,
    ArtefactError,
    read_array,
    read_json,
    read_manifest,
)
from models_ml.recommender.encoder import ENCODER, OWN_ITEM_TERM, TABLES, OnnxEncoder
from models_ml.recommender.features import ItemHabits
from models_ml.recommender.fusion import AddedMix, FusionScorer, Parts
from models_ml.recommender.heirs import Additions
from models_ml.recommender.left_out import Explained, OwnEvent, strongest_events
from models_ml.recommender.ranking import top_items
from models_ml.recommender.scorers import (
    ContentScorer,
    Interest,
    NeighbourScorer,
    PopularityScorer,
    RepeatScorer,
    Scorer,
)
from models_ml.recommender.sequence import ItemVectors, SequenceHead, SequenceScorer

__all__ = [
    "POLICIES",
    "ArtefactError",
    "HistoryEvent",
    "Judgement",
    "OwnEvent",
    "Ranker",
    "Scored",
    "load",
]

POLICIES = ("model", "co_occurrence", "ease", "repeat_frequency", "content", "popularity")
SEQUENCE_FILES = (
    "item_vectors.npy",
    "item_bias.npy",
    "trends.npy",
    "repeat_rates.npy",
    "periods.npy",
    "conversions.npy",
)


class Scored(NamedTuple):
    """A ranked item. `because` holds what of the shopper's own latest events moved its score most,
    the strongest first; nothing where none did.
    """

    item: str
    score: float
    because: tuple[OwnEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a policy says of the whole catalogue for one shopper at one moment."""

    history: History
    explained: Explained
    resolution: float
    skus: Sequence[str]

    @property
    def scores(self) -> np.ndarray:
        """Shape (items,)."""
        return self.explained.scores

    def because(self, items: np.ndarray) -> list[tuple[OwnEvent, ...]]:
        """What of the shopper's latest events moved each item's score most, from item numbers
        (wanted,); see `Scored`.
        """
        drops = self.explained.drops(items)
        return strongest_events(self.history, drops, self.resolution, self.skus)


class Ranker:
    """One policy over one catalogue; safe to share between threads.

    `item_numbers` maps a sku to its place in masks given as `allowed`.
    """

    def __init__(
        self,
        policy: str,
        skus: Sequence[str],
        scorer: Scorer,
        popularity: PopularityScorer,
        co_occurrence: NeighbourScorer | None,
    ) -> None:
        self.policy = policy
        self.skus = list(skus)
        self.item_numbers: Mapping[str, int] = {sku: place for place, sku in enumerate(skus)}
        self._scorer = scorer
        self._popularity = popularity
        self._co_occurrence = co_occurrence

    def with_added(self, additions: Additions) -> "Ranker":
        """The same policy over its catalogue followed by products that came after the training.

        It knows none of them yet.
        """
        return Ranker(
            self.policy,
            [*self.skus, *additions.skus],
            self._scorer.with_added(additions),
            self._popularity.with_added(additions),
            self._co_occurrence,
        )

    def over(self, policy: str, wrap: Callable[[Scorer], Scorer]) -> "Ranker":
        """Another policy over the same catalogue, made of this one's scorer."""
        return Ranker(policy, self.skus, wrap(self._scorer), self._popularity, self._co_occurrence)

    def rank(
        self,
        history: Sequence[HistoryEvent],
        *,
        k: int,
        exclude: Collection[str] = (),
        allowed: np.ndarray | Collection[str] | None = None,
        now: datetime,
    ) -> list[Scored]:
        """The k best items, best first, fewer if fewer may be shown.

        `allowed` is a boolean mask of shape (items,) or a collection of skus; `exclude` holds skus.
        Skus that the catalogue does not know are ignored everywhere. Without any known event the
        answer is by popularity. Raises `ValueError` for a mask of another shape.
        """
        judgement = self.judge(as_history(history, self.item_numbers), as_days(now))
        scores = np.where(self._mask(allowed), judgement.scores, -np.inf)
        scores[self._numbers(exclude)] = -np.inf
        best = top_items(scores, k)
        because = judgement.because(best)
        return [
            Scored(self.skus[item], score, events)
            for item, score, events in zip(
                best.tolist(), scores[best].tolist(), because, strict=True
            )
        ]

    def judge(self, history: History, now: float) -> Judgement:
        """Score the whole catalogue for a history in item numbers and days since 1970, ready to
        say why.
        """
        scorer = self._scorer if len(history) else self._popularity
        return Judgement(history, scorer.explained(history, now), scorer.resolution, self.skus)

    def scores(self, history: History, now: float) -> np.ndarray:
        """Scores of the whole catalogue, shape (items,), for a history in item numbers and days
        since 1970.
        """
        scorer = self._scorer if len(history) else self._popularity
        return scorer.score(history, now)

    def unit_vectors(self, skus: Sequence[str]) -> np.ndarray | None:
        """Shape (skus, dim): what the sequence model knows items by, at length 1, zeros for unknown
        skus. None for policies without vectors.
        """
        if not isinstance(self._scorer, FusionScorer):
            return None
        known = [row for row, sku in enumerate(skus) if sku in self.item_numbers]
        vectors = self._scorer.sequence.head.vectors.take(np.array(self._numbers(skus), np.int64))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        found = np.zeros((len(skus), vectors.shape[1]), np.float32)
        found[known] = vectors / np.where(lengths > 0, lengths, 1.0)
        return found

    def similar(self, item: str, k: int) -> list[Scored]:
        """Items that are bought together with this one, best first.

        Empty for an unknown item, for one added since, and from the popularity policy, which opens
        no other file.
        """
        if self._co_occurrence is None or item not in self.item_numbers:
            return []
        place = self.item_numbers[item]
        if place >= len(self._co_occurrence.neighbours):
            return []
        strengths = self._co_occurrence.strengths[place][:k]
        neighbours = self._co_occurrence.neighbours[place][:k]
        return [
            Scored(self.skus[other], float(strength))
            for other, strength in zip(neighbours, strengths, strict=True)
            if strength > 0
        ]

    def _mask(self, allowed: np.ndarray | Collection[str] | None) -> np.ndarray:
        if allowed is None:
            return np.ones(len(self.skus), dtype=bool)
        if isinstance(allowed, np.ndarray) and allowed.dtype == bool:
            if allowed.shape != (len(self.skus),):
                raise ValueError(f"the mask has shape {allowed.shape}, not ({len(self.skus)},)")
            return allowed
        mask = np.zeros(len(self.skus), dtype=bool)
        mask[self._numbers(allowed)] = True
        return mask

    def _numbers(self, skus: Collection[str]) -> list[int]:
        return [self.item_numbers[sku] for sku in skus if sku in self.item_numbers]


def load(directory: Path, policy: str, *, threads: int = 1) -> Ranker:
    """Open a trained folder for one policy after checking the files it needs.

    `threads` is what the encoder may use per request. Raises `ArtefactError` naming the file and
    the problem, or the policy that the folder does not hold.
    """
    policies = read_manifest(directory, only=[PARAMETERS])["policies"]
    if policy not in policies:
        raise ArtefactError(f"manifest.json: the policy {policy!r} is not among its policies")
    parameters = read_json(directory / PARAMETERS)
    made_of = _made_of(policy, parameters)
    read_manifest(directory, only=_files_of(made_of, "content" in policies))
    popularity = PopularityScorer(read_array(directory / "popularity.npy"))
    skus = read_array(directory / "items.npy").tolist()
    if policy == "popularity":
        return Ranker(policy, skus, popularity, popularity, None)
    parts = _open_parts(directory, parameters, made_of, popularity.shares)
    if made_of == "model":
        sequence = _open_sequence(directory, parameters["max_length"], threads)
        # Folders from before it was tuned hold none.
        mix = parameters.get("fusion_of_added")
        scorer: Scorer = FusionScorer(
            *(sequence, Parts(**parts), parameters["fusion"]), AddedMix(**mix) if mix else None
        )
    else:
        scorer = parts[made_of]
    return Ranker(policy, skus, scorer, popularity, parts["co_occurrence"])


def _made_of(policy: str, parameters: dict[str, Any]) -> str:
    """The policy whose files one is read from: its own, but where a blend was no better than its
    best part, that part is the model. The network alone is a blend without weights.
    """
    part: str = parameters.get("alone") or policy
    return part if policy == "model" and part in POLICIES else policy


def _open_parts(
    directory: Path, parameters: dict[str, Any], policy: str, shares: np.ndarray
) -> dict[str, Any]:
    """The linear policies that one policy is made of, by name."""
    repeat = RepeatScorer(Interest(**parameters["repeat_frequency"]), shares)
    parts: dict[str, Any] = {
        "co_occurrence": _neighbours(directory, "co_occurrence", parameters, shares),
        "repeat_frequency": repeat,
    }
    if policy in {"ease", "model"}:
        parts["ease"] = _neighbours(directory, "ease", parameters, shares)
    if policy in {"content", "model"} and "content" in parameters:
        found = _neighbours(directory, "content", parameters, shares)
        parts["content"] = ContentScorer(
            *(found.interest, found.neighbours, found.strengths, shares),
            sharpness=parameters["sharpness"],
        )
    return parts


def _files_of(policy: str, has_content: bool) -> list[str]:
    """The files that a policy is read from: a broken encoder must not take co-occurrence down, nor
    a model that is co-occurrence alone.
    """
    neighbours = ["co_occurrence"] * (policy != "popularity")
    neighbours += ["ease"] * (policy in {"ease", "model"})
    neighbours += ["content"] * (policy in {"content", "model"} and has_content)
    names = ["items.npy", "popularity.npy", PARAMETERS]
    names += [f"{name}_{part}.npy" for name in neighbours for part in ("neighbours", "strengths")]
    return names + (
        [*SEQUENCE_FILES, ENCODER, OWN_ITEM_TERM, *TABLES.values()] if policy == "model" else []
    )


def _neighbours(
    directory: Path, name: str, parameters: dict[str, Any], shares: np.ndarray
) -> NeighbourScorer:
    return NeighbourScorer(
        interest=Interest(**parameters[name]),
        neighbours=read_array(directory / f"{name}_neighbours.npy"),
        strengths=read_array(directory / f"{name}_strengths.npy"),
        shares=shares,
    )


def _open_sequence(directory: Path, length: int, threads: int) -> SequenceScorer:
    known = read_array(directory / "item_vectors.npy")
    vectors = ItemVectors(known, known[:0])
    habits = ItemHabits(
        repeat_rates=read_array(directory / "repeat_rates.npy"),
        periods=read_array(directory / "periods.npy"),
        conversions=read_array(directory / "conversions.npy"),
    )
    head = SequenceHead(
        vectors=vectors,
        bias=read_array(directory / "item_bias.npy"),
        trends=read_array(directory / "trends.npy"),
    )
    return SequenceScorer(head, OnnxEncoder.open(directory, vectors, threads), habits, length)
