"""Bandits that choose among the live wordings of one place, on one surface."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.content.models.publications import PublishedCopy
from guidance.core.ids import new_id
from guidance.experiments.models.bandits import (
    Bandit,
    Learner,
    explores,
    explores_constraint,
    forgets,
    waits,
    waits_constraint,
)


class CopyBandit(Learner):
    """What chooses among a main text and its variants, and what it has learned.

    `state` is its policy's (`models_ml.policy`), '{}' until it runs; `features` names what it tells
    shoppers apart by, in the order of its contexts, [] for a method that looks at nobody; `arms`
    holds, by wording, the publication that its knowledge is about and since when. What waits to be
    learned are the decisions of the log made from `settled_until` on; no counts are kept beside the
    log. What was received up to `heard_until` is in what was learned, however late it came.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for approval")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")

    Method = Bandit.Method

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.SlugField(
        _("key"),
        unique=True,
        editable=False,
        help_text=_("What decisions call it, where experiments have theirs."),
    )
    main = models.ForeignKey(
        PublishedCopy, verbose_name=_("main text"), on_delete=models.PROTECT, related_name="bandits"
    )
    surface = models.SlugField(
        _("surface"),
        max_length=50,
        help_text=_("As the storefront calls it when it asks for copy."),
    )
    method = models.CharField(
        _("how it chooses"),
        max_length=20,
        choices=Bandit.Method.choices,
        default=Bandit.Method.BETA_THOMPSON,
    )
    exploration = explores(
        default=0.05,
        help_text=_("0.01 to 1: the share of decisions drawn evenly, whatever is known."),
    )
    window_hours = waits(
        help_text=_(
            "A shopper's first sight of a wording on a day is learned when so long has passed, and"
            " 15 minutes more for clicks or 36 hours more for purchases, which nightly imports"
            " bring. Clicks: at most 24."
        ),
    )
    half_life_days = forgets(
        default=30.0,
        help_text=_("Empty: nothing is forgotten."),
    )
    features: "models.JSONField[Any, Any]" = models.JSONField(
        _("what it knows of shoppers"), default=list, editable=False
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.WAITING
    )
    settled_until = models.DateTimeField(_("learned up to"), null=True, editable=False)
    heard_until = models.DateTimeField(_("corrected up to"), null=True, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked for by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("stopped by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)

    class Meta:
        verbose_name = _("choice among wordings")
        verbose_name_plural = _("choices among wordings")
        ordering = ["-requested_at", "-id"]
        permissions = [("approve_copybandit", "Can approve choices among wordings")]
        constraints = [
            models.UniqueConstraint(
                fields=["main", "surface"],
                condition=~Q(status="stopped"),
                name="one_copy_bandit_on_a_surface",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("requested_by")),
                name="copy_bandit_has_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(status="running")
                | Q(approved_by__isnull=False, settled_until__isnull=False),
                name="copy_bandit_runs_once_approved",
            ),
            explores_constraint("copy_bandit_explores"),
            waits_constraint("copy_bandit_window"),
        ]

    def __str__(self) -> str:
        return self.key
