"""Audiences: who a campaign is for, by rules or by a list."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
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
    origin = models.CharField(_("made from"), max_length=300, blank=True, editable=False)
    # As it was counted last: an estimate has an interval around it, an exact count none.
    size = models.PositiveIntegerField(_("shoppers"), null=True, editable=False)
    size_low = models.PositiveIntegerField(null=True, editable=False)
    size_high = models.PositiveIntegerField(null=True, editable=False)
    sized_at = models.DateTimeField(_("counted"), null=True, editable=False)
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
        permissions = [("sample_audience", "Can see sample members of an audience")]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__isnull=True)
                | Q(size_low__lte=F("size"), size_high__gte=F("size"), sized_at__isnull=False),
                name="audience_size_within_its_interval",
            )
        ]

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


class AudienceImport(models.Model):
    """A list that was read into an audience: what became of its rows.

    `rejects` holds the number of each row that was left out and the code of its reason, never what
    the row said: people upload names and addresses by mistake.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    rows = models.PositiveIntegerField(_("rows"))
    added = models.PositiveIntegerField(_("added"))
    known = models.PositiveIntegerField(_("on the list already"))
    removed = models.PositiveIntegerField(_("taken off"), default=0)
    rejects = models.JSONField(_("rejected rows"), default=list)
    rejected = models.PositiveIntegerField(_("rejected"))
    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("list read into an audience")
        verbose_name_plural = _("lists read into audiences")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.audience_id}: {self.file_name or self.at:%Y-%m-%d}"
