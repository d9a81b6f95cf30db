"""Surfaces: changed at the desk."""

from collections.abc import Sequence

from django.db import transaction

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.recommendations.models import Surface


@transaction.atomic
def save_surface(*, surface: Surface, changed: Sequence[str], actor: User | None) -> None:
    """Write a new surface or the changed fields of one; the storefront's next request sees it."""
    is_new = surface.pk is None
    surface.save()
    record_audit(
        actor=actor,
        verb="create_surface" if is_new else "update_surface",
        target=surface,
        details={name: getattr(surface, name) for name in changed},
    )
