"""Holding a waiting draft still while somebody decides or changes it."""

import uuid

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.content.models import Draft, DraftRevision
from guidance.content.services.refusals import NotWaiting, VersionChanged
from guidance.core.models import User


def require(actor: User, permission: str) -> None:
    """Raise PermissionDenied where `actor` lacks a permission, named app.codename."""
    if not actor.has_perm(permission):
        raise PermissionDenied(permission)


def lock_waiting(*, draft_id: uuid.UUID, version: int) -> Draft:
    """Lock a waiting draft and its product in the version that was seen, inside a transaction.

    The product's lock keeps facts still: whoever changes them takes it before asking what cites
    them, so that no approval slips between a change and its staleness. Raises Draft.DoesNotExist,
    NotWaiting or VersionChanged.
    """
    product_id = Draft.objects.values_list("product_id", flat=True).get(pk=draft_id)
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    draft.product = product
    if draft.status != Draft.Status.WAITING:
        raise NotWaiting(_("This draft is decided already."))
    if draft.version != version:
        raise VersionChanged(draft, version)
    return draft


def keep_text(*, draft: Draft, replaced_by: User) -> None:
    """Keep the text that is about to be replaced, so that who read it can see what changed."""
    DraftRevision.objects.create(
        draft=draft, version=draft.version, text=draft.text, replaced_by=replaced_by
    )
