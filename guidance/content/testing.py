"""What experiments may test here: the wordings of one place."""

from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.content.models import MAIN_POLICY
from guidance.content.selectors.bandits import is_chosen_by_bandit
from guidance.content.selectors.variants import is_copy, live_policies, main_of_subject
from guidance.content.services.shipping import ship_variant, unship_variant
from guidance.experiments.hooks import Choice, Testable


def _is_copy(surface: str, subject: str) -> bool:
    return is_copy(subject)


def _fault(surface: str, subject: str) -> str:
    """Wordings are compared while the main text and at least one variant of it are live."""
    main = main_of_subject(subject)
    if main is None:
        return gettext("There is no text “%(subject)s”.") % {"subject": subject}
    live = live_policies(main)
    if MAIN_POLICY not in live:
        return gettext("The main text is not published now.")
    if live == [MAIN_POLICY]:
        return gettext("No variant of it is published now.")
    if is_chosen_by_bandit(main_id=main.pk, surface=surface):
        return gettext("A bandit chooses among these wordings there; stop it first.")
    return ""


def _policies(surface: str, subject: str) -> Sequence[Choice]:
    main = main_of_subject(subject)
    if main is None:
        return []
    return [(policy, wording_name(policy)) for policy in live_policies(main)]


def wording_name(policy: str) -> str:
    """Return what people call an arm's wording."""
    if policy == MAIN_POLICY:
        return gettext("main text")
    return gettext("variant %(key)s") % {"key": policy}


COPY = Testable(
    key="copy",
    label=_("wording of a text"),
    handles=_is_copy,
    fault=_fault,
    policies=_policies,
    ship=ship_variant,
    unship=unship_variant,
)
