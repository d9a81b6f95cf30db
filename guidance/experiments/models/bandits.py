"""Bandits: what chooses among a few arms of one place, and learns from what came of it."""

from datetime import timedelta
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
from guidance.experiments.models.people import when, who

# Clicks count for a day, purchases for a week: see `decisions.attribution`.
LONGEST_CLICK_HOURS, LONGEST_HOURS = 24, 168
# Below it an arm once given up would hardly be tried again.
LEAST_EXPLORATION = 0.01


class Reward(models.TextChoices):
    """What counts as a success of an arm."""

    CLICK = "click", _("a click")
    PURCHASE = "purchase", _("a purchase")


class Learner(models.Model):
    """What every kind of bandit has: what it is after, how long it waits, and what it knows."""

    Reward = Reward

    reward = models.CharField(
        _("what counts as a success"), max_length=10, choices=Reward.choices, default=Reward.CLICK
    )
    state: "models.JSONField[Any, Any]" = models.JSONField(default=dict, editable=False)
    arms: "models.JSONField[Any, Any]" = models.JSONField(default=dict, editable=False)
    window_hours: "models.PositiveSmallIntegerField[Any, Any]"

    class Meta:
        abstract = True

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_hours)


def explores(**given: Any) -> "models.FloatField[Any, Any]":
    """Return the field of the share that is drawn evenly."""
    bounds = [MinValueValidator(LEAST_EXPLORATION), MaxValueValidator(1.0)]
    return models.FloatField(_("exploration"), validators=bounds, **given)


def waits(**given: Any) -> "models.PositiveSmallIntegerField[Any, Any]":
    """Return the field of the hours in which a success counts."""
    bounds = [MinValueValidator(1), MaxValueValidator(LONGEST_HOURS)]
    return models.PositiveSmallIntegerField(
        _("waits for a success (hours)"), default=24, validators=bounds, **given
    )


def forgets(**given: Any) -> "models.FloatField[Any, Any]":
    """Return the field of the days in which what is known counts half; none for never."""
    bounds = [MinValueValidator(0.1), MaxValueValidator(3650)]
    return models.FloatField(
        _("forgets half in (days)"), null=True, blank=True, validators=bounds, **given
    )


def explores_constraint(name: str, **given: Any) -> models.CheckConstraint:
    """Return the database's word on the share that is drawn evenly."""
    bounds = Q(exploration__range=(LEAST_EXPLORATION, 1.0))
    return models.CheckConstraint(condition=bounds, name=name, **given)


def waits_constraint(name: str) -> models.CheckConstraint:
    """Return the database's word on the hours in which a success counts."""
    return models.CheckConstraint(
        condition=Q(window_hours__range=(1, LONGEST_HOURS))
        & (~Q(reward="click") | Q(window_hours__lte=LONGEST_CLICK_HOURS)),
        name=name,
        violation_error_message=_("Clicks count for 24 hours and purchases for 168 at most."),
    )


class Bandit(Learner):
    """One choice, named by `key`, that any app may have made among arms it names itself.

    `state` is that of its policy (`models_ml.policy`); `arms` holds, by arm, since when its
    knowledge counts. `trials` names who reads its trials (`experiments.hooks`). Decisions made from
    `settled_until` on are not learned yet, and what was received up to `heard_until` is.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")

    class Method(models.TextChoices):
        FIXED = "fixed", _("evenly, learning nothing")
        EPSILON_GREEDY = "epsilon_greedy", _("the best so far, and now and then any")
        BETA_THOMPSON = "beta_thompson", _("as likely as it is the best (Thompson sampling)")
        LINUCB = "linucb", _("by the shopper, what may be best (LinUCB)")
        LINEAR_THOMPSON = (
            "linear_thompson",
            _("by the shopper, as likely as it is the best (linear Thompson sampling)"),
        )

    SETTINGS = ("surface", "method", "reward", "exploration", "window_hours", "half_life_days")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.SlugField(_("key"), unique=True)
    surface = models.SlugField(_("surface"), max_length=50)
    method = models.CharField(
        _("how it chooses"), max_length=20, choices=Method.choices, default=Method.BETA_THOMPSON
    )
    exploration = explores(default=0.05)
    window_hours = waits()
    half_life_days = forgets(default=30.0)
    features: "models.JSONField[Any, Any]" = models.JSONField(
        _("what it knows of shoppers"), default=list, blank=True
    )
    trials = models.SlugField(_("trials"), default="decisions", editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.RUNNING
    )
    settled_until = models.DateTimeField(_("learned up to"), default=timezone.now, editable=False)
    heard_until = models.DateTimeField(_("corrected up to"), default=timezone.now, editable=False)
    opened_by = who(_("opened by"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    stopped_by = who(_("stopped by"))
    stopped_at = when(_("stopped"))

    class Meta:
        verbose_name = _("bandit")
        verbose_name_plural = _("bandits")
        ordering = ["-opened_at", "-id"]
        constraints = [
            explores_constraint("bandit_explores"),
            waits_constraint("bandit_window"),
            models.CheckConstraint(
                condition=Q(status="running", stopped_at__isnull=True)
                | Q(status="stopped", stopped_at__isnull=False),
                name="bandit_is_stopped_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.key
