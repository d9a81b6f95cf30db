"""Surfaces: the places of the storefront that ask for recommendations, and the shop's rules."""

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Category, Product
from guidance.experiments.models import Bandit
from guidance.recommendations.health.models import HealthAlert, HealthReport, HealthThreshold

__all__ = ["HealthAlert", "HealthReport", "HealthThreshold", "Rule", "Surface"]

MOST_ITEMS = 100


class Surface(models.Model):
    """One place that shows recommendations, and how it wants them."""

    class Policy(models.TextChoices):
        MODEL = "model", _("promoted model")
        BEST_BASELINE = "best_baseline", _("best baseline")
        CO_OCCURRENCE = "co_occurrence", _("bought together")
        EASE = "ease", _("goes with all they chose (EASE)")
        REPEAT_FREQUENCY = "repeat_frequency", _("bought again and again")
        DUE_AGAIN = "due_again", _("due to be bought again")
        POPULARITY = "popularity", _("popular now")

    class Mixing(models.TextChoices):
        INTEREST = "interest", _("by the shopper's interest")
        FIRST = "first", _("first")
        SPREAD = "spread", _("spread evenly")

    # What fills exploration slots where no bandit does.
    CHANCE = "chance"
    FILLING: tuple[tuple[str, "str | Promise"], ...] = (
        (CHANCE, _("chance, the best more often")),
        *Bandit.Method.choices,
    )

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    limit = models.PositiveSmallIntegerField(
        _("items"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_ITEMS)],
    )
    policy = models.CharField(
        _("policy"), max_length=50, choices=Policy.choices, default=Policy.MODEL
    )
    allow_already_bought = models.BooleanField(_("show what was already bought"), default=True)
    deadline_ms = models.PositiveIntegerField(
        _("deadline (ms)"),
        default=150,
        help_text=_("So long may one policy take; then the next fallback answers."),
    )
    campaign_places = models.PositiveSmallIntegerField(
        _("places for campaigns"),
        default=0,
        help_text=_("So many of the items may be campaigns, offers and member benefits."),
    )
    content_places = models.PositiveSmallIntegerField(
        _("places for content"),
        default=0,
        help_text=_("So many of the items may be published copy or guides."),
    )
    mixing = models.CharField(
        _("campaigns and content stand"),
        max_length=10,
        choices=Mixing.choices,
        default=Mixing.INTEREST,
    )
    exploration = models.FloatField(
        _("exploration"),
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_(
            "0 to 1: at how large a share of the places others than the best may be tried. Chance"
            " chooses among the 50 best; where a bandit fills the slots, it chooses a kind of"
            " product, and chance among the 10 best of that. 0: always the best one."
        ),
    )
    slots_by = models.CharField(
        _("exploration slots are filled by"),
        max_length=20,
        choices=FILLING,
        default=CHANCE,
        help_text=_(
            "Chance, or a bandit that learns which kind of product is worth a try: new ones, those"
            " hardly seen, bestsellers, close ones or further ones. How many slots there are says"
            " exploration."
        ),
    )
    slots_reward = models.CharField(
        _("a slot succeeds by"),
        max_length=10,
        choices=Bandit.Reward.choices,
        default=Bandit.Reward.CLICK,
        help_text=_(
            "For bandits. A click counts within 24 hours and is learned 15 minutes later; a"
            " purchase of the product counts within 24 hours and is learned 36 hours later, when"
            " nightly imports have come. What comes later still corrects what was learned."
        ),
    )
    slots_bandit = models.SlugField(_("bandit of the slots"), blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("surface")
        verbose_name_plural = _("surfaces")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(limit__range=(1, MOST_ITEMS)), name="surface_shows_1_to_100_items"
            ),
            models.CheckConstraint(
                condition=Q(limit__gte=F("campaign_places") + F("content_places")),
                name="surface_has_room_for_kinds",
                violation_error_message=_(
                    "The places for campaigns and content are more than the items."
                ),
            ),
            models.CheckConstraint(
                condition=Q(exploration__range=(0.0, 1.0)), name="surface_exploration_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleQuerySet(models.QuerySet["Rule"]):
    def in_state(self, state: "Rule.State | str") -> "RuleQuerySet":
        """Those that `Rule.state` says this of, now."""
        now = timezone.now()
        over, early = Q(ends_at__lte=now), Q(starts_at__gt=now)
        if state == Rule.State.OVER:
            return self.filter(over)
        open_ones = self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
        if state == Rule.State.OFF:
            return open_ones.filter(is_active=False)
        if state == Rule.State.PLANNED:
            return open_ones.filter(early, is_active=True)
        return open_ones.filter(is_active=True).exclude(early)


def _given(**wanted: bool) -> Q:
    """Return the condition that these columns hold a value, or hold none."""
    return Q(*(Q((f"{name}__isnull", not given)) for name, given in wanted.items()))


def _kind(kind: str, *needs: str, may: tuple[str, ...] = (), target: Q | None = None) -> Q:
    """Return the condition that rows of a kind hold the numbers it needs and no others."""
    numbers = ("position", "factor", "at_most", "percent", "days", "fewer_views_than")
    asked = {name: name in needs for name in numbers if name not in may}
    whole = Q(kind=kind) & _given(**asked)
    return whole & target if target else whole


_NO_TARGET = Q(product=None, category=None, brand="")
_A_TARGET = ~_NO_TARGET


class Rule(models.Model):
    """What a merchandiser decides over a surface's slate, or over all of them, for a while."""

    class Kind(models.TextChoices):
        PIN = "pin", _("pin to a place")
        BOOST = "boost", _("boost or bury")
        BLOCK = "block", _("block")
        QUOTA = "quota", _("quota")
        MIN_MARGIN = "min_margin", _("minimum margin")
        FRESHNESS = "freshness", _("freshness")
        DIVERSITY = "diversity", _("diversity")
        EXPOSURE_FLOOR = "exposure_floor", _("exposure floor")

    class Per(models.TextChoices):
        CATEGORY = "category", _("each category")
        BRAND = "brand", _("each brand")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PLANNED = "planned", _("planned")
        OVER = "over", _("over")
        OFF = "off", _("switched off")

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    surface = models.ForeignKey(
        Surface,
        verbose_name=_("surface"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text=_("Empty: every surface."),
    )
    product = models.ForeignKey(
        Product,
        verbose_name=_("product"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("With all categories below it."),
    )
    brand = models.CharField(_("brand"), max_length=100, blank=True)
    per = models.CharField(_("counted for"), max_length=10, choices=Per.choices, blank=True)
    position = models.PositiveSmallIntegerField(_("place"), null=True, blank=True)
    factor = models.FloatField(_("factor"), null=True, blank=True)
    at_most = models.PositiveSmallIntegerField(_("at most"), null=True, blank=True)
    percent = models.DecimalField(
        _("percent"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    days = models.PositiveSmallIntegerField(_("newer than (days)"), null=True, blank=True)
    fewer_views_than = models.PositiveIntegerField(
        _("fewer views in 30 days than"), null=True, blank=True
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["kind", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="rule_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(category=None, brand="")
                | Q(product=None, brand="")
                | Q(product=None, category=None),
                name="rule_has_one_target_at_most",
            ),
            models.CheckConstraint(
                condition=(
                    _kind("pin", "position", target=_A_TARGET)
                    | _kind("boost", "factor", target=_A_TARGET)
                    | _kind("block", target=_A_TARGET)
                    | _kind("quota", "at_most", target=Q(product=None))
                    | _kind("min_margin", "percent")
                    | _kind("freshness", "days", may=("factor",))
                    | _kind("diversity", "percent", target=_NO_TARGET)
                    | _kind("exposure_floor", "percent", may=("days", "fewer_views_than"))
                ),
                name="rule_has_what_its_kind_needs",
            ),
            models.CheckConstraint(
                condition=(~Q(kind="quota") & Q(per=""))
                | (Q(kind="quota") & ~Q(per="") & _NO_TARGET)
                | (Q(kind="quota", per="") & _A_TARGET),
                name="rule_quota_counts_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(kind="exposure_floor")
                | Q(days__isnull=False)
                | Q(fewer_views_than__isnull=False),
                name="rule_floor_says_for_whom",
            ),
            models.CheckConstraint(
                condition=Q(position=None) | Q(position__range=(1, MOST_ITEMS)),
                name="rule_position_1_to_100",
            ),
            models.CheckConstraint(
                condition=Q(factor=None) | Q(factor__range=(0.01, 100.0)),
                name="rule_factor_within_reason",
            ),
            models.CheckConstraint(
                condition=Q(percent=None) | Q(percent__gt=0, percent__lte=100),
                name="rule_percent_up_to_100",
            ),
            models.CheckConstraint(
                condition=Q(days=None) | Q(days__gt=0), name="rule_days_at_least_1"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> "Rule.State":
        """How the rule stands now; only a running one shapes answers."""
        now = timezone.now()
        if self.ends_at is not None and self.ends_at <= now:
            return self.State.OVER
        if not self.is_active:
            return self.State.OFF
        return self.State.RUNNING if self.runs_at(now) else self.State.PLANNED

    def runs_at(self, moment: datetime) -> bool:
        """Tell whether the rule's schedule covers a moment; whether it is active is not asked."""
        begun = self.starts_at is None or self.starts_at <= moment
        return begun and (self.ends_at is None or self.ends_at > moment)
