"""What a text is for: of each product, one text is served for each place."""

from dataclasses import fields
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guidance.content.briefs import Brief
from guidance.content.models.kinds import Kind, MessageChannel, Stress

# The fields that make a place: no two texts are served, planned or waiting for the same one.
PLACE = ("product", "kind", "language", "channel", "market", "segment", "variant")
# The main text's variant, and what experiments call it.
MAIN, MAIN_POLICY = "", "main"


class Placed(models.Model):
    """A text's kind and language, the channel that a push goes to, and the text's audience."""

    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=10)
    channel = models.CharField(
        _("channel"),
        max_length=20,
        choices=MessageChannel.choices,
        blank=True,
        default="",
        help_text=_("Where a push message goes; other copy goes to the shop's pages."),
    )
    # The audience: whoever is in both gets this text before one that is written for more people.
    market = models.CharField(
        _("market"),
        max_length=50,
        blank=True,
        default="",
        help_text=_("The key of the market it is written for; empty for all."),
    )
    segment = models.CharField(
        _("segment"),
        max_length=30,
        blank=True,
        default="",
        help_text=_("The membership tier it is written for; empty for everyone."),
    )
    # Another wording for the same readers; who gets it is an experiment's to say.
    variant = models.SlugField(
        _("variant"),
        max_length=20,
        blank=True,
        default=MAIN,
        db_index=False,
        help_text=_("A text to be compared with the main one; empty: the main text."),
    )

    class Meta:
        abstract = True

    def place(self) -> dict[str, Any]:
        """Return the place as fields to filter by or to make a row of."""
        own: Any = self
        return {"product_id": own.product_id} | {name: getattr(own, name) for name in PLACE[1:]}

    def place_of_all(self) -> dict[str, Any]:
        """Return the place without its variant: what the main text and its variants are all for."""
        place = self.place()
        del place["variant"]
        return place

    def place_key(self) -> tuple[Any, ...]:
        """Return the place as `values_list(*PLACE)` does."""
        return tuple(self.place().values())


class Ordered(Placed):
    """A place with what else was asked for of its text."""

    longest = models.PositiveSmallIntegerField(
        _("longest"),
        default=0,
        help_text=_("Characters that a push message may have; 0 for what its channel shows."),
    )

    stress = models.CharField(
        _("stress"),
        max_length=10,
        choices=Stress.choices,
        blank=True,
        default="",
        help_text=_("What it tells first."),
    )

    class Meta:
        abstract = True

    def brief(self) -> Brief:
        """Return what was asked for beyond product, kind and language."""
        return Brief(**{field.name: getattr(self, field.name) for field in fields(Brief)})


def push_names_its_channel(name: str) -> models.CheckConstraint:
    """Return the constraint that a push has a channel, and no other copy has one."""
    return models.CheckConstraint(
        condition=Q(kind=Kind.PUSH) & ~Q(channel="") | ~Q(kind=Kind.PUSH) & Q(channel=""),
        name=name,
    )
