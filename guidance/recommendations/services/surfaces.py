"""Surfaces: those a shop starts with, and changes made at the desk."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.recommendations.models import Surface


@transaction.atomic
def save_surface(*, surface: Surface, changed: Sequence[str], actor: User | None) -> None:
    """Write a new surface or the changed fields of one; storefronts see it within two seconds."""
    is_new = surface.pk is None
    surface.save()
    record_audit(
        actor=actor,
        verb="create_surface" if is_new else "update_surface",
        target=surface,
        details={name: getattr(surface, name) for name in changed},
    )


@transaction.atomic
def ensure_surfaces() -> None:
    """Make the surfaces that every storefront has, where nobody made one yet."""
    if Surface.objects.exists():
        return
    together = Surface.Policy.CO_OCCURRENCE
    for surface in (
        Surface(key="home", name=_("Home page")),
        Surface(key="product", name=_("Product page"), policy=together, limit=6),
        Surface(key="cart", name=_("Cart"), limit=4, allow_already_bought=False),
    ):
        save_surface(surface=surface, changed=[], actor=None)
