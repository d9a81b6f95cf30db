"""Offers: coupons and member benefits, with or without a campaign, and who was given which."""

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models.campaigns import Campaign
from guidance.catalog.models import Category, Product
from guidance.customers.models import Customer


class OfferQuerySet(models.QuerySet["Offer"]):
    def standing(self, at: datetime) -> "OfferQuerySet":
        """Member benefits that belong to no campaign and may be used at a moment."""
        return self.filter(campaign=None, starts_at__lte=at, ends_at__gt=at)


class Offer(models.Model):
    """A coupon or benefit, for some tiers or for everybody.

    One of a campaign ends with it, or before it by a time of its own. One without a campaign is a
    standing benefit of its tiers.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percent off")
        AMOUNT = "amount", _("amount off")
        FREE_SHIPPING = "shipping", _("free shipping")
        GIFT = "gift", _("a gift")

    # What is worth a number: percent, or money.
    VALUED = (Kind.PERCENT, Kind.AMOUNT)

    campaign = models.ForeignKey(
        Campaign,
        verbose_name=_("campaign"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="offers",
        help_text=_("Empty: a standing benefit of the tiers below."),
    )
    code = models.CharField(_("code"), max_length=40, unique=True)
    titles = models.JSONField(_("titles by language"), default=dict, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value = models.DecimalField(
        _("value"), max_digits=10, decimal_places=2, default=Decimal(0), blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    tiers = models.JSONField(
        _("membership tiers"), default=list, blank=True, help_text=_("Empty: everybody.")
    )
    is_pooled = models.BooleanField(
        _("single-use codes"),
        default=False,
        help_text=_("Each shopper gets a code of the pool; else all share the code above."),
    )
    most_in_total = models.PositiveIntegerField(
        _("times in total at most"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    most_per_customer = models.PositiveSmallIntegerField(_("times a shopper at most"), default=1)
    minimum_spend = models.DecimalField(
        _("minimum spend"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    starts_at = models.DateTimeField(
        _("starts"), null=True, blank=True, help_text=_("Empty: with the campaign.")
    )
    ends_at = models.DateTimeField(
        _("ends"), null=True, blank=True, help_text=_("Empty: with the campaign.")
    )
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("What it may be used for; empty for the whole shop."),
    )
    products = models.ManyToManyField(
        Product,
        verbose_name=_("products"),
        blank=True,
        related_name="+",
        help_text=_("What it may be used for, beside the category."),
    )
    cost = models.DecimalField(
        _("expected cost"),
        max_digits=10,
        decimal_places=2,
        default=Decimal(0),
        help_text=_("Of one use, in the campaign's currency; what a plan's budget counts."),
    )
    # How many were given; guarded by the row's lock, so that no more than the total ever are.
    given = models.PositiveIntegerField(_("given"), default=0, editable=False)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(value__gt=0) | Q(kind__in=["shipping", "gift"], value=0),
                name="offer_value_positive",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                name="offer_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(campaign__isnull=False)
                | Q(starts_at__isnull=False, ends_at__isnull=False),
                name="offer_standing_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(kind="percent") | Q(value__lte=100), name="offer_percent_at_most_100"
            ),
            models.CheckConstraint(
                condition=Q(most_in_total__isnull=True) | Q(given__lte=F("most_in_total")),
                name="offer_never_over_given",
            ),
            models.CheckConstraint(
                condition=Q(most_per_customer__gte=1), name="offer_per_customer_from_1"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        if self.kind == self.Kind.AMOUNT and not self.currency:
            raise ValidationError({"currency": _("An amount off needs its currency.")})

    def is_open(self, at: datetime) -> bool:
        """Tell whether a moment lies in the offer's own time; the campaign's is not asked."""
        has_begun = self.starts_at is None or self.starts_at <= at
        return has_begun and (self.ends_at is None or at < self.ends_at)

    def title_in(self, language: str) -> str:
        """Return the title in `language`, else in English, else none."""
        return str(self.titles.get(language) or self.titles.get("en") or "")


class Coupon(models.Model):
    """One use of an offer: a code of its pool, or a place in the count of its one code.

    Without a customer it waits in the pool.
    """

    offer = models.ForeignKey(
        Offer, verbose_name=_("offer"), on_delete=models.PROTECT, related_name="coupons"
    )
    code = models.CharField(_("code"), max_length=60)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="coupons",
    )
    # What it was given for: asked again for the same, the shopper keeps the same coupon.
    occasion = models.CharField(_("occasion"), max_length=100, blank=True, default="")
    given_at = models.DateTimeField(_("given"), null=True, blank=True)
    redeemed_at = models.DateTimeField(_("redeemed"), null=True, blank=True)
    # The order that used it: the same order told again uses no other.
    order = models.CharField(_("order number"), max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=True, given_at__isnull=True, redeemed_at__isnull=True)
                | Q(customer__isnull=False, given_at__isnull=False),
                name="coupon_given_to_somebody",
            ),
            models.UniqueConstraint(
                fields=["offer", "customer", "occasion"],
                condition=Q(customer__isnull=False),
                name="coupon_once_an_occasion",
            ),
            models.UniqueConstraint(
                fields=["offer", "code"],
                condition=Q(customer__isnull=True),
                name="coupon_once_in_its_pool",
            ),
        ]
        indexes = [
            models.Index(fields=["offer", "customer"], name="coupon_of_customer"),
            models.Index(
                fields=["offer", "id"], condition=Q(customer__isnull=True), name="coupon_in_pool"
            ),
            models.Index(fields=["code"], name="coupon_code"),
        ]

    def __str__(self) -> str:
        return f"coupon {self.pk} of {self.offer_id}"
