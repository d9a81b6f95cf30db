"""Which of many true wordings becomes a draft: the one that the promoted model likes best."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from guidance.training.selectors import promoted_version
from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.facts import Fact
from models_ml.writer.manner import PLAIN, Manner
from models_ml.writer.preference.data import CANDIDATES, candidate_seeds
from models_ml.writer.preference.files import load
from models_ml.writer.preference.model import PreferenceModel, choose
from models_ml.writer.realiser import Draft as Written
from models_ml.writer.realiser import write

logger = logging.getLogger(__name__)
RECIPE = "writer"


@dataclass(frozen=True)
class Chooser:
    """The writer model that serves: its version's number, and its weights.

    `number` is None where nobody promoted one; `model` is None there and where its files are
    broken. Without a model the first wording is taken.
    """

    number: int | None = None
    model: PreferenceModel | None = None

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

        def wording(number: int) -> Written:
            return write(
                kind,
                title=title,
                facts=facts,
                language=language,
                seed=number,
                voice=manner.stress,
                market=manner.market,
                channel=manner.channel,
                most=manner.most,
            )

        if self.model is None:
            return wording(seed)
        wordings = {one.text: one for one in map(wording, candidate_seeds(seed, CANDIDATES))}
        scorer = self.model.scorer(facts=facts, title=title, language=language)
        texts = list(wordings)
        return wordings[texts[choose(texts, scorer)]]

    def sign(self, writer: str) -> str:
        """Return the writer's name with what chose among its wordings, or should have."""
        if self.number is None:
            return writer
        return f"{writer}{'+' if self.model else ' without '}{RECIPE} {self.number}"


FIRST_WORDING = Chooser()


def promoted_chooser() -> Chooser:
    """Return the promoted writer model; one statement and a small file, so read it once a batch."""
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
