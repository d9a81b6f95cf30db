"""The channel to nowhere: for rehearsals and for measuring everything else."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from guidance.campaigns.channels.base import Channel, Message, Outcome
from guidance.content.models import MessageChannel


class NullChannel(Channel):
    """Says of every message that it was sent, and sends none."""

    key = "null"
    label = _("nowhere (a rehearsal)")
    order = 40
    push_texts = frozenset(MessageChannel) - {MessageChannel.EMAIL_SUBJECT}
    needs_address = False
    at_once = 500
    has_headers = False
    is_idempotent = True

    @classmethod
    def is_open(cls) -> bool:
        return False

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return [Outcome.sent()] * len(messages)
