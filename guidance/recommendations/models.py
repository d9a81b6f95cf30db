"""Surfaces: the places of the storefront that ask for recommendations."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Surface(models.Model):
    """One place that shows recommendations, and how it wants them."""

    class Policy(models.TextChoices):
        MODEL = "model", _("promoted model")
        BEST_BASELINE = "best_baseline", _("best baseline")
        CO_OCCURRENCE = "co_occurrence", _("bought together")
        POPULARITY = "popularity", _("popular now")

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    limit = models.PositiveSmallIntegerField(_("items"), default=10)
    policy = models.CharField(
        _("policy"), max_length=50, choices=Policy.choices, default=Policy.MODEL
    )
    allow_already_bought = models.BooleanField(_("show what was already bought"), default=True)
    deadline_ms = models.PositiveIntegerField(
        _("deadline (ms)"),
        default=150,
        help_text=_("So long may one policy take; then the next fallback answers."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("surface")
        verbose_name_plural = _("surfaces")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name
