"""What an analysis shows: tables, figures, and the shoppers behind each of their numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from guidance.behaviour.analysis.trails import Ints
from guidance.core.numbers import rounded
from guidance.core.spreadsheets import defused

# More rows are no longer read on a page; the CSV holds up to `MOST_CSV_ROWS`.
MOST_ROWS = 50
MOST_CSV_ROWS = 10_000
# A heat map's colour by its number, and by that of what is not over yet: opaque, for plotly writes
# on them in black or white as if they were.
HEAT = [[0, "#ccfbf1"], [1, "#0f766e"]]
GREY = [[0, "#e2e8f0"], [1, "#94a3b8"]]
Figure = dict[str, Any]


class Cell(NamedTuple):
    """What is shown, what the CSV holds, the point whose shoppers it opens ('' for none), a small
    second line, how it is styled, and from 0 to 1 how warm it is (None for no heat map's)."""

    text: str
    raw: Any
    point: str = ""
    note: str = ""
    tone: str = ""
    heat: float | None = None

    @property
    def warmth(self) -> int:
        """How warm in tenths, for the stylesheet: a half is as warm as it gets."""
        return min(round(20 * (self.heat or 0)), 10)


NOTHING = Cell("–", None)


@dataclass(frozen=True)
class Row:
    name: str
    cells: list[Cell]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """`empty` says why there are no rows and what to do; `note` what the reader must know."""

    key: str
    title: str
    first: str
    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    empty: str = ""
    note: str = ""

    @property
    def shown(self) -> list[Row]:
        return self.rows[:MOST_ROWS]

    @property
    def opens(self) -> bool:
        """Tell whether any number opens its shoppers."""
        return any(cell.point for row in self.shown for cell in row.cells)

    @property
    def hidden(self) -> int:
        """How many rows the CSV alone holds."""
        return len(self.rows[MOST_ROWS:])

    def csv_rows(self) -> list[list[Any]]:
        header = [self.first, *self.columns]
        rows = self.rows[:MOST_CSV_ROWS]
        return [header, *([defused(v) for v in (r.name, *(c.raw for c in r.cells))] for r in rows)]


@dataclass(frozen=True)
class Part:
    """A table with the figure above it."""

    table: Table
    figure: Figure | None = None


class Found(NamedTuple):
    """Who is behind a point, and in words what they did."""

    title: str
    shoppers: Ints


@dataclass(frozen=True)
class Report:
    """One analysis: what it means, what must be known of it, its parts. `open(point)` finds who is
    behind a point, None for a point that it does not have."""

    lead: str
    parts: list[Part]
    open: Callable[[str], Found | None]
    notes: list[str] = field(default_factory=list)


def number(value: float, point: str = "", *, digits: int = 0) -> Cell:
    """Return a number; one of nobody opens nobody."""
    return Cell(rounded(value, digits), value, point if value else "")


def share(top: float, bottom: float) -> Cell:
    """Return a share as a percentage, – where there is nothing to have a share of."""
    if not bottom:
        return NOTHING
    return Cell(percentage(top / bottom), top / bottom)


def percentage(value: float) -> str:
    """.1234 -> 12.3 %, with a space at which no line breaks."""
    return f"{rounded(100 * value, 1)}\u00a0%"


def money(cents: int, currency: str) -> Cell:
    """Return cents as an amount of a currency."""
    return Cell(f"{rounded(cents / 100)}\u00a0{currency}", cents / 100)


def duration(milliseconds: float | None) -> Cell:
    """Return a time in the unit that people would use, in the CSV as seconds."""
    if milliseconds is None:
        return NOTHING
    seconds = milliseconds / 1000
    return Cell(_duration(seconds), round(seconds, 3))


def _duration(seconds: float) -> str:
    if seconds < 120:
        return _("%(number)s s") % {"number": rounded(seconds)}
    if seconds < 2 * 3600:
        return _("%(number)s min") % {"number": rounded(seconds / 60)}
    if seconds < 2 * 86_400:
        return _("%(number)s h") % {"number": rounded(seconds / 3600, 1)}
    return _("%(number)s days") % {"number": rounded(seconds / 86_400, 1)}


def sentence(words: Sequence[str | Promise]) -> str:
    """Return steps as one line."""
    return " → ".join(str(word) for word in words)
