"""Decisions name an experiment, a holdout or a bandit by its key alone: none may have another's."""

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from guidance.experiments.models import Bandit, Experiment, Holdout

TAKEN = (
    (Experiment, _("An experiment has this key; choose another.")),
    (Holdout, _("A holdout has this key; choose another.")),
    (Bandit, _("A bandit has this key; choose another.")),
)


def key_problem(key: str, *, of: type[Model]) -> str:
    """Return why one of another kind than `of` keeps it from having a key, '' where none does."""
    for model, said in TAKEN:
        if model is not of and model.objects.filter(key=key).exists():
            return str(said)
    return ""
