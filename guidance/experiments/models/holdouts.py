"""The holdout: shoppers who meet no experiment and no model, to measure all of them together."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.experiments.models.people import when, who


class Holdout(models.Model):
    """A share of the live shoppers, held out on every surface from its start to its end.

    One at a time. Its share and seed never change: another share would move shoppers in or out
    in the middle, so it takes another holdout.
    """

    key = models.SlugField(_("key"), max_length=50, unique=True)
    share = models.DecimalField(
        _("share"),
        max_digits=5,
        decimal_places=4,
        help_text=_("Of all live shoppers: 0.05 holds out one in twenty."),
    )
    seed = models.CharField(
        _("seed"), max_length=100, blank=True, help_text=_("Empty: the key, as usual.")
    )
    is_active = models.BooleanField(_("active"), default=True, editable=False)
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    ended_at = when(_("ended"))
    ended_by = who(_("ended by"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("holdout")
        verbose_name_plural = _("holdouts")
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_holdout"
            ),
            models.CheckConstraint(
                condition=Q(share__gt=0, share__lt=1),
                name="holdout_is_a_share",
                violation_error_message=_("The share must lie between 0 and 1."),
            ),
            models.CheckConstraint(
                condition=Q(is_active=True) | Q(ended_at__isnull=False),
                name="ended_holdout_says_when",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def salt(self) -> str:
        """What its hash is seeded with."""
        return self.seed or self.key
