"""Campaigns and the offers they make."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Category


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def running(self, at: datetime | None = None) -> "CampaignQuerySet":
        return self.in_state(Campaign.State.RUNNING, at)

    def in_state(
        self, state: "Campaign.State | str", at: datetime | None = None
    ) -> "CampaignQuerySet":
        """Those that `Campaign.state` says this of at a moment, now unless told."""
        now = at or timezone.now()
        if state == Campaign.State.OVER:
            return self.filter(ends_at__lte=now)
        if state == Campaign.State.OFF:
            return self.filter(ends_at__gt=now, is_active=False)
        open_ones = self.filter(ends_at__gt=now, is_active=True)
        if state == Campaign.State.RUNNING:
            return open_ones.filter(starts_at__lte=now)
        return open_ones.filter(starts_at__gt=now)


class Campaign(models.Model):
    """A named push with a beginning and an end."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PLANNED = "planned", _("planned")
        OVER = "over", _("over")
        OFF = "off", _("switched off")

    key = models.SlugField(_("key"), unique=True)
    titles = models.JSONField(_("titles by language"), default=dict)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    category = models.ForeignKey(
        Category, verbose_name=_("category"), null=True, blank=True, on_delete=models.SET_NULL
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = CampaignQuerySet.as_manager()

    # What `campaigns_for` found open to one shopper.
    open_offers: list["Offer"]

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="campaign_ends_after_it_starts"
            )
        ]

    def __str__(self) -> str:
        return self.title_in(get_language() or "en")

    @property
    def state(self) -> "Campaign.State":
        """How the campaign stands now; only a running one is told to shoppers."""
        now = timezone.now()
        if self.ends_at <= now:
            return self.State.OVER
        if not self.is_active:
            return self.State.OFF
        return self.State.RUNNING if self.starts_at <= now else self.State.PLANNED

    def title_in(self, language: str) -> str:
        """Return the title in `language`, else in English, else the key."""
        return str(self.titles.get(language) or self.titles.get("en") or self.key)


class Offer(models.Model):
    """A coupon or benefit of a campaign, for some tiers or for everybody."""

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percent off")
        AMOUNT = "amount", _("amount off")

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="offers"
    )
    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value = models.DecimalField(_("value"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    tiers = models.JSONField(
        _("membership tiers"), default=list, blank=True, help_text=_("Empty: everybody.")
    )

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(value__gt=0), name="offer_value_positive"),
            models.CheckConstraint(
                condition=~Q(kind="percent") | Q(value__lte=100), name="offer_percent_at_most_100"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        if self.kind == self.Kind.AMOUNT and not self.currency:
            raise ValidationError({"currency": _("An amount off needs its currency.")})
