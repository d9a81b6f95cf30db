"""What experiments may test here: the wordings of a step's message."""

from collections.abc import Sequence

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.planning.choosing import Kind
from guidance.campaigns.selectors.choices import (
    SURFACE,
    is_message,
    step_of_subject,
    variants_of,
)
from guidance.campaigns.services.shipping import ship_wording, unship_wording
from guidance.experiments.hooks import Choice, Testable


def _is_message(surface: str, subject: str) -> bool:
    return surface == SURFACE and is_message(subject)


def _fault(surface: str, subject: str) -> str:
    """Wordings are compared while there are two that may be sent and the experiment is asked."""
    step = step_of_subject(subject)
    if step is None:
        return gettext("There is no message “%(subject)s”.") % {"subject": subject}
    if step.choosing != Kind.EXPERIMENT:
        return gettext("The step does not let an experiment choose: say so on its page first.")
    if len(variants_of(step)) < 2:
        return gettext("The step has one wording that may be sent: there is nothing to compare.")
    return ""


def _policies(surface: str, subject: str) -> Sequence[Choice]:
    step = step_of_subject(subject)
    if step is None:
        return []
    return [(one, gettext("wording %(name)s") % {"name": one}) for one in variants_of(step)]


MESSAGES = Testable(
    key="messages",
    label=_("wording of a message"),
    handles=_is_message,
    fault=_fault,
    policies=_policies,
    ship=ship_wording,
    unship=unship_wording,
)
