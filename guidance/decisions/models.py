"""The decision log: whatever a policy chose to show a shopper, or not to show."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Source
from guidance.core.ids import new_id
from guidance.customers.models import Customer


class Decision(models.Model):
    """One choice of one policy for one shopper on one surface.

    `items` holds, in order, `{sku, position, score, reason, propensity}`; the propensity is the
    probability of this item at this position given those above it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
    )
    surface = models.SlugField(_("surface"), max_length=50)
    policy = models.CharField(_("policy"), max_length=50)
    policy_version = models.CharField(_("policy version"), max_length=50, blank=True)
    fallback_from = models.CharField(
        _("stood in for"),
        max_length=200,
        blank=True,
        help_text=_("The policy that should have answered, and why it did not."),
    )
    experiment = models.CharField(_("experiment"), max_length=50, blank=True)
    arm = models.CharField(_("arm"), max_length=50, blank=True)
    items = models.JSONField(_("items"), default=list)
    context = models.JSONField(_("context"), default=dict, blank=True)
    latency_ms = models.FloatField(_("milliseconds"), default=0)
    source = models.CharField(
        _("source"), max_length=6, choices=Source.choices, default=Source.LIVE
    )
    original_time = models.DateTimeField(_("original time"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decision log")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-at"], name="decision_of_customer"),
            models.Index(
                fields=["experiment", "arm"], name="decision_of_arm", condition=~Q(experiment="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.surface} {self.at:%Y-%m-%d %H:%M}"


class DecisionDayRollup(models.Model):
    """Decisions of one surface, policy and arm on one day, and what came of them.

    A decision is `seen` when an impression names it and `clicked` when a click does; CTR is
    clicked over seen. Conversions and revenue are purchases attributed to a seen decision.
    """

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    surface = models.SlugField(_("surface"), max_length=50)
    policy = models.CharField(_("policy"), max_length=50)
    experiment = models.CharField(_("experiment"), max_length=50, blank=True)
    arm = models.CharField(_("arm"), max_length=50, blank=True)
    served = models.PositiveIntegerField(_("served"), default=0)
    seen = models.PositiveIntegerField(_("seen"), default=0)
    clicked = models.PositiveIntegerField(_("clicked"), default=0)
    converted = models.PositiveIntegerField(_("converted"), default=0)
    revenue = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2, default=0)
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("decision rollup")
        verbose_name_plural = _("decision rollups")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "source", "surface", "policy", "experiment", "arm"],
                name="one_decision_day_rollup",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.surface} {self.policy}"
