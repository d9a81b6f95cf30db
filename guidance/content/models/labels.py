"""How each market labels copy, and who took a text over as an editor."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.content import labelling
from guidance.content.labelling import Stage
from guidance.core.models import Market

NEVER_CHANGES = "An editorial take-over never changes."
# Field -> the notice it replaces: its stage, and whether it is the short one.
TEXTS = {
    "machine_text": (Stage.MACHINE, False),
    "edited_text": (Stage.EDITED, False),
    "taken_over_text": (Stage.TAKEN_OVER, False),
    "machine_short": (Stage.MACHINE, True),
    "edited_short": (Stage.EDITED, True),
    "taken_over_short": (Stage.TAKEN_OVER, True),
}
CHINA, EU = labelling.Jurisdiction.CHINA, labelling.Jurisdiction.EU


class LabelPolicy(models.Model):
    """How a market labels AI-written copy; a market without one follows the usual of its language.

    `revision` rises with every change of any market's, so that processes know when to read again.
    """

    class Law(models.TextChoices):
        CHINA = "china", _("China")
        EU = "eu", _("European Union")
        US = "us", _("United States")
        OTHER = "other", _("elsewhere")

    market = models.OneToOneField(
        Market, verbose_name=_("market"), on_delete=models.PROTECT, related_name="label_policy"
    )
    jurisdiction = models.CharField(_("law"), max_length=10, choices=Law.choices)
    is_shown = models.BooleanField(
        _("shoppers see the label"),
        default=True,
        help_text=_("Required in China and in the European Union."),
    )
    drops_after_takeover = models.BooleanField(
        _("no label once an editor takes a text over"),
        default=False,
        help_text=_("Never in China; the European Union allows it (AI Act, article 50)."),
    )
    producer = models.CharField(
        _("content producer"),
        max_length=100,
        blank=True,
        help_text=_("Name or code in the machine-readable label; the writer's name if empty."),
    )
    machine_text = models.CharField(_("written by AI"), max_length=200, blank=True)
    edited_text = models.CharField(_("edited by a person"), max_length=200, blank=True)
    taken_over_text = models.CharField(_("taken over by an editor"), max_length=200, blank=True)
    machine_short = models.CharField(_("written by AI, short"), max_length=30, blank=True)
    edited_short = models.CharField(_("edited by a person, short"), max_length=30, blank=True)
    taken_over_short = models.CharField(
        _("taken over by an editor, short"), max_length=30, blank=True
    )
    revision = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("label policy")
        verbose_name_plural = _("labels")
        ordering = ["market__key"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(jurisdiction__in=[CHINA.value, EU.value]) | Q(is_shown=True),
                name="label_shown_where_required",
            ),
            models.CheckConstraint(
                condition=~Q(jurisdiction=CHINA.value) | Q(drops_after_takeover=False),
                name="label_stays_in_china",
            ),
        ]

    def __str__(self) -> str:
        return str(self.market)

    def clean(self) -> None:
        """Refuse in words what the law of the market does not allow."""
        super().clean()
        wrong: dict[str, Any] = {}
        if not self.is_shown and not labelling.may_hide(self.jurisdiction):
            wrong["is_shown"] = _("This market requires a visible label.")
        may_drop = labelling.may_drop_after_takeover(self.jurisdiction)
        if self.drops_after_takeover and not may_drop:
            wrong["drops_after_takeover"] = _("In China the label stays, whoever edits the text.")
        for name in TEXTS:
            text = getattr(self, name)
            if text and self.jurisdiction == CHINA and not labelling.names_ai(text):
                wrong[name] = _("In China a label must name AI and say that it generated the text.")
        if wrong:
            raise ValidationError(wrong)

    def as_policy(self) -> labelling.Policy:
        """Return the policy in the form that labelling reads."""
        own = ((stage, short, getattr(self, name)) for name, (stage, short) in TEXTS.items())
        return labelling.Policy(
            jurisdiction=labelling.Jurisdiction(self.jurisdiction),
            language=self.market.language,
            is_shown=self.is_shown,
            drops_after_takeover=self.drops_after_takeover,
            producer=self.producer,
            texts=tuple(one for one in own if one[2]),
        )


class EditorialTakeoverQuerySet(models.QuerySet["EditorialTakeover"]):
    def update(self, **kwargs: Any) -> int:
        """Refuse: a take-over never changes."""
        raise TypeError(NEVER_CHANGES)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse: it stays on record."""
        raise TypeError(NEVER_CHANGES)


class EditorialTakeover(models.Model):
    """A person took editorial responsibility for a publication; a row never changes."""

    publication = models.OneToOneField(
        "content.Publication",
        verbose_name=_("publication"),
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="takeover",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("time"), default=timezone.now)
    statement = models.CharField(_("statement"), max_length=500)

    objects = EditorialTakeoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("editorial take-over")
        verbose_name_plural = _("editorial take-overs")
        ordering = ["-at"]

    def __str__(self) -> str:
        return str(self.publication_id)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; raises TypeError for a change."""
        if not self._state.adding:
            raise TypeError(NEVER_CHANGES)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: it stays on record."""
        raise TypeError(NEVER_CHANGES)
