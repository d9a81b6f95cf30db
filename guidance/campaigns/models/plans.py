"""Push plans: for every shopper of an audience a message or why there is none."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models.campaigns import Campaign, CampaignMessage
from guidance.campaigns.models.choosing import Why
from guidance.campaigns.models.offers import Offer
from guidance.core.ids import new_id
from guidance.customers.models import Customer


class Verdict(models.IntegerChoices):
    """What a plan, or the check at sending, decided about one shopper; 0 is a message."""

    SEND = 0, _("gets a message")
    HOLDOUT = 1, _("in the holdout")
    EXPERIMENT = 2, _("held out of everything, to measure all of it")
    NOT_ELIGIBLE = 3, _("the offer is for other tiers")
    NO_ADDRESS = 4, _("no address")
    NO_CONSENT = 5, _("no consent")
    SUPPRESSED = 6, _("unsubscribed")
    BOUNCED = 7, _("the address bounced")
    COMPLAINED = 8, _("complained about messages")
    NO_TEXT = 9, _("no text in the shopper's language")
    CAP = 10, _("had enough messages")
    HIGHER_PRIORITY = 11, _("a campaign of higher priority goes first")
    QUIET_HOURS = 12, _("quiet hours leave no time before the end")
    NOT_MOVED = 13, _("the message would cost more than it moves")
    BUDGET = 14, _("the budget is spent on others")
    ALREADY = 15, _("got this campaign's message already")
    # Only at the moment of sending.
    STOPPED = 20, _("the campaign was stopped")
    NOT_AUDIENCE = 21, _("left the audience")
    OUT_OF_STOCK = 22, _("the product is out of stock")
    PRICE_CHANGED = 23, _("the price told is no longer the price")
    NO_COUPON = 24, _("no coupon is left")
    TEXT_WITHDRAWN = 25, _("the text was withdrawn")
    EXITED = 26, _("what the message is for has happened")
    TOO_LATE = 27, _("the campaign is over")
    GIVEN_UP = 28, _("the channel refused it for good")
    DAILY_MAXIMUM = 29, _("the day's messages were all sent")
    REPLACED = 30, _("the campaign was changed and planned anew")
    SKIPPED = 31, _("this step is for others")
    MERGED = 32, _("the visitor became a customer, who is told instead")


class PushPlan(models.Model):
    """A frozen proposal; who approves it approves its hash, and a change needs a new plan."""

    class State(models.TextChoices):
        BUILDING = "building", _("being worked out")
        FAILED = "failed", _("could not be worked out")
        PROPOSED = "proposed", _("waits for approval")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        SUPERSEDED = "superseded", _("replaced by a newer plan")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="plans"
    )
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.BUILDING
    )
    # The campaign, its audience, messages, offers and caps as they were when it was worked out.
    frozen = models.JSONField(default=dict)
    # By step, the experiment or the bandit that chooses wordings, with all that it knew then.
    choices = models.JSONField(default=dict)
    # How many shoppers each verdict says something of, by its number, and sums of money.
    counts = models.JSONField(default=dict)
    sha256 = models.CharField(_("hash"), max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    built_at = models.DateTimeField(_("worked out"), null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("proposed by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    is_queued = models.BooleanField(default=False, editable=False)
    # The last shopper whose message is in the outbox: where queueing goes on.
    queued_to = models.BigIntegerField(default=0, editable=False)
    # The campaign was stopped after the approval, which ended with that.
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True, editable=False)
    problem = models.TextField(_("problem"), blank=True, default="")

    class Meta:
        verbose_name = _("push plan")
        verbose_name_plural = _("push plans")
        ordering = ["-created_at"]
        permissions = [("approve_pushplan", "Can approve push plans")]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="push_plan_once"),
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(state__in=["building", "proposed"]),
                name="one_open_push_plan",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(state="rejected")
                | ~Q(decided_by=F("proposed_by")),
                name="push_plan_has_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} {self.number}"


class PlanEntry(models.Model):
    """What a plan decided about one shopper.

    A million rows are written in one go: the foreign keys are not checked by the database, which
    would cost more than all the rest; a plan is made of rows that exist and is never changed.
    """

    plan = models.ForeignKey(
        PushPlan, on_delete=models.CASCADE, related_name="entries", db_constraint=False
    )
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
    )
    verdict = models.PositiveSmallIntegerField(_("verdict"), choices=Verdict.choices)
    message = models.ForeignKey(
        CampaignMessage,
        verbose_name=_("message"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    offer = models.ForeignKey(
        Offer,
        verbose_name=_("offer"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    send_at = models.DateTimeField(_("time"), null=True)
    # Of a trigger, when it fired for the shopper; a plan decides about everybody at once.
    fired_at = models.DateTimeField(_("fired"), null=True)
    # How the wording was chosen: the arm, how probable the wording was, why, and of whom (a bit for
    # each feature of the bandit).
    arm = models.CharField(_("arm"), max_length=50, blank=True, default="")
    propensity = models.FloatField(_("propensity"), default=1.0)
    why = models.PositiveSmallIntegerField(
        _("why this wording"), choices=Why.choices, default=Why.ONLY
    )
    context = models.PositiveIntegerField(default=0)
    # As it was then: one that a shopper reached by what the message moved would be an effect of it.
    tier = models.CharField(_("membership tier"), max_length=30, blank=True, default="")
    # The learned segment, as it was then, under the key that rules name it by.
    segment = models.CharField(_("learned segment"), max_length=20, blank=True, default="")
    # Predicted: by how many thousandths a message raises the chance that the shopper responds.
    uplift = models.SmallIntegerField(_("predicted effect"), null=True)

    class Meta:
        verbose_name = _("entry of a plan")
        verbose_name_plural = _("entries of a plan")
        ordering = ["customer_id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "customer"], name="plan_entry_once"),
            models.CheckConstraint(
                condition=~Q(verdict=0) | Q(message__isnull=False, send_at__isnull=False),
                name="plan_entry_sends_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.customer_id}"
