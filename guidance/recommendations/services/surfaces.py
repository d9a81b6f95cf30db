"""Surfaces: those a shop starts with, and changes made at the desk."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
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
def ship_policy(key: str, subject: str, policy: str, actor: User | None) -> dict[str, Any]:
    """Make an arm's policy the surface's own and return the one before.

    Raises ValidationError for a policy that no surface has.
    """
    surface = Surface.objects.select_for_update().get(key=key)
    if policy not in Surface.Policy.values:
        raise ValidationError(
            _("A surface cannot be set to “%(policy)s”: there is no such policy.")
            % {"policy": policy}
        )
    before, surface.policy = surface.policy, policy
    save_surface(surface=surface, changed=["policy"], actor=actor)
    return {"policy": before, "shipped": policy}


@transaction.atomic
def unship_policy(key: str, subject: str, before: dict[str, Any], actor: User | None) -> None:
    """Give the surface its policy from before back.

    Raises ValidationError where somebody has set another one since: that is theirs to decide.
    """
    surface = Surface.objects.select_for_update().get(key=key)
    if surface.policy != before["shipped"]:
        raise ValidationError(
            _("Somebody has set “%(surface)s” to “%(policy)s” since; change it on its page.")
            % {"surface": surface.name, "policy": surface.get_policy_display()}
        )
    surface.policy = before["policy"]
    save_surface(surface=surface, changed=["policy"], actor=actor)


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
