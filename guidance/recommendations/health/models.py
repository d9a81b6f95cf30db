"""Reports that were computed, thresholds that people set, alerts and who looked into them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Source
from guidance.core.ids import new_id
from guidance.recommendations.health.measures import DEFAULTS, PROPORTION, Measure


class HealthReport(models.Model):
    """What the decision log and the events said of some days when it was last computed.

    A kept answer, not a count of its own: it is replaced whole by the next computation. `surface`
    and `policy_version` are empty for all; `days` end with `last_day`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(
        _("traffic"), max_length=6, choices=Source.choices, default=Source.LIVE
    )
    surface = models.SlugField(_("surface"), max_length=50, blank=True)
    policy_version = models.CharField(_("model version"), max_length=50, blank=True)
    days = models.PositiveSmallIntegerField(_("days"))
    last_day = models.DateField(_("last day"))
    computed_at = models.DateTimeField(_("computed"), default=timezone.now)
    figures = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("fairness and health")
        verbose_name_plural = _("fairness and health")
        ordering = ["-computed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "surface", "policy_version", "days"],
                name="one_health_report_per_scope",
            )
        ]

    def __str__(self) -> str:
        return f"{self.surface or '*'} {self.last_day} ({self.days})"


class HealthThreshold(models.Model):
    """From which value on a measure is worth a look, and from which it is an alarm."""

    measure = models.CharField(_("measure"), max_length=30, choices=Measure.choices, unique=True)
    look = models.FloatField(_("worth a look from"))
    alarm = models.FloatField(_("alarm from"))
    is_watched = models.BooleanField(_("watched"), default=True)

    class Meta:
        verbose_name = _("health threshold")
        verbose_name_plural = _("health thresholds")
        ordering = ["measure"]
        constraints = [
            models.CheckConstraint(
                condition=Q(look__gte=0, alarm__gte=0), name="health_threshold_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(measure=Measure.LOW_COVERAGE, alarm__lte=models.F("look"))
                | (~Q(measure=Measure.LOW_COVERAGE) & Q(alarm__gte=models.F("look"))),
                name="health_alarm_lies_beyond_look",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_measure_display())

    def clean(self) -> None:
        """Refuse in words what the database refuses: forms leave its constraint out, as they do
        not change the measure."""
        super().clean()
        if self.look is None or self.alarm is None:
            return
        if min(self.look, self.alarm) < 0:
            raise ValidationError(_("A threshold is never below zero."))
        if self.measure == Measure.DISPARATE_EXPOSURE and self.look < PROPORTION:
            raise ValidationError(
                _("Exposure in proportion is 1; a threshold below it would mark every group.")
            )
        known = DEFAULTS.get(self.measure)
        falls = known is not None and known.falls
        if falls and self.alarm > self.look:
            raise ValidationError(
                _("For low coverage the alarm must not lie above what is worth a look.")
            )
        if not falls and self.alarm < self.look:
            raise ValidationError(_("The alarm must not lie below what is worth a look."))


class HealthAlertQuerySet(models.QuerySet["HealthAlert"]):
    def open(self) -> "HealthAlertQuerySet":
        """Those whose value is still beyond its threshold."""
        return self.filter(resolved_at=None)

    def waiting(self) -> "HealthAlertQuerySet":
        """Open ones that nobody has looked into."""
        return self.open().filter(acknowledged_at=None)


class HealthAlert(models.Model):
    """A measure beyond its threshold, from when it was first found until the value is back.

    `subject` says what of: an input, or a group of products; `surface` is empty for all of them.
    """

    class Severity(models.TextChoices):
        LOOK = "look", _("worth a look")
        ALARM = "alarm", _("alarm")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    measure = models.CharField(_("measure"), max_length=30, choices=Measure.choices)
    surface = models.SlugField(_("surface"), max_length=50, blank=True)
    # As long as a category with its kind before it: cut short, two would be one.
    subject = models.CharField(_("of"), max_length=320, blank=True)
    severity = models.CharField(_("severity"), max_length=5, choices=Severity.choices)
    value = models.FloatField(_("value"))
    threshold = models.FloatField(_("threshold"))
    since = models.DateTimeField(_("since"), default=timezone.now)
    evaluated_at = models.DateTimeField(_("last evaluated"), default=timezone.now)
    resolved_at = models.DateTimeField(_("back to normal"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("looked into"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("looked into by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = HealthAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("health alert")
        verbose_name_plural = _("health alerts")
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "surface", "subject"],
                condition=Q(resolved_at=None),
                name="one_open_health_alert",
            )
        ]

    def __str__(self) -> str:
        said = str(self.get_measure_display())
        return f"{said}: {self.subject}" if self.subject else said
