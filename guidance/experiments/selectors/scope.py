"""Whose rows are counted, as conditions of SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models

from guidance.core.ids import last_id
from guidance.experiments.models import Experiment
from guidance.experiments.selectors.counting_dialect import as_list, is_postgresql

UNIT_TABLE = "experiments_unit"


@dataclass(frozen=True)
class Scope:
    """Whose rows are counted: an experiment's, of these customers, received by a moment.

    With `surface_since` those of its surface and traffic from then on, whatever experiment they
    were made in, as if they had been one arm.
    """

    experiment: Experiment
    zone: str
    customers: Sequence[int] | None = None
    between: tuple[int, int] | None = None
    received_by: datetime | None = None
    surface_since: datetime | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of every text below."""
        adapt = connection.ops.adapt_datetimefield_value
        by = self.received_by
        first, last = self.between or (0, 0)
        return {
            "experiment": self.experiment.pk,
            "key": self.experiment.key,
            "source": self.experiment.source,
            "surface": self.experiment.surface,
            "since": self.surface_since and adapt(self.surface_since),
            "zone": self.zone,
            "customers": as_list(self.customers or []),
            "first": first,
            "last": last,
            "received_by": None if by is None else adapt(by),
            "made_by": None
            if by is None
            else models.UUIDField().get_db_prep_value(last_id(by), connection),
        }

    def of_customers(self, column: str) -> str:
        """Return the condition, with AND before it, that a row is of this scope's customers."""
        if self.between is not None:
            return f" AND {column} > %(first)s AND {column} <= %(last)s"
        if self.customers is None:
            return ""
        if is_postgresql():
            return f" AND {column} = ANY(%(customers)s::bigint[])"  # of its type, it is hashed
        return f" AND {column} IN (SELECT value FROM json_each(%(customers)s))"  # noqa: S608  names, no values

    @property
    def decisions(self) -> str:
        """The condition that a decision is the scope's, whoever it was made for."""
        if self.surface_since is not None:
            return "d.surface = %(surface)s AND d.at >= %(since)s"
        return "d.experiment = %(key)s AND d.experiment <> ''"

    @property
    def arm(self) -> str:
        return "d.arm" if self.surface_since is None else "''"

    @property
    def by_counted_pseudonym(self) -> str:
        """The condition, with AND before it, that a decision was made for the pseudonym by which
        its shopper counts: the customer's own once that met the experiment, before that the first
        visitor's who became the customer. Only rows of visitors who logged in look further."""
        if self.surface_since is not None:
            return ""
        others = (
            "FROM decisions_decision x WHERE x.customer_id = d.customer_id"
            f" AND x.experiment = d.experiment AND x.source = d.source{self.made('x')}"
        )
        return f""" AND (d.met_as IS NULL OR (
            NOT EXISTS (SELECT 1 {others} AND x.met_as IS NULL)
            AND d.met_as = (SELECT x.met_as {others} ORDER BY x.at, x.id LIMIT 1)))"""

    @property
    def excluded(self) -> str:
        """What a customer was left out as by then, as staff or a script, '' for whoever counts."""
        if self.received_by is None:
            return "p.excluded_as"
        return (
            "CASE WHEN p.excluded_at > %(received_by)s THEN p.excluded_before"
            " ELSE p.excluded_as END"
        )

    def received(self, table: str) -> str:
        return "" if self.received_by is None else f" AND {table}.received_at <= %(received_by)s"

    def made(self, table: str) -> str:
        return "" if self.received_by is None else f" AND {table}.id <= %(made_by)s"
