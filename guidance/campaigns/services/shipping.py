"""The wording of a message that won an experiment becomes everybody's, and back."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from guidance.campaigns.models import CampaignStep
from guidance.campaigns.planning.choosing import Kind
from guidance.campaigns.selectors.choices import step_of_subject, variants_of
from guidance.core.models import User
from guidance.core.services import record_audit


@transaction.atomic
def ship_wording(surface: str, subject: str, policy: str, actor: User | None) -> dict[str, Any]:
    """Let everybody get a variant of a step; return how wordings were chosen before.

    A plan or a trigger's rules that were approved with the experiment must be approved anew.
    Raises ValidationError where the variant may not be sent any more.
    """
    step = _locked(subject)
    if policy not in variants_of(step):
        raise ValidationError(_("This wording may not be sent now, so nobody can get it."))
    before = {"choosing": step.choosing, "only_variant": step.only_variant, "shipped": policy}
    _choose(step, Kind.ONE, policy)
    record_audit(
        actor=actor, verb="ship_wording", target=step.campaign, details={**before, "n": step.number}
    )
    return before


@transaction.atomic
def unship_wording(surface: str, subject: str, before: dict[str, Any], actor: User | None) -> None:
    """Choose as before; raises ValidationError where somebody chose otherwise meanwhile."""
    step = _locked(subject)
    if (step.choosing, step.only_variant) != (Kind.ONE, before["shipped"]):
        raise ValidationError(
            _("Somebody chose the wordings otherwise since; change it on the campaign's page.")
        )
    _choose(step, before["choosing"], before["only_variant"])
    record_audit(
        actor=actor, verb="unship_wording", target=step.campaign, details={"step": step.number}
    )


def _choose(step: CampaignStep, choosing: str, only_variant: str) -> None:
    step.choosing, step.only_variant = choosing, only_variant
    step.save(update_fields=["choosing", "only_variant"])


def _locked(subject: str) -> CampaignStep:
    step = step_of_subject(subject)
    if step is None:
        raise ValidationError(_("There is no message “%(subject)s”.") % {"subject": subject})
    locked = CampaignStep.objects.select_for_update(of=("self",)).select_related("campaign")
    return locked.get(pk=step.pk)
