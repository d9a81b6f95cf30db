"""Surfaces: the places of the storefront that ask for recommendations."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MOST_ITEMS = 100


class Surface(models.Model):
    """One place that shows recommendations, and how it wants them."""

    class Policy(models.TextChoices):
        MODEL = "model", _("promoted model")
        BEST_BASELINE = "best_baseline", _("best baseline")
        CO_OCCURRENCE = "co_occurrence", _("bought together")
        DUE_AGAIN = "due_again", _("due to be bought again")
        POPULARITY = "popularity", _("popular now")

    class Mixing(models.TextChoices):
        INTEREST = "interest", _("by the shopper's interest")
        FIRST = "first", _("first")
        SPREAD = "spread", _("spread evenly")

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    limit = models.PositiveSmallIntegerField(
        _("items"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_ITEMS)],
    )
    policy = models.CharField(
        _("policy"), max_length=50, choices=Policy.choices, default=Policy.MODEL
    )
    allow_already_bought = models.BooleanField(_("show what was already bought"), default=True)
    deadline_ms = models.PositiveIntegerField(
        _("deadline (ms)"),
        default=150,
        help_text=_("So long may one policy take; then the next fallback answers."),
    )
    campaign_places = models.PositiveSmallIntegerField(
        _("places for campaigns"),
        default=0,
        help_text=_("So many of the items may be campaigns, offers and member benefits."),
    )
    content_places = models.PositiveSmallIntegerField(
        _("places for content"),
        default=0,
        help_text=_("So many of the items may be published copy or guides."),
    )
    mixing = models.CharField(
        _("campaigns and content stand"),
        max_length=10,
        choices=Mixing.choices,
        default=Mixing.INTEREST,
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("surface")
        verbose_name_plural = _("surfaces")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(limit__range=(1, MOST_ITEMS)), name="surface_shows_1_to_100_items"
            ),
            models.CheckConstraint(
                condition=Q(limit__gte=F("campaign_places") + F("content_places")),
                name="surface_has_room_for_kinds",
                violation_error_message=_(
                    "The places for campaigns and content are more than the items."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name
