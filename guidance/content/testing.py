"""What experiments may test here: the wordings of one place."""

from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.content.presentation import wording_label
from guidance.content.selectors.bandits import is_chosen_by_bandit
from guidance.content.selectors.variants import (
    comparing_fault,
    is_copy,
    live_policies,
    main_of_subject,
    variant_of,
)
from guidance.content.services.shipping import ship_variant, unship_variant
from guidance.experiments.hooks import Choice, Testable


def _is_copy(surface: str, subject: str) -> bool:
    return is_copy(subject)


def _fault(surface: str, subject: str) -> str:
    """Wordings are compared while the main text and at least one variant of it are live."""
    main = main_of_subject(subject)
    if main is None:
        return gettext("There is no text “%(subject)s”.") % {"subject": subject}
    if is_chosen_by_bandit(main_id=main.pk, surface=surface):
        return gettext("A bandit chooses among these wordings there; stop it first.")
    return comparing_fault(main)


def _policies(surface: str, subject: str) -> Sequence[Choice]:
    main = main_of_subject(subject)
    if main is None:
        return []
    return [(policy, wording_label(variant_of(policy))) for policy in live_policies(main)]


COPY = Testable(
    key="copy",
    label=_("wording of a text"),
    handles=_is_copy,
    fault=_fault,
    policies=_policies,
    ship=ship_variant,
    unship=unship_variant,
)
