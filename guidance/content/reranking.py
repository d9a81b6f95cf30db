"""Which of many true wordings becomes a draft: the one that the promoted model likes best."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from guidance.content.selectors.openings import openings_of
from guidance.training.selectors import promoted_version
from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.facts import Fact
from models_ml.writer.manner import PLAIN, Manner
from models_ml.writer.openings import Openings
from models_ml.writer.preference.data import candidate_seeds
from models_ml.writer.preference.files import load
from models_ml.writer.preference.model import PreferenceModel, choose
from models_ml.writer.realiser import Draft as Written
from models_ml.writer.realiser import write_wordings

logger = logging.getLogger(__name__)
RECIPE = "writer"


@dataclass(frozen=True)
class Chooser:
    """The writer model that serves: its version's number, and its weights.

    `number` is None where nobody promoted one; `model` is None there and where its files are
    broken. Without a model the first wording is taken. `openings` holds how texts of a kind and
    language open, read when the first is written and counted on from there.
    """

    number: int | None = None
    model: PreferenceModel | None = None
    openings: dict[tuple[str, str], Openings] = field(default_factory=dict)

    def write(
        self,
        kind: str,
        *,
        title: str,
        facts: Sequence[Fact],
        language: str,
        seed: int,
        manner: Manner = PLAIN,
    ) -> Written:
        """Write as `realiser.write` does, and raise like it."""

        seeds = candidate_seeds(seed, self.model.candidates) if self.model else [seed]
        wordings = write_wordings(
            kind,
            title=title,
            facts=facts,
            language=language,
            seeds=seeds,
            voice=manner.stress,
            market=manner.market,
            channel=manner.channel,
            most=manner.most,
        )
        if self.model is None:
            return wordings[0]
        scorer = self.model.scorer(facts=facts, title=title, language=language)
        texts = [one.text for one in wordings]
        return wordings[choose(texts, scorer, self._openings(kind, language))]

    def _openings(self, kind: str, language: str) -> Openings:
        if (kind, language) not in self.openings:
            self.openings[kind, language] = openings_of(kind, language)
        return self.openings[kind, language]

    def sign(self, writer: str) -> str:
        """Return the writer's name with what chose among its wordings, or should have."""
        if self.number is None:
            return writer
        return f"{writer}{'+' if self.model else ' without '}{RECIPE} {self.number}"


FIRST_WORDING = Chooser()


def promoted_chooser() -> Chooser:
    """Return the promoted writer model; one statement and some megabytes that are checked, so read
    it once a batch.
    """
    version = promoted_version(RECIPE)
    if version is None:
        return FIRST_WORDING
    try:
        return Chooser(version.number, load(version.folder))
    except ArtefactError as problem:
        logger.error("%s cannot choose wordings: %s", version, problem)
        return Chooser(version.number)


def check_files(folder: Path, policy: str) -> None:
    """Raise ArtefactError where a folder cannot serve; what promotion asks first."""
    load(folder)
