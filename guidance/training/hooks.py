"""What higher apps give to training: recipes, and what tells when to train them again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from django.utils.functional import Promise
from django.utils.module_loading import import_string

from guidance.training.labels import verdict_sentences
from guidance.training.rewards import Reward

if TYPE_CHECKING:
    from guidance.core.jobs import JobContext
    from guidance.training.models import ModelVersion, TrainingRun


@dataclass(frozen=True)
class Trained:
    """What a recipe hands back.

    `report` is JSON: `candidates` (per policy: parameters, validation_ndcg and the metrics of both
    protocols), `best_baseline`, `data`, `epochs`, `seconds`. `verdict` is the gate's, JSON as
    well; `verdict["passed"]` decides whether the model of this version may ever serve, and
    `verdict["current_version"]` names the version it was measured against ('' for none).
    """

    folder: Path
    report: dict[str, Any]
    verdict: dict[str, Any]


@dataclass(frozen=True)
class DriftMeasure:
    """One thing that may drift: an input's distribution or a figure of quality.

    `size` is a stability index for inputs and the share that is lost for quality; `certain` tells
    that it is no accident of few events. `before` and `now` hold the shares by group, or the one
    figure as `value`, and `days` the windows that were compared, as ISO dates.
    """

    key: str
    group: Literal["inputs", "quality"]
    size: float
    certain: bool
    before: dict[str, float]
    now: dict[str, float]
    days: dict[str, str] = field(default_factory=dict)


Runner = Callable[["JobContext", "TrainingRun"], Trained]
Searcher = Callable[["JobContext", "TrainingRun"], dict[str, Any]]
Measurer = Callable[["JobContext", "TrainingRun"], dict[str, Any]]

Estimator = Callable[["ModelVersion", Callable[[float], None], Reward], dict[str, Any]]


@dataclass(frozen=True)
class Recipe:
    """A model that can be trained.

    `runner` is the dotted path of `run(context, training_run) -> Trained`, and `checker` that of
    `check(folder, policy)`, which raises an error that people can read where files are broken.
    `searcher`, where settings can be searched for, is that of `search(context, training_run)`,
    which returns the run's report: `trials`, the `best` of them and `usual`, the value of the
    settings in use, both None where nothing could be measured. `measurer`, where cleaning and
    augmentation can be measured, is that of `measure(context, training_run)`, which returns such a
    run's report as `models_ml.recommender.effects` describes it. They are paths, so that a web
    process never imports what only a training needs. `growth` leads to `count() -> int`, the
    events there are to learn from, and `drift` to `measure() -> list[DriftMeasure]`; both are
    asked by workers and must be quick. `ready` leads to `is_ready() -> bool`: until it says so,
    nothing but people and commands train. `lacks` leads to `what_is_lacking() -> str`: while it
    says anything, nobody trains, and people read it instead.

    A recipe that is not measured by NDCG@10 words its own verdicts, `words(verdict) -> list[str]`,
    and brings the middle of a version's page: `template`, and `page(version)`, which returns what
    that shows. `estimator`, of a recipe that decides what shoppers are shown, is the path of
    `estimate(version, progress, reward) -> dict`: what the decision log says of a version, as
    `training.estimates` shows it, where `progress(fraction)` raises when the work must stop;
    `assumes` is that of what it takes for granted, `assumptions(reward) -> list[str]`.
    `has_network` tells whether a training's start and earlier cuts can be chosen.
    """

    key: str
    label: str | Promise
    runner: str
    checker: str
    searcher: str = ""
    measurer: str = ""
    growth: str = ""
    drift: str = ""
    ready: str = ""
    lacks: str = ""
    words: str = ""
    page: str = ""
    template: str = ""
    estimator: str = ""
    assumes: str = ""
    has_network: bool = True

    def load(self) -> Runner:
        runner: Runner = import_string(self.runner)
        return runner

    def load_estimator(self) -> Estimator:
        estimator: Estimator = import_string(self.estimator)
        return estimator

    def assumptions(self, reward: Reward) -> list[str]:
        """Return what the estimates take for granted, a sentence each, in words for people."""
        return list(import_string(self.assumes)(reward)) if self.assumes else []

    def load_searcher(self) -> Searcher:
        searcher: Searcher = import_string(self.searcher)
        return searcher

    def can(self, kind: str) -> bool:
        """Tell whether a run of this kind can be asked for."""
        return bool({"search": self.searcher, "effects": self.measurer}.get(kind, True))

    def load_measurer(self) -> Measurer:
        measurer: Measurer = import_string(self.measurer)
        return measurer

    def measure_drift(self) -> list[DriftMeasure]:
        """Return what can be compared now; nothing where the recipe cannot tell."""
        return list(import_string(self.drift)()) if self.drift else []

    def is_ready(self) -> bool:
        """Tell whether there is enough to learn from for a training that nobody asked for."""
        if self.what_is_lacking():
            return False
        return bool(import_string(self.ready)()) if self.ready else True

    def what_is_lacking(self) -> str:
        """Return what a training needs and has not, in words for people; '' where it can begin."""
        return str(import_string(self.lacks)()) if self.lacks else ""

    def page_of(self, version: "ModelVersion") -> dict[str, Any]:
        """Return what the recipe's own part of a version's page shows."""
        return dict(import_string(self.page)(version)) if self.page else {}

    def check(self, folder: Path, policy: str) -> None:
        """Raise where the files in `folder` cannot serve `policy`."""
        import_string(self.checker)(folder, policy)


_recipes: dict[str, Recipe] = {}


def register_recipe(recipe: Recipe) -> None:
    """Make a recipe known; call it in `AppConfig.ready()` only."""
    _recipes[recipe.key] = recipe


def recipe(key: str) -> Recipe:
    """Return the registered recipe; raises KeyError for one nobody registered."""
    return _recipes[key]


def recipes() -> list[Recipe]:
    """Return every registered recipe, in order of key."""
    return sorted(_recipes.values(), key=lambda one: one.key)


def verdict_in_words(key: str, verdict: dict[str, Any]) -> list[str]:
    """Return what the gate found, in the recipe's own words where it has any."""
    found = _recipes.get(key)
    words = import_string(found.words) if found and found.words else verdict_sentences
    return list(words(verdict))


def data_size(key: str) -> int | None:
    """Return how many events a recipe could learn from; None where none can tell any more."""
    found = _recipes.get(key)
    return int(import_string(found.growth)()) if found and found.growth else None
