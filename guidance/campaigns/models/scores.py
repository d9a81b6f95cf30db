"""What models predict of a shopper: how likely they are to act, and how much a message moves it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.customers.models import Customer


class CustomerSegment(models.Model):
    """The learned segment that a shopper is in, by the version promoted last."""

    # The unique constraint's index begins with the customer.
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # As rules name it: the version's number and the segment's.
    segment = models.CharField(_("learned segment"), max_length=20)
    model = models.CharField(_("model"), max_length=100)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("customer's learned segment")
        verbose_name_plural = _("customers' learned segments")
        constraints = [
            models.UniqueConstraint(fields=["customer"], name="one_learned_segment"),
        ]

    def __str__(self) -> str:
        return f"{self.segment}: customer {self.customer_id}"


class CustomerScore(models.Model):
    """The latest prediction of one kind for one shopper.

    A propensity is a probability; an uplift the difference that a message makes to it, in -1..1.
    """

    class Kind(models.TextChoices):
        PROPENSITY = "propensity", _("propensity")
        UPLIFT = "uplift", _("uplift")

    # The unique constraint's index begins with the customer.
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    value = models.FloatField(_("value"))
    model = models.CharField(_("model"), max_length=100, blank=True)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("customer's score")
        verbose_name_plural = _("customer scores")
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind"], name="one_score_of_a_kind"),
            models.CheckConstraint(
                condition=models.Q(value__gte=-1, value__lte=1), name="score_from_minus_1_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of customer {self.customer_id}"
