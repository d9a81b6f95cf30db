"""What people do to runs and versions on their pages, and what they are told about it."""

from typing import Any

from django.contrib.messages import constants
from django.urls import reverse
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.pages import found_settings, version_url
from guidance.training.rewards import Reward
from guidance.training.services import (
    AlreadyTraining,
    NothingToEstimate,
    PromotionRefused,
    keep_params,
    promote_version,
    request_estimate,
    request_training,
    roll_back,
)

Message = tuple[int, str]


def ask_for_run(
    recipe: str, *, actor: User, params: dict[str, Any], kind: str = TrainingRun.Kind.TRAIN
) -> tuple[Message | None, TrainingRun]:
    """Ask for a run; where one is on its way already, return that one and say so.

    Raises CannotTrain where the recipe lacks what it needs.
    """
    try:
        run = request_training(recipe_key=recipe, requested_by=actor, params=params, kind=kind)
    except AlreadyTraining as problem:
        return (constants.WARNING, str(problem)), problem.run
    return None, run


def use_found(run: TrainingRun, *, actor: User, always: bool) -> tuple[Message | None, TrainingRun]:
    """Train with the settings that a finished search or measurement found, or keep them for every
    later run.
    """
    found = found_settings(run.report)
    if not always:
        return ask_for_run(run.recipe, actor=actor, params=found)
    keep_params(recipe_key=run.recipe, params=found, actor=actor)
    return (constants.SUCCESS, _("Every later training uses these settings.")), run


def promote(version: ModelVersion, *, actor: User) -> Message:
    """Promote the version; return the level and the text of what came of it."""
    try:
        promote_version(version=version, actor=actor)
    except PromotionRefused as problem:
        return constants.ERROR, str(problem)
    return constants.SUCCESS, _("Promoted; every web process serves it within 5 seconds.")


def ask_for_estimate(version: ModelVersion, *, reward: str, actor: User) -> Message:
    """Have the version estimated from the log; return the level and the text of what came of it."""
    if reward not in Reward:
        return constants.ERROR, _("Choose what is to be estimated.")
    try:
        request_estimate(version=version, reward=Reward(reward), requested_by=actor)
    except NothingToEstimate as problem:
        return constants.ERROR, str(problem)
    return constants.SUCCESS, _("The log is being read; the figures appear here when it is done.")


def undo_promotion(recipe: str, *, actor: User) -> tuple[Message, str]:
    """Roll the recipe back; return what came of it and the page that shows it."""
    every_version = reverse("admin:training_modelversion_changelist")
    try:
        previous = roll_back(recipe_key=recipe, actor=actor)
    except PromotionRefused as problem:
        return (constants.ERROR, str(problem)), every_version
    if previous is None:
        told = _("Rolled back; the best baseline serves within 5 seconds.")
        return (constants.SUCCESS, told), every_version
    told = _("Rolled back; this version serves again within 5 seconds.")
    return (constants.SUCCESS, told), version_url(previous)
