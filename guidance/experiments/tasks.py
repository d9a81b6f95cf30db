"""The background task of experiments."""

from guidance.experiments.services import guarding


def watch_guardrails() -> int:
    """Stop what does harm; safe to run twice."""
    return guarding.watch_guardrails()
