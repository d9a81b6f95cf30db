"""Copy that says nearly the same as other copy of the shop."""

from __future__ import annotations

from collections.abc import Iterator

from models_ml.writer.checks.finding import WARN, Context, Finding, gettext_noop


def near_duplicate(context: Context) -> Iterator[Finding]:
    """The whole text, where the shop has nearly the same for another product."""
    neighbour = context.neighbours(context.text) if context.neighbours else None
    if neighbour:
        share = round(100 * neighbour.likeness)
        params: dict[str, str | int] = {"share": share, "other": neighbour.label}
        message = gettext_noop("Nearly the same as other copy (%(share)s %% alike): %(other)s")
        hint = gettext_noop("Say what sets this product apart.")
        yield Finding("near_duplicate", WARN, 0, len(context.text), message, hint, params)
