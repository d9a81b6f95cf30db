"""How channels and purposes are called to a shopper; one that nobody named goes by its own word."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CHANNELS: dict[str, str | Promise] = {
    "email": _("E-mail"),
    "sms": _("Text message"),
    "push": _("Notification on your phone"),
    "inbox": _("Message in the shop"),
    "webhook": _("Message through the shop's app"),
}
PURPOSES: dict[str, str | Promise] = {
    "marketing": _("Offers, news and reminders"),
    "service": _("News about the service"),
}
# Of each channel a shopper can be reached on, the purpose that is always there to be chosen.
OFFERED_PURPOSE = "marketing"
# What a shopper must be told, such as that an order left: nobody is asked about it.
UNASKED_PURPOSE = "transactional"
# Changed whenever the words of the preference page or of the unsubscribe page are.
WORDS_VERSION = "2026-11"


def channel_name(channel: str) -> str:
    """Return a channel's name in today's language."""
    return str(CHANNELS.get(channel, channel))


def purpose_name(purpose: str) -> str:
    """Return a purpose's name in today's language."""
    return str(PURPOSES.get(purpose, purpose))
