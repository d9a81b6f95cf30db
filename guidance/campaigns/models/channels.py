"""Where a message to a shopper can go."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """The ways to reach a shopper; consent and addresses are kept for each."""

    EMAIL = "email", _("e-mail")
    WEBHOOK = "webhook", _("the shop's own sender")
    INBOX = "inbox", _("inbox in the app")
    NULL = "null", _("nowhere (a rehearsal)")


LONGEST_PROVIDER = 100
_others: dict[str, str | Promise] = {}


def name_channel(key: str, label: str | Promise) -> None:
    """Let messages go over a channel that another app brings; the registry of channels calls it."""
    if key not in Channel.values:
        _others[key] = label


def channel_choices() -> list[tuple[str, str | Promise]]:
    """Return every channel there is, and what people call it."""
    return [*Channel.choices, *_others.items()]


class ChannelLimitQuerySet(models.QuerySet["ChannelLimit"]):
    def over(self, channel: str, provider: str) -> "ChannelLimitQuerySet":
        """Those that hold for a channel whose messages a provider carries."""
        return self.filter(channel=channel, provider__in={"", provider})

    def closed(self, at: datetime) -> "ChannelLimitQuerySet":
        """Those that let nothing leave: stopped, or asked by the provider to wait."""
        return self.filter(Q(is_stopped=True) | Q(paused_until__gt=at))


class ChannelLimit(models.Model):
    """How fast a channel may send, whoever carries its messages or over one provider; and whether
    anything leaves at all. Where several rows hold, the strictest does."""

    channel = models.CharField(_("channel"), max_length=20, choices=channel_choices)
    provider = models.CharField(
        _("provider"),
        max_length=LONGEST_PROVIDER,
        blank=True,
        default="",
        help_text=_(
            "Empty: whoever carries the messages. Else that one alone: smtp, a mail provider as"
            " django-anymail calls it, such as sendgrid, or the host of the shop's own sender."
        ),
    )
    per_second = models.PositiveIntegerField(
        _("messages a second at most"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    # A bucket of tokens: what may still be sent at once, as of `refilled_at`.
    tokens = models.FloatField(default=0, editable=False)
    refilled_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_stopped = models.BooleanField(
        _("stopped"), default=False, help_text=_("Nothing leaves over this channel.")
    )
    paused_until = models.DateTimeField(
        _("the provider asked to wait until"), null=True, blank=True, editable=False
    )

    objects = ChannelLimitQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["channel", "provider"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "provider"],
                name="one_limit_of_a_provider",
                violation_error_message=_("There is a limit for this already; change that one."),
            )
        ]

    def __str__(self) -> str:
        channel = str(self.get_channel_display())
        return f"{channel}: {self.provider}" if self.provider else channel


class FrequencyCap(models.Model):
    """How many messages one shopper may get in so many days, across all campaigns."""

    channel = models.CharField(
        _("channel"),
        max_length=20,
        choices=channel_choices,
        blank=True,
        default="",
        help_text=_("Empty: over all channels together."),
    )
    most = models.PositiveSmallIntegerField(_("messages at most"), default=3)
    days = models.PositiveSmallIntegerField(_("in days"), default=7)

    class Meta:
        verbose_name = _("frequency cap")
        verbose_name_plural = _("frequency caps")
        ordering = ["channel", "days"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "days"], name="frequency_cap_once"),
            models.CheckConstraint(
                condition=models.Q(most__gte=1, days__gte=1), name="frequency_cap_positive"
            ),
        ]

    def __str__(self) -> str:
        told = {"most": self.most, "days": self.days, "channel": self.get_channel_display()}
        if not self.channel:
            return gettext("%(most)d in %(days)d days, over all channels") % told
        return gettext("%(most)d in %(days)d days: %(channel)s") % told
