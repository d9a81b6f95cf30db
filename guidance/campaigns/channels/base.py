"""The interface between the outbox and whatever carries messages.

`send` gets a batch and answers each message with one `Outcome`, in the same order, and raises
nothing for what a network or the other side does. It may take as long as its own timeouts allow
for each message. Called again with a message whose outcome is unknown, a channel that says
`is_idempotent` has it arrive once all the same, since the receiver knows the idempotency key; one
that does not must never be given a message again that came back `in_doubt`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, ready to leave: rendered, checked, with its address opened.

    `customer_ref` is the shopper's pseudonym, `headers` such as `List-Unsubscribe` are for
    channels that have headers, `data` is what a machine on the other side may want to know, as
    JSON. `address` is '' where the channel needs none.
    """

    delivery_id: UUID
    idempotency_key: str
    channel: str
    address: str
    customer_ref: str
    language: str
    subject: str
    body: str
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


class Result(StrEnum):
    """What became of a message."""

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message.

    - sent: the other side took it; `provider_id` is its own name for it, where it has one.
    - retry: it was not taken, and may be later; `after` is the seconds to wait, None if nobody
      says. Where the provider asked for them (`is_asked`), it gets nothing else meanwhile either.
    - refused: it will never be taken; `is_bounce` where the address is to blame.
    - in doubt: nobody knows whether it was taken. A person decides; it is not sent again.

    `reason` is a word for programs, `detail` a line for people without the address.
    """

    result: Result
    reason: str = ""
    detail: str = ""
    after: float | None = None
    provider_id: str = ""
    is_bounce: bool = False
    is_asked: bool = False

    @classmethod
    def sent(cls, provider_id: str = "") -> "Outcome":
        return cls(Result.SENT, provider_id=provider_id)

    @classmethod
    def retry(
        cls, reason: str, detail: str = "", after: float | None = None, *, is_asked: bool = True
    ) -> "Outcome":
        return cls(Result.RETRY, reason, detail[:200], after, is_asked=is_asked)

    @classmethod
    def refused(cls, reason: str, detail: str = "", *, is_bounce: bool = False) -> "Outcome":
        return cls(Result.REFUSED, reason, detail[:200], is_bounce=is_bounce)

    @classmethod
    def in_doubt(cls, reason: str, detail: str = "") -> "Outcome":
        return cls(Result.IN_DOUBT, reason, detail[:200])


class Channel(ABC):
    """A way for messages to leave. An instance is one worker's, which closes it in the end.

    Between two batches it may keep a connection and nothing else.
    """

    key: ClassVar[str]
    label: ClassVar[str | Promise]
    # Whether a message needs a contact point of the shopper's.
    needs_address: ClassVar[bool] = True
    # How many are given to it between two writes of what became of them.
    at_once: ClassVar[int] = 1
    # Whether it hands `headers` on; to sign the ways out for nobody would be dear.
    has_headers: ClassVar[bool] = True
    # Of several channels that reach a shopper the lowest is tried first; ours are 10 to 40.
    order: ClassVar[int] = 50
    # Which of the review desk's push messages fit it, by the channel each was written for
    # (`content.models.MessageChannel`), beside the texts written for campaigns.
    push_texts: ClassVar[frozenset[str]] = frozenset()
    # Whether the receiver tells a message sent twice by its idempotency key, and keeps one.
    is_idempotent: ClassVar[bool] = False

    @classmethod
    def is_open(cls) -> bool:
        """Tell whether shoppers can be reached over it now, as the shop set it up."""
        return True

    @property
    def provider(self) -> str:
        """Return who carries its messages now, as limits name it; '' where there is nobody else."""
        return ""

    @abstractmethod
    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        """Send a batch and return an outcome for each message, in their order."""

    def close(self) -> None:  # noqa: B027  most have nothing to close
        """Let go of what is kept between batches."""
