"""What each kind of analysis shows: one module a kind, each with `report(scope, form)`."""

from collections.abc import Callable
from typing import Any

from guidance.behaviour.analysis.reports import cohorts, funnel, paths, searches, segments
from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.tables import Report
from guidance.behaviour.models import Analysis

REPORTS: dict[str, Callable[[Scope, Any], Report]] = {
    Analysis.FUNNEL: funnel.report,
    Analysis.PATHS: paths.report,
    Analysis.COHORTS: cohorts.report,
    Analysis.SEGMENTS: segments.report,
    Analysis.SEARCHES: searches.report,
}

__all__ = ["REPORTS"]
