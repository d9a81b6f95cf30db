"""What became of every row of an import, counted so that the sums can be checked."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.behaviour.models import Event
from guidance.core.rows import RowVerdict, Status

HELD_BACK = "held_back"
LABELS = {
    "products": gettext_lazy("products"),
    "customers": gettext_lazy("customers"),
    "campaigns": gettext_lazy("campaigns"),
    "events": gettext_lazy("events"),
    "order_lines": gettext_lazy("order lines"),
    "not_a_product": gettext_lazy("not a product"),
    "stock_adjustment": gettext_lazy("stock adjustment"),
    "free_of_charge": gettext_lazy("free of charge"),
    HELD_BACK: gettext_lazy("held back by --until"),
}


def label(code: str) -> str:
    """Return a table's name or a reason as people read it; what follows a colon stays."""
    name, colon, detail = code.partition(":")
    return f"{LABELS.get(name, name)}{colon and ': '}{detail}"


@dataclass
class Tally:
    """The rows of one table: read = imported + updated + already there + rejected + skipped."""

    read: int = 0
    imported: int = 0
    updated: int = 0
    already_there: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every row that was read has exactly one end."""
        taken = self.imported + self.updated + self.already_there
        return self.read == taken + self.rejected.total() + self.skipped.total()

    def count(self, verdict: RowVerdict) -> None:
        """Count what a service made of a row."""
        match verdict.status:
            case Status.CREATED:
                self.imported += 1
            case Status.UPDATED:
                self.updated += 1
            case Status.UNCHANGED:
                self.already_there += 1
            case Status.REJECTED:
                self.rejected[verdict.code] += 1

    def as_json(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "imported": self.imported,
            "updated": self.updated,
            "already_there": self.already_there,
            "rejected": dict(sorted(self.rejected.items())),
            "skipped": dict(sorted(self.skipped.items())),
            "adds_up": self.adds_up,
        }


@dataclass
class Report:
    """The end report: a tally per table of the files, what was derived from them, and the time.

    `tables` counts rows of files; `derived` counts products and customers that order lines name
    without a file of their own. `events_by_kind` counts the events taken or already there.
    """

    tables: dict[str, Tally] = field(default_factory=dict)
    derived: dict[str, Tally] = field(default_factory=dict)
    events_by_kind: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    rejects_file: Path | None = None
    seconds: float = 0.0
    days_rolled_up: int = 0

    def table(self, name: str) -> Tally:
        return self.tables.setdefault(name, Tally())

    @property
    def rejected(self) -> int:
        """How many rows were rejected in all."""
        return sum(tally.rejected.total() for tally in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "tables": {name: tally.as_json() for name, tally in self.tables.items()},
            "derived": {name: tally.as_json() for name, tally in self.derived.items()},
            "events_by_kind": dict(self.events_by_kind),
            "notes": self.notes,
            "rejects_file": str(self.rejects_file or ""),
            "seconds": round(self.seconds, 1),
            "days_rolled_up": self.days_rolled_up,
        }

    def as_text(self) -> str:
        """Return the report as people read it in a terminal."""
        columns = (_("read"), _("imported"), _("updated"), _("already there"))
        header = f"{'':24}" + "".join(
            f"{name:>15}" for name in (*columns, _("rejected"), _("skipped"))
        )
        lines = [header]
        for name, tally in (self.tables | self.derived).items():
            counts = (
                tally.read,
                tally.imported,
                tally.updated,
                tally.already_there,
                tally.rejected.total(),
                tally.skipped.total(),
            )
            lines.append(f"{label(name):24}" + "".join(f"{count:>15,}" for count in counts))
        lines += self._reasons(_("Rejected"), "rejected") + self._reasons(_("Skipped"), "skipped")
        if self.events_by_kind:
            lines += ["", _("Events by kind:")]
            lines += [
                f"  {Event.Kind(kind).label:30}{n:>12,}"
                for kind, n in self.events_by_kind.most_common()
            ]
        lines += ["", *self.notes] if self.notes else []
        if self.rejects_file:
            lines += ["", _("Rejected rows: %(path)s") % {"path": self.rejects_file}]
        summary = _("%(seconds).1f seconds, %(days)d days rolled up.")
        lines += ["", summary % {"seconds": self.seconds, "days": self.days_rolled_up}]
        return "\n".join(lines)

    def _reasons(self, title: str, which: str) -> list[str]:
        lines = []
        for name, tally in (self.tables | self.derived).items():
            reasons: Counter[str] = getattr(tally, which)
            if reasons:
                lines += ["", f"{title}, {label(name)}:"]
                lines += [f"  {label(reason):30}{n:>12,}" for reason, n in reasons.most_common()]
        return lines
