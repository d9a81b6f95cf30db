"""Progress of an import, told in shares of the whole."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Takes the phase and the share done; may raise to stop the import between two batches."""


def within(progress: Progress, first: float, last: float) -> Progress:
    """Return a progress whose 0 to 1 is the part from `first` to `last` of another."""

    def report(phase: str, fraction: float) -> None:
        progress(phase, first + (last - first) * fraction)

    return report
