"""Metrics: what is counted of a shopper, over what, and which direction is better."""

from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Event
from guidance.core.validators import validate_time_zone

LONGEST_WINDOW = 90


class MetricQuerySet(models.QuerySet["Metric"]):
    def current(self) -> "MetricQuerySet":
        """The newest version of each."""
        return self.filter(is_current=True)


class Metric(models.Model):
    """One figure of an arm, counted shopper by shopper in whole numbers.

    A version that an approved experiment uses never changes: an edit makes the next one, and
    experiments keep the version that they were approved with.
    """

    class Kind(models.TextChoices):
        PROPORTION = "proportion", _("share of shoppers")
        MEAN = "mean", _("mean per shopper")
        REVENUE = "revenue", _("money per shopper")
        RATIO = "ratio", _("ratio of two counts")
        QUANTILE = "quantile", _("quantile")

    class Counted(models.TextChoices):
        EVENTS = "events", _("events of the shopper after the first decision")
        SERVED = "served", _("decisions served")
        STOOD_IN = "stood_in", _("decisions answered by a fallback")
        SEEN = "seen", _("decisions seen")
        CLICKED = "clicked", _("decisions seen and clicked")
        IMPRESSIONS = "impressions", _("impressions")
        CLICKS = "clicks", _("clicks")
        RATINGS = "ratings", _("ratings of decisions")
        STARS = "stars", _("stars given to decisions")
        THUMBS_UP = "thumbs_up", _("ratings of 4 and 5 stars")
        LATENCY = "latency_us", _("milliseconds taken to decide")

    class Worth(models.TextChoices):
        COUNT = "count", _("one each")
        QUANTITY = "quantity", _("pieces")
        MONEY = "money", _("money")

    class Denominator(models.TextChoices):
        EXPOSED = "exposed", _("shoppers exposed")
        SAW = "saw", _("shoppers who saw a decision")
        SERVED = "served", _("decisions served")
        TIMED = "timed", _("decisions with a measured time")
        SEEN = "seen", _("decisions seen")
        RATINGS = "ratings", _("ratings of decisions")
        EVENTS = "events", _("other events in the same days")

    class Direction(models.TextChoices):
        UP = "up", _("more is better")
        DOWN = "down", _("less is better")

    class Role(models.TextChoices):
        GOAL = "goal", _("goal")
        GUARDRAIL = "guardrail", _("guardrail")

    # Denominators that are shoppers; every other divides one sum by another.
    OF_SHOPPERS: ClassVar = frozenset({Denominator.EXPOSED, Denominator.SAW})
    # What makes two versions of a metric different ones.
    SAID: ClassVar = (
        *("name", "kind", "counted", "event_kinds", "worth", "denominator", "base_kinds"),
        *("window_days", "returns_days", "currency", "time_zone", "cap", "direction", "role"),
        "quantile",
    )

    key = models.SlugField(_("key"), max_length=50)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    is_current = models.BooleanField(_("newest"), default=True, editable=False)
    is_ready_made = models.BooleanField(_("ready-made"), default=False, editable=False)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    counted = models.CharField(
        _("counted"), max_length=12, choices=Counted.choices, default=Counted.EVENTS
    )
    event_kinds = models.JSONField(_("events"), default=list, blank=True)
    worth = models.CharField(
        _("counted as"), max_length=8, choices=Worth.choices, default=Worth.COUNT
    )
    denominator = models.CharField(
        pgettext_lazy("divided by", "over"),
        max_length=8,
        choices=Denominator.choices,
        default=Denominator.EXPOSED,
    )
    quantile = models.DecimalField(
        _("quantile"),
        max_digits=3,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal("0.99"))],
        help_text=_("0.5 is the median, 0.95 what only one in twenty exceeds."),
    )
    base_kinds = models.JSONField(_("over these events"), default=list, blank=True)
    window_days = models.PositiveSmallIntegerField(
        _("days after the first decision"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WINDOW)],
        help_text=_("An event later than this is nobody's doing."),
    )
    returns_days = models.PositiveSmallIntegerField(
        _("days for returns"),
        default=0,
        validators=[MaxValueValidator(LONGEST_WINDOW)],
        help_text=_("Returns of what was bought are taken off for so many more days; 0: never."),
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        help_text=_(
            "Of money, empty: the default market's. What was paid in another one is not counted."
        ),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=50,
        blank=True,
        validators=[validate_time_zone],
        help_text=_(
            "In which its days begin, such as Asia/Shanghai; empty: the default market's. How long "
            "after the first decision it counts is so many times 24 hours in every zone."
        ),
    )
    cap = models.DecimalField(
        _("most per shopper"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("A shopper above it counts as this much, so that one cannot decide alone."),
    )
    direction = models.CharField(
        _("better"), max_length=4, choices=Direction.choices, default=Direction.UP
    )
    role = models.CharField(_("usually"), max_length=9, choices=Role.choices, default=Role.GOAL)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = MetricQuerySet.as_manager()

    class Meta:
        verbose_name = _("metric")
        verbose_name_plural = _("metrics")
        ordering = ["-is_ready_made", "key", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="metric_version_once"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(is_current=True), name="one_current_metric_version"
            ),
        ]

    def __str__(self) -> str:
        return self.title if self.is_current else f"{self.title} (v{self.version})"

    @property
    def title(self) -> str:
        """Its name; of a ready-made one in the reader's language."""
        return gettext(self.name) if self.is_ready_made else self.name

    @property
    def less_is_better(self) -> bool:
        return self.direction == self.Direction.DOWN

    @property
    def is_over_events(self) -> bool:
        """Whether events of the shopper are counted, in a window after the first decision."""
        return self.counted == self.Counted.EVENTS

    @property
    def is_of_shoppers(self) -> bool:
        return self.denominator in self.OF_SHOPPERS

    @property
    def is_quantile(self) -> bool:
        return self.kind == self.Kind.QUANTILE

    @property
    def is_share(self) -> bool:
        """Whether its value lies between 0 and 1, and is told in per cent."""
        parts = {self.Counted.CLICKED, self.Counted.SEEN, self.Counted.STOOD_IN}
        of_decisions = self.counted in parts and self.denominator in {"served", "seen"}
        return (
            self.kind == self.Kind.PROPORTION
            or of_decisions
            or (self.counted == self.Counted.THUMBS_UP and self.denominator == "ratings")
        )

    @property
    def is_stars(self) -> bool:
        return self.counted == self.Counted.STARS and not self.is_of_shoppers

    @property
    def is_time(self) -> bool:
        return self.counted == self.Counted.LATENCY

    @property
    def is_money(self) -> bool:
        return self.is_over_events and self.worth == self.Worth.MONEY

    @property
    def is_cases(self) -> bool:
        """Whether it counts cases, of which there can be too few to compare."""
        return not self.is_money and self.counted not in {self.Counted.STARS, self.Counted.LATENCY}

    @property
    def scale(self) -> int:
        """How many of the whole numbers kept make one: cents, microseconds."""
        if self.is_money:
            return 100
        return 1_000 if self.counted == self.Counted.LATENCY else 1

    @property
    def whole_cap(self) -> int:
        """The cap in the whole numbers kept, 0 for none."""
        return 0 if self.cap is None else int(self.cap * self.scale)

    @property
    def maturity(self) -> timedelta:
        """How long after a shopper's first decision the shopper's part can still change."""
        if not self.is_over_events:
            return timedelta(0)
        return timedelta(days=self.window_days + self.returns_days)

    def clean(self) -> None:
        """Refuse what would give a number that only looks right."""
        problems: dict[str, str] = {}
        known = set(Event.Kind.values)
        over_events = self.denominator == self.Denominator.EVENTS
        for field, needed in (("event_kinds", self.is_over_events), ("base_kinds", over_events)):
            kinds = getattr(self, field)
            if needed and not kinds:
                problems[field] = gettext("Choose at least one kind of event.")
            elif not isinstance(kinds, list) or not set(kinds) <= known:
                problems[field] = gettext("There is no such kind of event.")
        if self.is_quantile != (self.quantile is not None):
            problems["quantile"] = gettext("A quantile says which, and only a quantile does.")
        over_decisions = self.is_time and self.denominator == self.Denominator.TIMED
        if self.is_quantile:
            if not (self.is_over_events and self.is_of_shoppers) and not over_decisions:
                problems["denominator"] = gettext(
                    "A quantile is of what shoppers did, over shoppers, or of the time taken, over"
                    " decisions with a measured time."
                )
        elif (self.kind == self.Kind.RATIO) == self.is_of_shoppers:
            problems["denominator"] = gettext(
                "A ratio is over decisions, ratings or events; every other kind is over shoppers."
            )
        elif self.is_over_events != over_events and not self.is_of_shoppers:
            problems["denominator"] = gettext(
                "Events are counted over shoppers or other events, decisions over decisions."
            )
        is_free = self.kind == self.Kind.RATIO or self.is_quantile
        if (self.kind == self.Kind.REVENUE) != self.is_money and not is_free:
            problems["worth"] = gettext("Money per shopper, and only that, counts money.")
        if self.kind == self.Kind.RATIO and self.is_money:
            problems["worth"] = gettext("A ratio counts events or pieces, not money.")
        if self.returns_days and not self.is_money:
            problems["returns_days"] = gettext("Only money is netted of returns.")
        if self.cap is not None and self.kind not in (self.Kind.MEAN, self.Kind.REVENUE):
            problems["cap"] = gettext("Only a mean or money per shopper can be capped.")
        elif self.cap is not None and not self.whole_cap:
            problems["cap"] = gettext("Nobody would count; leave it empty for no cap.")
        elif self.cap is not None and self.cap * self.scale != self.whole_cap:
            problems["cap"] = gettext("What is counted is whole: give a whole number.")
        if problems:
            raise ValidationError(problems)
