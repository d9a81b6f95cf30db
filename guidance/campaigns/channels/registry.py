"""Which channels there are; each registers in `AppConfig.ready()` and nowhere else."""

from guidance.campaigns.channels.base import Channel

_channels: dict[str, type[Channel]] = {}


def register_channel(channel: type[Channel]) -> None:
    """Make a channel known by its key; call it in `AppConfig.ready()` only."""
    _channels[channel.key] = channel


def register_own_channels() -> None:
    """Make the channels of this app known."""
    from guidance.campaigns.channels.email import EmailChannel
    from guidance.campaigns.channels.inbox import InboxChannel
    from guidance.campaigns.channels.null import NullChannel
    from guidance.campaigns.channels.webhook import WebhookChannel

    for channel in (EmailChannel, WebhookChannel, InboxChannel, NullChannel):
        register_channel(channel)


def channel_of(key: str) -> Channel:
    """Return a channel, ready for one batch; raises KeyError for one nobody registered."""
    return _channels[key]()


def channels() -> dict[str, type[Channel]]:
    """Return every registered channel by its key."""
    return dict(_channels)
