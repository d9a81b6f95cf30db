"""The surfaces that a shop starts with."""

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.core.services import record_audit
from guidance.recommendations.models import Surface


@transaction.atomic
def ensure_surfaces() -> None:
    """Make the surfaces that every storefront has, where nobody made one yet."""
    if Surface.objects.exists():
        return
    first = [
        Surface(key="home", name=_("Home page")),
        Surface(
            key="product", name=_("Product page"), policy=Surface.Policy.CO_OCCURRENCE, limit=6
        ),
        Surface(key="cart", name=_("Cart"), limit=4, allow_already_bought=False),
    ]
    for surface in Surface.objects.bulk_create(first):
        record_audit(actor=None, verb="create_surface", target=surface)
