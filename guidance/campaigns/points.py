"""What campaigns do with the shoppers behind a point of behaviour analysis."""

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from guidance.behaviour.hooks import FoundShoppers
from guidance.campaigns.services.audiences import start_list
from guidance.core.models import User


def start_audience(found: FoundShoppers, person: User) -> str:
    """Make a list of the shoppers and return its page; raises ValidationError for nobody."""
    if not found.customer_ids:
        raise ValidationError(_("Nobody is there to make an audience of."))
    audience = start_list(
        name=found.name, origin=found.title, customer_ids=found.customer_ids, actor=person
    )
    return reverse("admin:campaigns_audience_change", args=[audience.pk])
