"""What experiments may test here: the policy of a surface."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Event, Source
from guidance.content.selectors.variants import is_copy
from guidance.decisions.models import DecisionQuerySet
from guidance.experiments.hooks import Choice, Testable
from guidance.recommendations.models import Surface
from guidance.recommendations.services.surfaces import ship_policy, unship_policy
from models_ml.data.columns import KINDS


def _is_surface(key: str, subject: str) -> bool:
    """What is written on a surface is content's to test."""
    return not is_copy(subject) and Surface.objects.filter(key=key).exists()


def _fault(surface: str, subject: str) -> str:
    """A surface is tested as a whole, what it recommends has no subject, and while it is on."""
    if subject:
        return gettext("This surface is tested as a whole: leave the subject empty.")
    if not Surface.objects.filter(key=surface, is_active=True).exists():
        return gettext("This surface is switched off: no storefront gets anything for it.")
    return ""


def _policies(surface: str, subject: str) -> Sequence[Choice]:
    """An arm may ask for what a surface may: what wins can be shipped. What it cannot answer, the
    surface's fallback chain does."""
    return Surface.Policy.choices


def _exposing(decisions: DecisionQuerySet) -> DecisionQuerySet:
    """Who has no history, told by events or by the page they are on, is in no arm: every policy
    gives way to what is popular."""
    before = Event.objects.filter(
        Q(source=OuterRef("source")) | ~Q(source=Source.REPLAY),
        customer=OuterRef("customer"),
        kind__in=KINDS,
        occurred_at__lte=OuterRef("at"),
    )
    told = Q(context__has_key="context_product") | Q(context__has_key="viewed")
    return decisions.filter(told | Exists(before))


SURFACES = Testable(
    key="surfaces",
    label=_("policy of a surface"),
    handles=_is_surface,
    fault=_fault,
    policies=_policies,
    ship=ship_policy,
    unship=unship_policy,
    exposing=_exposing,
)
