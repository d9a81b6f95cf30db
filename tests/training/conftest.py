"""Versions and a recipe for tests of training."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from guidance.training.hooks import Recipe, _recipes, register_recipe
from guidance.training.models import ModelVersion
from tests import factories


@pytest.fixture
def recipe() -> Recipe:
    """A recipe of two quick epochs, gone after the test."""
    module = "tests.training.quick_recipe"
    made = Recipe(
        "quick",
        "quick model",
        f"{module}.run",
        f"{module}.check",
        searcher=f"{module}.search",
        measurer=f"{module}.measure_steps",
        growth=f"{module}.count",
        drift=f"{module}.measure",
    )
    register_recipe(made)
    yield made
    del _recipes["quick"]


@pytest.fixture
def new_version(recipe: Recipe) -> Callable[..., ModelVersion]:
    """Register a version whose folder holds the file that the recipe's check wants."""

    def make(status: str = "candidate", passed: bool = True, against: str = "") -> ModelVersion:
        run = factories.training_run(recipe="quick", job=factories.job(status="succeeded"))
        directory = f"quick/{run.pk}"
        folder = Path(settings.MODEL_DIR) / directory
        folder.mkdir(parents=True)
        (folder / "weights").write_text("good")
        return factories.model_version(
            recipe="quick",
            run=run,
            directory=directory,
            status=status,
            policy="model" if passed else "ease",
            best_baseline="ease",
            verdict={
                **factories.PASSED_VERDICT,
                "passed": passed,
                "against": "ease",
                "current_version": against,
            },
            promoted_at=None,
        )

    return make
