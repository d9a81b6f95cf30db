"""Shoppers, known by a pseudonym; consent; contact points, encrypted; who is written to no more."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Customer(models.Model):
    """A shopper. `ref` is the storefront's pseudonym; an anonymous visitor has one too.

    Whoever is `excluded_as` something is served as everybody is and counts in no experiment.
    `excluded_source` is who said so, or that it is not so: '' lets the rules say it. `excluded_at`
    is since when, None where nobody knows; before it they were what `excluded_before` says.
    """

    class ExcludedAs(models.TextChoices):
        STAFF = "staff", _("staff")
        BOT = "bot", _("script")

    ref = models.CharField(_("pseudonym"), max_length=100, unique=True)
    is_anonymous = models.BooleanField(_("anonymous"), default=False, db_index=True)
    tier = models.CharField(_("membership tier"), max_length=30, blank=True, db_index=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    joined_at = models.DateTimeField(_("joined"), null=True, blank=True)
    excluded_as = models.CharField(
        _("left out of figures as"),
        max_length=5,
        choices=ExcludedAs.choices,
        blank=True,
        default="",
        db_default="",
    )
    excluded_source = models.CharField(
        _("left out by"), max_length=10, blank=True, default="", db_default=""
    )
    excluded_at = models.DateTimeField(_("left out since"), null=True, blank=True)
    excluded_before = models.CharField(
        max_length=5,
        choices=ExcludedAs.choices,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("What the customer was left out as before that moment."),
    )
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["ref"]
        permissions = [("exclude_customer", "Can leave a customer out of figures")]
        # So that the zones there are, and the few left out, are read without reading everybody.
        indexes = [
            models.Index(fields=["time_zone"], condition=Q(time_zone__gt=""), name="customer_zone"),
            models.Index(fields=["id"], condition=Q(excluded_as__gt=""), name="customer_excluded"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="customer_not_merged_into_itself",
            )
        ]

    def __str__(self) -> str:
        return self.ref

    def exclude_as(self, excluded_as: str) -> None:
        """Leave the customer out as something, or in again, from now on; the caller saves it."""
        if excluded_as != self.excluded_as:
            self.excluded_before, self.excluded_at = self.excluded_as, timezone.now()
            self.excluded_as = excluded_as


class Consent(models.Model):
    """What a shopper allowed or refused for one channel and purpose; the newest row counts.

    `proof` says how it was said: the words shown, their version, where and by whom it was taken.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=20)
    purpose = models.CharField(_("purpose"), max_length=40)
    is_granted = models.BooleanField(_("granted"))
    at = models.DateTimeField(_("time"), default=timezone.now)
    source = models.CharField(_("source"), max_length=60)
    proof = models.JSONField(_("proof"), default=dict, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "channel", "purpose", "at"], name="consent_once_per_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.purpose}"


class ContactPoint(models.Model):
    """An address for one channel: AES-GCM ciphertext and a keyed fingerprint to find it by."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contact_points")
    channel = models.CharField(_("channel"), max_length=20)
    ciphertext = models.BinaryField()
    fingerprint = models.CharField(max_length=64, db_index=True)

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "channel"], name="one_contact_point_per_channel"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} of customer {self.customer_id}"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def active(self) -> "SuppressionQuerySet":
        """Return those that nobody lifted."""
        return self.filter(lifted_at__isnull=True)


class Suppression(models.Model):
    """A shopper or an address that is written to no more on a channel, until a person lifts it.

    A bounce is the address's: with a `fingerprint` it says nothing of the shopper's next one. The
    other reasons hold for the shopper and for whoever has the address. An empty `purpose` is every
    purpose. `ciphertext` is the address, so that its fingerprint can be made under another key.
    """

    class Reason(models.TextChoices):
        COMPLAINED = "complained", _("complained")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        BY_HAND = "by_hand", _("by hand")
        BOUNCED = "bounced", _("bounced")

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="suppressions",
    )
    channel = models.CharField(_("channel"), max_length=20)
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    ciphertext = models.BinaryField(null=True, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now)
    source = models.CharField(_("source"), max_length=60)
    note = models.CharField(_("note"), max_length=300, blank=True)
    delivery = models.UUIDField(_("delivery"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("lifted by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    lift_reason = models.CharField(_("why it was lifted"), max_length=300, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        ordering = ["-at", "-id"]
        permissions = [("lift_suppression", "Can lift a suppression")]
        indexes = [
            models.Index(
                fields=["customer", "channel"],
                condition=Q(lifted_at__isnull=True),
                name="suppression_of_customer",
            ),
            models.Index(
                fields=["fingerprint", "channel"],
                condition=Q(lifted_at__isnull=True),
                name="suppression_of_address",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "purpose", "reason", "customer", "fingerprint"],
                condition=Q(lifted_at__isnull=True),
                name="one_suppression_of_customer",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | ~Q(lift_reason=""),
                name="suppression_lifted_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.reason}"


class ChangedCustomer(models.Model):
    """A shopper about whom rows came in, changed or went since their sums were last counted.

    Written in the transaction that writes the rows, so whoever sees the mark sees the rows: a
    transaction still open can never be passed over. No foreign key: a mark takes no lock.
    """

    customer_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("customer to count again")
        verbose_name_plural = _("customers to count again")

    def __str__(self) -> str:
        return f"customer {self.customer_id}"
