"""Campaigns: what is said, to whom, when, and what it may cost."""

from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models.audiences import Audience
from guidance.campaigns.models.channels import channel_choices
from guidance.catalog.models import Category, Product
from guidance.content.models import Publication
from guidance.core.validators import validate_time_zone

# The text, the offer's line where there is one, and the way out.
DEFAULT_FRAME = "{text}\n\n{offer}"


class Objective(models.TextChoices):
    """What a campaign is for; its effect is read against it."""

    ORDERS = "orders", _("more orders")
    WIN_BACK = "win_back", _("win shoppers back")
    WELCOME = "welcome", _("welcome new shoppers")
    LOYALTY = "loyalty", _("thank loyal shoppers")
    ANNOUNCE = "announce", _("announce something")


class Purpose(models.TextChoices):
    """What a shopper consents to; transactional messages need no consent and have no cap."""

    MARKETING = "marketing", _("marketing")
    SERVICE = "service", _("service and care")
    TRANSACTIONAL = "transactional", _("transactional")


class Trigger(models.TextChoices):
    """What starts a message to one shopper; a campaign without a trigger is sent by a plan."""

    CART_LEFT = "cart_left", _("a cart was left")
    PRICE_DROPPED = "price_dropped", _("a price dropped")
    BACK_IN_STOCK = "back_in_stock", _("a product is back in stock")
    REPURCHASE_DUE = "repurchase_due", _("a purchase is due again")
    WELCOME = "welcome", _("a shopper is new")
    WIN_BACK = "win_back", _("a shopper has been away")


# What sets these off happens to a product, of which their messages tell.
PRODUCT_TRIGGERS = frozenset(
    {Trigger.CART_LEFT, Trigger.PRICE_DROPPED, Trigger.BACK_IN_STOCK, Trigger.REPURCHASE_DUE}
)


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
    """A named reason to speak to shoppers, with a beginning and an end."""

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
    objective = models.CharField(
        _("objective"), max_length=20, choices=Objective.choices, default=Objective.ORDERS
    )
    purpose = models.CharField(
        _("purpose"), max_length=20, choices=Purpose.choices, default=Purpose.MARKETING
    )
    trigger = models.CharField(
        _("trigger"),
        max_length=20,
        choices=Trigger.choices,
        blank=True,
        default="",
        help_text=_("Empty: sent to its audience by a plan."),
    )
    audience = models.ForeignKey(
        Audience,
        verbose_name=_("audience"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="campaigns",
    )
    rechecks_audience = models.BooleanField(
        _("ask again as messages leave"),
        default=False,
        help_text=_(
            "Who is not in the audience any more when their message leaves gets none, and the plan"
            " says so."
        ),
    )
    products = models.ManyToManyField(
        Product, verbose_name=_("products"), blank=True, related_name="+"
    )
    time_zone = models.CharField(
        _("time zone"), max_length=50, default="UTC", validators=[validate_time_zone]
    )
    send_at = models.TimeField(
        _("send at"),
        default=time(10),
        help_text=_("In the shopper's zone, where it is known; else in the campaign's."),
    )
    at_best_hour = models.BooleanField(
        _("at each shopper's best hour"),
        default=False,
        help_text=_("When a shopper is usually active; the hour above where nobody can tell."),
    )
    quiet_from = models.TimeField(_("quiet from"), default=time(21))
    quiet_until = models.TimeField(_("quiet until"), default=time(9))
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=50,
        validators=[MaxValueValidator(100)],
        help_text=_("0-100: of two campaigns that want one shopper, the higher goes first."),
    )
    holdout_percent = models.PositiveSmallIntegerField(
        _("holdout"),
        default=10,
        validators=[MaxValueValidator(90)],
        help_text=_("Percent of the audience that gets nothing, so that the effect can be read."),
    )
    budget = models.DecimalField(
        _("budget"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    contact_cost = models.DecimalField(
        _("cost of a message"), max_digits=8, decimal_places=4, default=Decimal(0)
    )
    response_value = models.DecimalField(
        _("value of a response"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_(
            "What one response earns. With it, and a model of who is moved, messages that cost"
            " more than they earn are left out, and a budget goes to those who earn most."
        ),
    )
    daily_maximum = models.PositiveIntegerField(_("messages a day at most"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True, editable=False)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("stopped by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = CampaignQuerySet.as_manager()

    # What `selectors.open` found: the offers open to one shopper, and whether there are any at all.
    open_offers: list[Any]
    has_offers: bool

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        permissions = [("stop_campaign", "Can stop campaigns at once")]
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="campaign_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(holdout_percent__lte=90), name="campaign_holdout_at_most_90"
            ),
            models.CheckConstraint(
                condition=Q(budget__isnull=True) | ~Q(currency=""),
                name="campaign_budget_has_a_currency",
            ),
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

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class CampaignStep(models.Model):
    """One of the messages a shopper gets in order; a campaign sent by a plan has one."""

    class Condition(models.TextChoices):
        """What must be true of the shopper when the step is due."""

        ALWAYS = "always", _("always")
        NOT_OPENED = "not_opened", _("the last message was not opened")
        NOT_CLICKED = "not_clicked", _("the last message was not clicked")

    class Exit(models.TextChoices):
        """What ends the sequence for a shopper before a step."""

        PURCHASE = "purchase", _("the shopper bought something")
        VISIT = "visit", _("the shopper came back")
        NEVER = "never", _("nothing")

    class Choosing(models.TextChoices):
        """How a shopper's wording is chosen where there are several."""

        ONE = "one", _("one wording for everybody")
        SHARES = "shares", _("a test in fixed shares, by weight")
        EXPERIMENT = "experiment", _("an experiment")
        BANDIT = "bandit", _("a bandit: what earns more is sent more")

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(_("step"), default=1)
    wait_minutes = models.PositiveIntegerField(
        _("wait"), default=0, help_text=_("Minutes after the trigger or the step before.")
    )
    condition = models.CharField(
        _("only if"), max_length=20, choices=Condition.choices, default=Condition.ALWAYS
    )
    exit_on = models.CharField(
        _("ends when"), max_length=20, choices=Exit.choices, default=Exit.PURCHASE
    )
    choosing = models.CharField(
        _("how wordings are chosen"),
        max_length=10,
        choices=Choosing.choices,
        default=Choosing.SHARES,
    )
    # Of one wording for everybody: which; empty, or where a channel has none such: its first.
    only_variant = models.SlugField(_("the wording"), max_length=20, blank=True, default="")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["campaign", "number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaign_step_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="campaign_step_from_1"),
        ]

    def __str__(self) -> str:
        return gettext("step %(number)d") % {"number": self.number}


class CampaignMessage(models.Model):
    """One wording of a step for a channel and language, out of the review desk's publications."""

    step = models.ForeignKey(CampaignStep, on_delete=models.CASCADE, related_name="messages")
    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    language = models.CharField(_("language"), max_length=10)
    variant = models.SlugField(_("variant"), max_length=20, default="a")
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    publication = models.ForeignKey(
        Publication, verbose_name=_("text"), on_delete=models.PROTECT, related_name="+"
    )
    subject = models.ForeignKey(
        Publication,
        verbose_name=_("subject"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    template = models.TextField(
        _("frame"),
        default=DEFAULT_FRAME,
        help_text=_("Where the text, the offer and the links stand."),
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["step", "channel", "language", "variant"]
        constraints = [
            models.UniqueConstraint(
                fields=["step", "channel", "language", "variant"], name="campaign_message_once"
            ),
            models.CheckConstraint(condition=Q(weight__gte=1), name="campaign_message_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.language}, {self.variant}"
