"""Promotion and rollback: a person decides, the gate's verdict binds, the audit trail keeps it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.training.hooks import recipe
from guidance.training.models import ModelVersion
from guidance.training.selectors import promoted_version


class PromotionRefused(Exception):
    """The version may not serve; the message says why, in words for people."""


@transaction.atomic
def promote_version(*, version: ModelVersion, actor: User | None) -> ModelVersion:
    """Let a version serve that passed the gate, and retire the one that served.

    Raises PromotionRefused for a version that the gate refused, that was measured against
    another model than today's, or whose files are missing or changed.
    """
    candidates = ModelVersion.objects.select_for_update().filter(recipe=version.recipe)
    locked = {one.pk: one for one in candidates}[version.pk]
    current = promoted_version(version.recipe)
    _check_may_serve(locked, current)
    if current is not None:
        current.status = ModelVersion.Status.RETIRED
        current.save(update_fields=["status"])
    locked.replaced = current
    _serve(locked, actor)
    record_audit(
        actor=actor,
        verb="promote_version",
        target=locked,
        details={"replaces": current.number if current else None, "policy": locked.policy},
    )
    return locked


@transaction.atomic
def roll_back(*, recipe_key: str, actor: User | None) -> ModelVersion | None:
    """Retire the promoted version and let the one before it serve again.

    Returns the version that serves now; None where there was none before, so that the best
    baseline serves. Raises PromotionRefused where nothing is promoted.
    """
    list(ModelVersion.objects.select_for_update().filter(recipe=recipe_key).values_list("pk"))
    current = promoted_version(recipe_key)
    if current is None:
        raise PromotionRefused(_("No version is promoted; there is nothing to roll back."))
    previous = current.replaced
    current.status = ModelVersion.Status.RETIRED
    current.save(update_fields=["status"])
    if previous is not None:
        _serve(previous, actor)
    record_audit(
        actor=actor,
        verb="roll_back_version",
        target=current,
        details={"serves_again": previous.number if previous else None},
    )
    return previous


def _serve(version: ModelVersion, actor: User | None) -> None:
    version.status = ModelVersion.Status.PROMOTED
    version.promoted_by, version.promoted_at = actor, timezone.now()
    version.save(update_fields=["status", "promoted_by", "promoted_at", "replaced"])


def _check_may_serve(version: ModelVersion, current: ModelVersion | None) -> None:
    if version.status == ModelVersion.Status.REFUSED:
        raise PromotionRefused(_("The gate refused this version; its model can never serve."))
    if version.status != ModelVersion.Status.CANDIDATE:
        raise PromotionRefused(
            _("Only a candidate can be promoted; this version is %(status)s.")
            % {"status": version.get_status_display()}
        )
    measured_against = version.verdict.get("current_version", "")
    if current is not None and measured_against != str(current.pk):
        raise PromotionRefused(
            _("This version was not measured against version %(number)d, which serves today.")
            % {"number": current.number}
            + " "
            + _("Train again to have them compared.")
        )
    try:
        recipe(version.recipe).check(version.folder, version.policy)
    except Exception as problem:
        raise PromotionRefused(
            _("The files of this version cannot serve: %(problem)s") % {"problem": problem}
        ) from problem
