"""Training runs and the model versions they make."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
from guidance.core.models import Job


class TrainingRun(models.Model):
    """One training of one recipe; the job holds its progress, log and lease."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recipe = models.SlugField(_("recipe"), max_length=50)
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
