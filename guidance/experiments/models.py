"""Experiments: arms, weights and the life of a test."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Source


class Experiment(models.Model):
    """A split of shoppers between policies on one surface."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")

    key = models.SlugField(_("key"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=200)
    hypothesis = models.TextField(_("hypothesis"), blank=True)
    surface = models.SlugField(_("surface"), max_length=50)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    source = models.CharField(
        _("traffic"),
        max_length=6,
        choices=Source.choices,
        default=Source.LIVE,
        help_text=_("A replay's experiment sees replayed traffic alone."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["surface", "source"],
                condition=Q(status="running"),
                name="one_running_experiment_per_surface",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Arm(models.Model):
    """One arm: the policy its shoppers get, and its share."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="arms")
    key = models.SlugField(_("key"), max_length=50)
    policy = models.CharField(_("policy"), max_length=50)
    weight = models.DecimalField(_("weight"), max_digits=6, decimal_places=4)
    is_control = models.BooleanField(_("control"), default=False)

    class Meta:
        verbose_name = _("arm")
        verbose_name_plural = _("arms")
        ordering = ["experiment_id", "-is_control", "key"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "key"], name="arm_key_once"),
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=1), name="arm_weight_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.key
