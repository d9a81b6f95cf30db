"""Training runs, the model versions they make, and what asks for the next run by itself."""

from pathlib import Path

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
from guidance.core.models import Job


class TrainingRun(models.Model):
    """One training of one recipe, one search for its settings or one measurement of what its steps
    are worth; the job holds its progress, log and lease.

    `cause` holds the figures behind the trigger; `labels.cause_sentence` puts them into words.
    """

    class Kind(models.TextChoices):
        TRAIN = "train", _("training")
        SEARCH = "search", _("search for settings")
        EFFECTS = "effects", _("measurement of steps")

    class Trigger(models.TextChoices):
        PERSON = "person", _("a person")
        COMMAND = "command", _("a command")
        SCHEDULE = "schedule", _("the schedule")
        GROWTH = "growth", _("growth of the data")
        DRIFT = "drift", _("drift of what comes in")
        QUALITY = "quality", _("loss of quality")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recipe = models.SlugField(_("recipe"), max_length=50)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.TRAIN)
    trigger = models.CharField(
        _("trigger"), max_length=10, choices=Trigger.choices, default=Trigger.COMMAND
    )
    cause = models.JSONField(_("cause"), default=dict, blank=True)
    data_size = models.PositiveBigIntegerField(
        _("events"),
        null=True,
        blank=True,
        help_text=_("How many there were to learn from when it was asked for."),
    )
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    job = models.OneToOneField(
        Job, verbose_name=_("job"), on_delete=models.PROTECT, related_name="training_run"
    )
    report = models.JSONField(_("report"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.recipe} {self.created_at:%Y-%m-%d %H:%M}"


class ModelVersion(models.Model):
    """What a run made: files in a folder, measured, judged by the gate, promoted by a person."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        REFUSED = "refused", _("refused by the gate")
        PROMOTED = "promoted", _("promoted")
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recipe = models.SlugField(_("recipe"), max_length=50)
    number = models.PositiveIntegerField(_("number"))
    run = models.OneToOneField(
        TrainingRun, verbose_name=_("run"), on_delete=models.PROTECT, related_name="version"
    )
    policy = models.CharField(
        _("policy"),
        max_length=50,
        help_text=_("The candidate of the run that serves when this version is promoted."),
    )
    best_baseline = models.CharField(_("best baseline"), max_length=50)
    directory = models.CharField(
        _("folder"), max_length=500, help_text=_("Below the folder of all models.")
    )
    metrics = models.JSONField(_("metrics"), default=dict)
    verdict = models.JSONField(_("gate"), default=dict)
    off_policy = models.JSONField(
        _("estimates from the decision log"), default=dict, blank=True, editable=False
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.CANDIDATE
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    replaced = models.ForeignKey(
        "self",
        verbose_name=_("replaced"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The version that served before; a rollback returns to it."),
    )
    promoted_at = models.DateTimeField(_("promoted"), null=True, blank=True)
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("promoted by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-created_at"]
        permissions = [("promote_modelversion", "Can promote and roll back model versions")]
        constraints = [
            models.UniqueConstraint(fields=["recipe", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["recipe"], condition=Q(status="promoted"), name="one_promoted_version"
            ),
            models.CheckConstraint(
                condition=~Q(policy="model") | Q(verdict__passed=True),
                name="only_a_passed_model_may_serve",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipe} {self.number}"

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return Path(settings.MODEL_DIR) / self.directory


class RetrainingPolicy(models.Model):
    """When a recipe is trained again without anybody asking; a person still promotes.

    An empty threshold switches its trigger off. `params` are the settings in which every training
    differs from the usual ones.
    """

    recipe = models.SlugField(_("recipe"), max_length=50, unique=True, editable=False)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Switched off, only people and commands train.")
    )
    every_days = models.PositiveSmallIntegerField(
        _("every so many days"),
        null=True,
        blank=True,
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("Counted from the last training, whatever asked for it. Empty: no schedule."),
    )
    at_hour = models.PositiveSmallIntegerField(
        _("at this hour"),
        default=3,
        validators=[MaxValueValidator(23)],
        help_text=_("0 to 23, in UTC. A training missed then is made up for later."),
    )
    growth_percent = models.PositiveSmallIntegerField(
        _("when events grew by (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text=_("Since the last training that succeeded. Empty: growth starts none."),
    )
    input_drift = models.FloatField(
        _("when what comes in drifts by"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0.01), MaxValueValidator(10.0)],
        help_text=_(
            "The population stability index: under 0.1 is hardly a change, above 0.25 a large one."
            " Empty: drift starts none."
        ),
    )
    quality_loss_percent = models.PositiveSmallIntegerField(
        _("when quality fell by (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_(
            "CTR of what serves, against the three weeks before, or its NDCG@10, against its own"
            " figure at first. Empty: loss starts none."
        ),
    )
    cooldown_hours = models.PositiveSmallIntegerField(
        _("rest (hours)"),
        default=24,
        validators=[MaxValueValidator(8_784)],
        help_text=_("So long after any training, growth, drift and loss start no other."),
    )
    params = models.JSONField(_("settings"), default=dict, blank=True, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("retraining")
        verbose_name_plural = _("retraining")
        ordering = ["recipe"]
        constraints = [
            models.CheckConstraint(condition=Q(at_hour__lte=23), name="retraining_hour_of_a_day"),
            models.CheckConstraint(
                condition=Q(every_days__isnull=True) | Q(every_days__gte=1),
                name="retraining_every_day_or_more",
            ),
        ]

    def __str__(self) -> str:
        return self.recipe


class DriftReading(models.Model):
    """What was measured at one time: how far inputs moved and how much quality was lost since.

    `measures` is a list of JSON objects as `hooks.DriftMeasure` describes them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recipe = models.SlugField(_("recipe"), max_length=50)
    at = models.DateTimeField(_("time"), default=timezone.now)
    measures = models.JSONField(_("measures"), default=list)

    class Meta:
        verbose_name = _("drift reading")
        verbose_name_plural = _("drift readings")
        ordering = ["-at"]
        indexes = [models.Index(fields=["recipe", "-at"], name="drift_by_time")]

    def __str__(self) -> str:
        return f"{self.recipe} {self.at:%Y-%m-%d %H:%M}"
