"""What higher apps give to training: recipes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from guidance.core.jobs import JobContext
    from guidance.training.models import TrainingRun


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


Runner = Callable[["JobContext", "TrainingRun"], Trained]


@dataclass(frozen=True)
class Recipe:
    """A model that can be trained.

    `runner` is the dotted path of `run(context, training_run) -> Trained`, and `checker` that of
    `check(folder, policy)`, which raises an error that people can read where files are broken.
    They are paths, so that a web process never imports what only a training needs.
    """

    key: str
    label: str | Promise
    runner: str
    checker: str

    def load(self) -> Runner:
        runner: Runner = import_string(self.runner)
        return runner

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
