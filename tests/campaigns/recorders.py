"""A channel that keeps what it was given and answers as a test tells it."""

from collections.abc import Sequence
from typing import ClassVar

from guidance.campaigns.channels import Channel, Message, Outcome
from guidance.campaigns.models import (
    PushPlan,
)
from guidance.campaigns.selectors.deliveries import outbox_of


class Recorder(Channel):
    """Answers as a test tells it, and keeps what it was given."""

    key = "null"
    label = "recorder"
    at_once = 50
    needs_address = False
    is_idempotent = True
    answers: ClassVar[list[Outcome]] = []
    got: ClassVar[list[Message]] = []

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        self.got.extend(messages)
        return [self.answers.pop(0) if self.answers else Outcome.sent() for _one in messages]


class Careless(Recorder):
    """A receiver that cannot tell a second copy, as over SMTP."""

    is_idempotent = False


def states(plan: PushPlan) -> dict[tuple[str, int], int]:
    return dict(outbox_of(plan))
