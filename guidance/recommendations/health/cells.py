"""What the tables of a report are made of: one structure that the page draws and the CSV writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from guidance.core.spreadsheets import defused
from guidance.recommendations.health import wording

Estimate = Sequence[float] | None
Ends = tuple[float | None, float | None]
UNKNOWN: Ends = (None, None)


class Cell(NamedTuple):
    """What is shown, what the CSV holds, and a small second line; `tone` styles it. `ends` are
    the interval's, for a figure that has one."""

    text: str
    raw: Any
    note: str = ""
    tone: str = ""
    ends: Ends | None = None


@dataclass(frozen=True)
class Row:
    """A group's name, where its rows open ('' for nowhere), and its cells."""

    name: str
    cells: list[Cell]
    url: str = ""


@dataclass(frozen=True)
class Table:
    """`empty` says why there are no rows; `note` what the reader must know of them."""

    key: str
    title: str
    first: str
    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    empty: str = ""
    note: str = ""

    def csv_rows(self) -> list[list[Any]]:
        """Return the header and the rows; an interval is two columns of its own."""
        cells = self.rows[0].cells if self.rows else [None] * len(self.columns)
        header = [self.first]
        for column, cell in zip(self.columns, cells, strict=True):
            header.append(column)
            if cell and cell.ends:
                header += [
                    _("%(column)s, from") % {"column": column},
                    _("%(column)s, to") % {"column": column},
                ]
        return [header, *([defused(row.name), *_raw(row)] for row in self.rows)]


def count(value: float, note: str = "") -> Cell:
    return Cell(wording.number(value), value, note)


def text(value: str) -> Cell:
    return Cell(value, value, tone="text")


def part(value: float | None, digits: int = 1, note: str = "") -> Cell:
    """Return a share as a percentage."""
    return Cell(wording.share(value, digits), value, note)


def rate(top: float, bottom: float) -> Cell:
    return part(top / bottom if bottom else None)


def share(estimate: Estimate) -> Cell:
    """Return a share with its interval."""
    if estimate is None:
        return Cell("–", None, ends=UNKNOWN)
    return part(estimate[0], note=wording.share_interval(estimate))._replace(ends=_ends(estimate))


def ratio(estimate: Estimate, threshold: float) -> Cell:
    """Return exposure over relevance, marked where its whole interval is beyond the threshold."""
    if estimate is None:
        return Cell("–", None, ends=UNKNOWN)
    said = {"over": _("shown too much"), "under": _("shown too little"), "": ""}
    side = wording.flagged(estimate, threshold)
    note = " · ".join(filter(None, [wording.interval(estimate), said[side]]))
    tone = "bad" if side else ""
    return Cell(wording.number(estimate[0], 2), estimate[0], note, tone, _ends(estimate))


def change(estimate: Estimate) -> Cell:
    """Return a relative change, marked where it is a fall for certain."""
    if estimate is None:
        return Cell("–", None, _("too little to tell"), ends=UNKNOWN)
    said = f"{'+' if estimate[0] > 0 else ''}{wording.share(estimate[0])}"
    tone = "bad" if estimate[2] < 0 else ""
    return Cell(said, estimate[0], wording.share_interval(estimate), tone, _ends(estimate))


def index(value: float, look: float, *, is_certain: bool) -> Cell:
    """Return a stability index, marked where it is worth a look and no chance."""
    note = "" if is_certain else _("may be chance")
    tone = "bad" if is_certain and value >= look else ""
    return Cell(wording.number(value, 3), value, note, tone)


def _ends(estimate: Sequence[float]) -> Ends:
    return estimate[1], estimate[2]


def _raw(row: Row) -> list[Any]:
    return [defused(value) for cell in row.cells for value in (cell.raw, *(cell.ends or ()))]
