"""What experiments may test here: the policy of a surface."""

from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.content.selectors.variants import is_copy
from guidance.experiments.hooks import Choice, Testable
from guidance.recommendations.models import Surface
from guidance.recommendations.services.surfaces import ship_policy, unship_policy
from guidance.training.labels import POLICIES

# What an arm may ask for; what it cannot answer, the surface's fallback chain does.
ARM_POLICIES = (
    *("model", "best_baseline", "repeat_frequency", "due_again"),
    *("ease", "co_occurrence", "popularity"),
)


def _is_surface(key: str, subject: str) -> bool:
    """What is written on a surface is content's to test."""
    return not is_copy(subject) and Surface.objects.filter(key=key).exists()


def _fault(surface: str, subject: str) -> str:
    """A surface is tested as a whole: what it recommends has no subject."""
    return gettext("This surface is tested as a whole: leave the subject empty.") if subject else ""


def _policies(surface: str, subject: str) -> Sequence[Choice]:
    return [(key, POLICIES.get(key, _("best baseline"))) for key in ARM_POLICIES]


SURFACES = Testable(
    key="surfaces",
    label=_("policy of a surface"),
    handles=_is_surface,
    fault=_fault,
    policies=_policies,
    ship=ship_policy,
    unship=unship_policy,
)
