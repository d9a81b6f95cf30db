"""The rows behind one arm's figure of one metric: shoppers, each with what they add to it.

Of a quantile over decisions the rows are the decisions. They are read from the rows kept, and of
decisions as many of each shopper's as were counted, the first made first, so that they add up to
what the report says, to the last digit. Two statements a page, whatever the traffic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from guidance.experiments.histograms import as_kept
from guidance.experiments.models import Experiment, Metric
from guidance.experiments.selectors.chosen import zone_of
from guidance.experiments.selectors.counting_sql import LONGEST_LATENCY_MS, columns_of
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope

PER_PAGE = 50


@dataclass(frozen=True)
class Addend:
    """What a row adds to the figure's two sums, in the metric's own unit; `key` is a decision's."""

    customer_id: int
    at: datetime
    top: float
    bottom: int
    key: UUID | None = None


@dataclass(frozen=True)
class Totals:
    """All rows of a figure: how many, how many add something, their two sums, and the figure.

    Of a quantile `place` is the row, counted from the lowest, whose value it is: `exact` to the
    last digit, and `value` as the report keeps it. `value` is None where nothing can be divided.
    """

    rows: int
    counted: int
    top: float
    bottom: int
    value: float | None
    place: int = 0
    exact: float = 0.0


@dataclass(frozen=True)
class Behind:
    """One arm's figure of one metric of an experiment."""

    experiment: Experiment
    metric: Metric
    arm: str

    @property
    def is_of_decisions(self) -> bool:
        """Whether its rows are decisions, not shoppers."""
        return self.metric.is_quantile and not self.metric.is_over_events

    def totals(self) -> Totals:
        """Add all rows up."""
        [(rows, counted, top, bottom)] = self._fetch(
            "COUNT(*), COUNT(*) FILTER (WHERE b.top <> 0), COALESCE(SUM(b.top), 0),"
            " COALESCE(SUM(b.bottom), 0)"
        )
        # Of a time the database's sum may round; it is shown, and no figure is made of it.
        total = float(top) if self.is_of_decisions else int(top) / self.metric.scale
        if not self.metric.is_quantile:
            value = total / int(bottom) if bottom else None
            return Totals(rows, counted, total, int(bottom), value)
        if not rows:
            return Totals(0, 0, 0.0, 0, None)
        place = self._place(rows)
        [(exact,)] = self._fetch("b.top", f"ORDER BY b.top, b.id LIMIT 1 OFFSET {place - 1}")
        exact = self._in_unit(exact)
        return Totals(rows, counted, total, int(bottom), as_kept(exact), place, exact)

    def page(self, start: int, *, only_counted: bool, size: int = PER_PAGE) -> list[Addend]:
        """Return the rows from a place on: newest first, of a quantile from the lowest value on."""
        order = "b.top, b.id" if self.metric.is_quantile else "b.at DESC, b.id DESC"
        found = self._fetch(
            "b.customer_id, b.at, b.top, b.bottom, b.id",
            ("WHERE b.top <> 0 " if only_counted else "")
            + f"ORDER BY {order} LIMIT {int(size)} OFFSET {int(start)}",
        )
        return [
            Addend(
                customer_id,
                _as_time(at),
                self._in_unit(top),
                int(bottom),
                UUID(str(key)) if self.is_of_decisions else None,
            )
            for customer_id, at, top, bottom, key in found
        ]

    def of_shopper(self, customer_id: int) -> Addend | None:
        """Return what one shopper adds; None for one who is not in the figure."""
        if self.is_of_decisions:
            return None
        found = self._fetch(
            "b.customer_id, b.at, b.top, b.bottom", f"WHERE b.customer_id = {int(customer_id)}"
        )
        return next(
            (
                Addend(customer, _as_time(at), self._in_unit(top), int(bottom))
                for customer, at, top, bottom in found
            ),
            None,
        )

    def _place(self, rows: int) -> int:
        """Return which row from the lowest is the quantile: as `Histogram` takes it."""
        assert self.metric.quantile is not None
        return max(1, math.ceil(float(self.metric.quantile) * rows - 1e-9))

    def _in_unit(self, top: Any) -> float:
        return float(top) if self.is_of_decisions else int(top) / self.metric.scale

    def _fetch(self, columns: str, rest: str = "") -> Sequence[Any]:
        scope = Scope(self.experiment, zone_of(self.experiment).key)
        select = self._decisions(scope) if self.is_of_decisions else self._shoppers()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM ({select}) b {rest}",  # noqa: S608  names, no values
                {**scope.values, "arm": self.arm, "metric": self.metric.pk},
            )
            return cursor.fetchall()

    def _shoppers(self) -> str:
        top, bottom = columns_of(self.metric)
        conditions = "u.experiment_id = %(experiment)s AND u.left_out = '' AND u.arm = %(arm)s"
        return f"""
SELECT u.id, u.customer_id, u.exposed_at AS at, {top} AS top, {bottom} AS bottom
FROM {UNIT_TABLE} u
LEFT JOIN experiments_unitvalue v ON v.unit_id = u.id AND v.metric_id = %(metric)s
WHERE {conditions} AND ({bottom}) <> 0"""  # noqa: S608  names, no values

    def _decisions(self, scope: Scope) -> str:
        return f"""
SELECT m.id, m.customer_id, m.at, m.top, 1 AS bottom
FROM (
    SELECT d.id, d.customer_id, d.at, d.latency_ms AS top, u.timed,
        ROW_NUMBER() OVER (PARTITION BY d.customer_id ORDER BY d.id) AS made
    FROM {UNIT_TABLE} u JOIN decisions_decision d ON d.customer_id = u.customer_id
    WHERE u.experiment_id = %(experiment)s AND u.left_out = '' AND u.arm = %(arm)s
        AND {scope.decisions} AND d.source = %(source)s
        AND d.latency_ms >= 0 AND d.latency_ms <= {LONGEST_LATENCY_MS}
        {scope.by_counted_pseudonym}
) m
WHERE m.made <= m.timed"""  # noqa: S608  names, no values


def _as_time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
