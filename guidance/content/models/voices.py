"""How the shop writes: a style guide per language in versions, and its words for things."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
from models_ml.writer.facts import LANGUAGES
from models_ml.writer.terms import fold
from models_ml.writer.voice import AMERICAN, BRITISH, FAMILIAR, POLITE, changes_facts

NAMES = {"en": _("English"), "zh-hans": _("Simplified Chinese")}
LANGUAGE_CHOICES = [(language, NAMES.get(language, language)) for language in LANGUAGES]


def lines_of(text: str) -> list[str]:
    """Return what a field holds that has one entry a line."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


class StyleGuide(models.Model):
    """One version of how the shop writes in a language; at most one is in use.

    A version never changes: a change is another version.
    """

    class Address(models.TextChoices):
        POLITE = POLITE, _("您, polite")
        FAMILIAR = FAMILIAR, _("你, familiar")

    class Spelling(models.TextChoices):
        BRITISH = BRITISH, _("British")
        AMERICAN = AMERICAN, _("American")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES)
    number = models.PositiveIntegerField(_("version"), default=0, editable=False)
    tone = models.CharField(
        _("tone"),
        max_length=300,
        blank=True,
        help_text=_("For language models: warm and brief, for people who cook every day."),
    )
    do = models.TextField(
        _("do"), max_length=2_000, blank=True, help_text=_("For language models, one a line.")
    )
    dont = models.TextField(
        _("do not"), max_length=2_000, blank=True, help_text=_("For language models, one a line.")
    )
    address = models.CharField(
        _("form of address"),
        max_length=10,
        choices=Address.choices,
        blank=True,
        help_text=_("In Chinese only."),
    )
    spelling = models.CharField(
        _("spelling"),
        max_length=10,
        choices=Spelling.choices,
        blank=True,
        help_text=_("In English only."),
    )
    description_longest = models.PositiveSmallIntegerField(
        _("longest description"),
        null=True,
        blank=True,
        help_text=_("Words, or characters in Chinese."),
    )
    short_longest = models.PositiveSmallIntegerField(
        _("longest short description"),
        null=True,
        blank=True,
        help_text=_("Words, or characters in Chinese."),
    )
    is_active = models.BooleanField(_("in use"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        verbose_name = _("style guide")
        verbose_name_plural = _("style guides")
        ordering = ["language", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["language", "number"], name="style_guide_version_once"),
            models.UniqueConstraint(
                fields=["language"], condition=Q(is_active=True), name="one_style_guide_in_use"
            ),
            models.CheckConstraint(
                condition=Q(address="") | Q(language__startswith="zh"),
                name="address_is_chinese",
            ),
            models.CheckConstraint(
                condition=Q(spelling="") | Q(language="en"), name="spelling_is_english"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_language_display()} {self.number}"

    def clean(self) -> None:
        """Refuse in words what makes no sense in the language."""
        super().clean()
        if self.address and not self.language.startswith("zh"):
            raise ValidationError({"address": _("Only Chinese has this choice.")})
        if self.spelling and self.language != "en":
            raise ValidationError({"spelling": _("Only English has this choice.")})


class GlossaryTerm(models.Model):
    """How the shop calls one thing in a language."""

    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES)
    term = models.CharField(_("term"), max_length=60)
    preferred = models.CharField(
        _("say"),
        max_length=60,
        blank=True,
        help_text=_("What the shop says instead of the term and of the forbidden words."),
    )
    forbidden = models.TextField(
        _("never say"),
        max_length=2_000,
        blank=True,
        help_text=_("Words that no text may use, one a line; whoever wrote it, a check refuses."),
    )
    never_translated = models.BooleanField(
        _("never translated or changed"), default=False, help_text=_("Names, for example.")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("glossary term")
        verbose_name_plural = _("glossary")
        ordering = ["language", "term"]
        constraints = [
            models.UniqueConstraint(fields=["language", "term"], name="one_entry_per_term")
        ]

    def __str__(self) -> str:
        return self.term

    def clean(self) -> None:
        """Refuse an entry that says nothing, contradicts itself, or would change what texts claim.

        "silk" for "cotton" is no choice of words.
        """
        super().clean()
        self.term, self.preferred = (" ".join(one.split()) for one in (self.term, self.preferred))
        words = lines_of(self.forbidden)
        self.forbidden = "\n".join(words)
        wrong: dict[str, Any] = {}
        if not (self.preferred or words or self.never_translated):
            wrong["preferred"] = _("Say what to write instead, what never, or that it stays.")
        if self.never_translated and self.preferred:
            wrong["preferred"] = _("What is never changed has no other word.")
        if any(fold(word) == fold(self.preferred or self.term) for word in words):
            wrong["forbidden"] = _("This forbids the shop's own word.")
        if any(len(word) > 60 for word in words):
            wrong["forbidden"] = _("A word has at most 60 characters.")
        for old in (self.term, *words) if self.preferred else ():
            if changes_facts(old, self.preferred):
                wrong["preferred"] = _(
                    "“%(new)s” instead of “%(old)s” would change what a text claims."
                ) % {"new": self.preferred, "old": old}
        if wrong:
            raise ValidationError(wrong)
