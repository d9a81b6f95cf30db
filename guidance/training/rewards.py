"""What an estimate from the decision log may ask after: what came of a place that was shown."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reward(TextChoices):
    """The reward of one place of a list; each is worded by what people read of its estimates."""

    CLICK = "click", _("clicks")
    PURCHASE = "purchase", _("purchases")
    REVENUE = "revenue", _("revenue")
    RATING = "rating", _("satisfaction")
