"""Background tasks of campaigns."""

from guidance.campaigns.services import delivering, learning, queueing, scoring, triggering


def deliver(channel: str) -> int:
    """Send what is due over a channel, and return how many messages left.

    What is left when the time of a task is up is another task's.
    """
    told = delivering.deliver_due(channel=channel)
    if told.has_more:
        delivering.enqueue(channel)
    return told.sent


def sweep_deliveries() -> int:
    """Find what dead workers held, and have every channel send what is due."""
    queueing.requeue_unfinished()
    return delivering.sweep_deliveries()


def fire_triggers() -> int:
    """Queue a message for each new occasion of the approved triggers."""
    return triggering.fire_triggers()


def refresh_scores() -> int:
    """Take what the models say of shoppers that were promoted, or rolled back to."""
    return scoring.refresh_scores()


def settle_message_bandits() -> int:
    """Let bandits among wordings learn the messages whose time is over."""
    return learning.settle_message_bandits()
