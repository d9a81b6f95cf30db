"""The outbox: every message that was approved, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models.campaigns import Campaign, CampaignMessage
from guidance.campaigns.models.channels import channel_choices
from guidance.campaigns.models.choosing import Why
from guidance.campaigns.models.offers import Coupon, Offer
from guidance.campaigns.models.plans import PushPlan, Verdict
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.customers.models import Customer


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def open(self) -> "DeliveryQuerySet":
        """Those that are not decided yet."""
        return self.filter(state__in=[Delivery.State.WAITING, Delivery.State.SENDING])


class Delivery(models.Model):
    """One message to one shopper. Its id is the receiver's idempotency key and, once it is sent,
    the id of its decision, so that opens, clicks and purchases find it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits to leave")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("cancelled")
        IN_DOUBT = "in_doubt", _("in doubt")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="deliveries"
    )
    plan = models.ForeignKey(
        PushPlan,
        verbose_name=_("push plan"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
    )
    step = models.PositiveSmallIntegerField(_("step"), default=1)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.CASCADE,
        related_name="deliveries",
    )
    # Which time the campaign speaks to this shopper: the plan's number or the trigger's event.
    occurrence = models.CharField(_("occasion"), max_length=60, default="")
    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    message = models.ForeignKey(
        CampaignMessage, verbose_name=_("message"), on_delete=models.PROTECT, related_name="+"
    )
    offer = models.ForeignKey(
        Offer,
        verbose_name=_("offer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    # Of a trigger, the product that set it off, and what it cost then where its price did.
    product = models.ForeignKey(
        Product,
        verbose_name=_("product"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    promised_price = models.DecimalField(
        _("price then"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    coupon = models.ForeignKey(
        Coupon,
        verbose_name=_("coupon"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # The experiment or bandit that chose the wording, its arm, and the rest as in a plan's entry.
    experiment = models.CharField(_("experiment"), max_length=50, blank=True, default="")
    arm = models.CharField(_("arm"), max_length=50, blank=True, default="")
    propensity = models.FloatField(_("propensity"), default=1.0)
    why = models.PositiveSmallIntegerField(
        _("why this wording"), choices=Why.choices, default=Why.ONLY
    )
    context = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    reason = models.PositiveSmallIntegerField(
        _("reason"), choices=Verdict.choices, default=Verdict.SEND
    )
    detail = models.CharField(_("what the channel said"), max_length=200, blank=True, default="")
    due_at = models.DateTimeField(_("leaves at"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    # Set before the message leaves, where the channel cannot tell a second time from the first.
    handed_at = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        permissions = [("settle_delivery", "Can settle deliveries in doubt")]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "step", "customer", "occurrence"], name="delivery_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(reason=0),
                name="delivery_cancelled_for_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_sometime"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at", "id"],
                condition=Q(state="waiting"),
                name="delivery_waiting",
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state="sending"), name="delivery_sending"
            ),
            models.Index(fields=["customer", "sent_at"], name="delivery_of_customer"),
            models.Index(fields=["plan", "state", "reason"], name="delivery_of_plan"),
        ]

    def __str__(self) -> str:
        return str(self.id)
