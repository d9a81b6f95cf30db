"""Surfaces: those a shop starts with, and changes made at the desk."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.models import Bandit
from guidance.experiments.services import open_bandit, stop_bandit
from guidance.recommendations.models import Surface
from guidance.recommendations.slots import FEATURES, SOURCES, TRIALS


@transaction.atomic
def save_surface(*, surface: Surface, changed: Sequence[str], actor: User | None) -> None:
    """Write a new surface or the changed fields of one; storefronts see it within two seconds.

    Of a surface that there is, nothing else is written: others may have changed it since it was
    read. It is read again before its slots are filled, so that its bandit is the one of today.
    Raises ValidationError where the changes do not fit what others made of it.
    """
    is_new = surface.pk is None
    if is_new:
        surface.save()
    else:
        today = Surface.objects.select_for_update().get(pk=surface.pk)
        for name in changed:
            setattr(today, name, getattr(surface, name))
        today.full_clean()
        today.save(update_fields=changed)
        surface.refresh_from_db()
    _fill_slots(surface, actor)
    record_audit(
        actor=actor,
        verb="create_surface" if is_new else "update_surface",
        target=surface,
        details={name: getattr(surface, name) for name in changed},
    )


def _fill_slots(surface: Surface, actor: User | None) -> None:
    """Let the bandit that a surface asks for fill its slots: another one begins anew."""
    bandits = Bandit.objects.filter(key__startswith=f"slots-{surface.pk}-")
    current = bandits.filter(key=surface.slots_bandit).first() if surface.slots_bandit else None
    wanted = (surface.slots_by, surface.slots_reward)
    if current is not None and (current.method, current.reward) == wanted:
        return
    if current is not None:
        stop_bandit(key=current.key, actor=actor)
    key = ""
    if surface.slots_by != Surface.CHANCE:
        key = f"slots-{surface.pk}-{bandits.count() + 1}"
        open_bandit(
            key=key,
            surface=surface.key,
            arms=SOURCES,
            method=surface.slots_by,
            reward=surface.slots_reward,
            features=FEATURES,
            trials=TRIALS,
            actor=actor,
        )
    if surface.slots_bandit != key:
        surface.slots_bandit = key
        surface.save(update_fields=["slots_bandit"])


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
