"""The ways a message leaves: one interface for all, and the ways there are.

A channel is a class with a `key` and `send(messages)`, registered in an `AppConfig.ready()` by
`register_channel`. See `base` for what it is given and what it must answer.
"""

from guidance.campaigns.channels.base import Channel, Message, Outcome, Result
from guidance.campaigns.channels.registry import channel_of, channels, register_channel

__all__ = [
    "Channel",
    "Message",
    "Outcome",
    "Result",
    "channel_of",
    "channels",
    "register_channel",
]
