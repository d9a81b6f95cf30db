"""Audiences: who a campaign is for, by rules or by a list."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.customers.models import Customer


class Audience(models.Model):
    """A named set of shoppers: those for whom the rules hold, or those on an imported list."""

    class Kind(models.TextChoices):
        RULES = "rules", _("by rules")
        LIST = "list", _("an imported list")

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.RULES)
    # A tree of `all`, `any` and `not` over conditions; `audiences/language.py` says which.
    rules = models.JSONField(_("rules"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AudienceMember(models.Model):
    """A shopper on an audience's imported list."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="members")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("audience member")
        verbose_name_plural = _("audience members")
        constraints = [
            models.UniqueConstraint(fields=["audience", "customer"], name="audience_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.audience_id}: {self.customer_id}"
