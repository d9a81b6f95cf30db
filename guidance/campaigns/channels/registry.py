"""Which channels there are; each registers in `AppConfig.ready()` and nowhere else."""

from guidance.campaigns.channels.base import Channel
from guidance.campaigns.models.channels import name_channel

_channels: dict[str, type[Channel]] = {}


def register_channel(channel: type[Channel]) -> None:
    """Make a channel known by its key; call it in `AppConfig.ready()` only.

    From then on messages, caps and limits can be made for it at the desk, and its consents and
    contact points come under its key as those of any other.
    """
    _channels[channel.key] = channel
    name_channel(channel.key, channel.label)


def register_own_channels() -> None:
    """Make the channels of this app known."""
    from guidance.campaigns.channels.email import EmailChannel
    from guidance.campaigns.channels.inbox import InboxChannel
    from guidance.campaigns.channels.null import NullChannel
    from guidance.campaigns.channels.webhook import WebhookChannel

    for channel in (EmailChannel, WebhookChannel, InboxChannel, NullChannel):
        register_channel(channel)


def channel_of(key: str) -> Channel:
    """Return a channel, to be closed by the caller; raises KeyError for one nobody registered."""
    return _channels[key]()


def open_without_address() -> list[str]:
    """Return the channels that reach a shopper now of whom no address is kept."""
    return [key for key, one in _channels.items() if not one.needs_address and one.is_open()]


def channels() -> dict[str, type[Channel]]:
    """Return every registered channel by its key."""
    return dict(_channels)
