"""The holdout: started and ended by a person."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.keys import key_problem
from guidance.experiments.models import Holdout
from guidance.experiments.services.steps import hold_keys


@transaction.atomic
def start_holdout(*, holdout: Holdout, actor: User | None) -> Holdout:
    """Hold a share of the live shoppers out of every experiment and model from now on.

    Raises ValidationError where another one runs, or an experiment or a bandit has its key.
    """
    hold_keys()
    if taken := key_problem(holdout.key, of=Holdout):
        raise ValidationError(taken)
    holdout.created_by, holdout.since = actor, timezone.now()
    try:
        with transaction.atomic():
            holdout.save(force_insert=True)
    except IntegrityError as problem:
        raise ValidationError(_("Another holdout runs; end it first.")) from problem
    record_audit(
        actor=actor, verb="start_holdout", target=holdout, details={"share": str(holdout.share)}
    )
    return holdout


@transaction.atomic
def end_holdout(*, holdout: Holdout, actor: User | None) -> Holdout:
    """Let the held out meet what everybody meets; raises ValidationError for one that ended."""
    locked = Holdout.objects.select_for_update().get(pk=holdout.pk)
    if not locked.is_active:
        raise ValidationError(_("This holdout has ended already."))
    locked.is_active, locked.ended_by, locked.ended_at = False, actor, timezone.now()
    locked.save(update_fields=["is_active", "ended_by", "ended_at"])
    record_audit(actor=actor, verb="end_holdout", target=locked)
    return locked
