"""How a step chooses among its wordings, and what a bandit learned of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models.campaigns import CampaignStep
from guidance.core.ids import new_id
from guidance.experiments.models.bandits import (
    Learner,
    explores,
    explores_constraint,
    forgets,
    waits,
    waits_constraint,
)


class Why(models.IntegerChoices):
    """Why a shopper gets the wording that they get."""

    ONLY = 0, _("the only wording there is")
    FIXED = 1, _("the wording that everybody gets")
    SHARE = 2, _("by chance, in fixed shares")
    ARM = 3, _("the wording of the shopper's arm")
    STOOD_IN = 4, _("stands in: the wording of the shopper's arm cannot be sent")
    OUTSIDE = 5, _("takes no part in the experiment: the control's wording")
    DRAWN = 6, _("drawn by what the wordings earned so far")


class MessageBandit(Learner):
    """What draws among the wordings of a step, and what it has learned of them.

    Approving a plan approves it: how it draws is part of what was seen. `state` is its policy's
    (`models_ml.policy`), `features` names what its contexts are made of, in their order, and `arms`
    holds, by variant, the texts that its knowledge is about and since when. What waits to be
    learned are the decisions of the log made from `settled_until` on; what was received up to
    `heard_until` is.
    """

    class Method(models.TextChoices):
        BETA_THOMPSON = "beta_thompson", _("as likely as it is the best (Thompson sampling)")
        EPSILON_GREEDY = "epsilon_greedy", _("the best so far, and now and then any")
        LINUCB = "linucb", _("the most promising for this kind of shopper (LinUCB)")
        LINEAR_THOMPSON = (
            "linear_thompson",
            _("as likely as it is the best for this kind of shopper (linear Thompson sampling)"),
        )

    # What makes two bandits of a step different ones: another begins to learn anew.
    SETTINGS = ("method", "reward", "exploration", "window_hours", "half_life_days")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.SlugField(
        _("key"),
        unique=True,
        editable=False,
        help_text=_("What decisions call it, where experiments have theirs."),
    )
    step = models.ForeignKey(
        CampaignStep, verbose_name=_("step"), on_delete=models.CASCADE, related_name="bandits"
    )
    is_current = models.BooleanField(default=True, editable=False)
    method = models.CharField(
        _("how it chooses"), max_length=20, choices=Method.choices, default=Method.BETA_THOMPSON
    )
    exploration = explores(
        default=0.1,
        help_text=_("0.01 to 1: the share of messages drawn evenly, whatever is known."),
    )
    window_hours = waits(
        help_text=_("A message is learned once, when so long has passed. Clicks: at most 24."),
    )
    half_life_days = forgets(
        default=60.0,
        help_text=_("Empty: nothing is forgotten."),
    )
    features = models.JSONField(default=list, editable=False)
    settled_until = models.DateTimeField(_("learned up to"), default=timezone.now, editable=False)
    heard_until = models.DateTimeField(_("corrected up to"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("bandit among wordings of a message")
        verbose_name_plural = _("bandits among wordings of messages")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["step"], condition=Q(is_current=True), name="one_message_bandit_of_a_step"
            ),
            explores_constraint(
                "message_bandit_explores",
                violation_error_message=_("The exploration must lie between 0.01 and 1."),
            ),
            waits_constraint("message_bandit_window"),
        ]

    def __str__(self) -> str:
        return self.key
