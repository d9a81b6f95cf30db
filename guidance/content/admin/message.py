"""How a push looks where it arrives, and how much of it is shown there."""

from dataclasses import dataclass

from guidance.content.models import Draft, MessageChannel
from models_ml.writer.checks.lengths import CHANNELS, Length, message_limits

# What a channel's messages look like; all others are a card on a locked screen.
SHAPES = {
    MessageChannel.SMS: "bubble",
    MessageChannel.EMAIL_SUBJECT: "subject",
    MessageChannel.WEB_PUSH: "corner",
}


@dataclass(frozen=True)
class ShownMessage:
    """A push as its channel shows it.

    `body` is what is seen at first and `rest` what the channel leaves out until somebody opens it.
    """

    shape: str
    title: str
    body: str
    rest: str
    size: int
    limits: Length


def shown_message(draft: Draft, text: str | None = None) -> ShownMessage | None:
    """Return how a draft's text, or `text` in its place, is shown; None where it is no push.

    A text of two lines brings its own title; any other is shown under the product's.
    """
    if not draft.channel:
        return None
    text = (draft.text if text is None else text).strip()
    title, body = "", text
    if CHANNELS[draft.channel, draft.language].title is not None:
        own, newline, below = text.partition("\n")
        title = own.strip() if newline else draft.product.title_in(draft.language)
        body = below.strip() if newline else text
    limits = message_limits(draft.channel, draft.language, longest=draft.longest, text=text)
    return ShownMessage(
        shape=SHAPES.get(MessageChannel(draft.channel), "card"),
        title=title,
        body=body[: limits.usual],
        rest=body[limits.usual :],
        size=len(body),
        limits=limits,
    )
