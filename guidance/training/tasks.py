"""Background tasks of training: what asks for a run without a person."""

from guidance.training.hooks import recipes
from guidance.training.services import measure_drift, request_due_training


def retrain_where_due() -> int:
    """Ask for a training of every recipe whose policy finds a cause; return how many were asked."""
    asked = [request_due_training(recipe_key=recipe.key) for recipe in recipes()]
    return sum(run is not None for run in asked)


def read_drift() -> int:
    """Measure the drift of every recipe that was not read within the hour; return how many."""
    readings = [measure_drift(recipe_key=recipe.key) for recipe in recipes()]
    return sum(reading is not None for reading in readings)
