"""What people do to versions on their pages, and what they are told about it."""

from django.contrib.messages import constants
from django.urls import reverse
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.training.models import ModelVersion
from guidance.training.pages import version_url
from guidance.training.services import PromotionRefused, promote_version, roll_back

Message = tuple[int, str]


def promote(version: ModelVersion, *, actor: User) -> Message:
    """Promote the version; return the level and the text of what came of it."""
    try:
        promote_version(version=version, actor=actor)
    except PromotionRefused as problem:
        return constants.ERROR, str(problem)
    return constants.SUCCESS, _("Promoted; every web process serves it within 5 seconds.")


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
