"""The background tasks of experiments."""

from guidance.experiments.services import guarding, learning


def watch_guardrails() -> int:
    """Stop what does harm; safe to run twice."""
    return guarding.watch_guardrails()


def settle_bandits() -> int:
    """Let bandits learn the trials whose time is over; safe to run twice."""
    return learning.settle_bandits()
