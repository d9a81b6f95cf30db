"""What people had before them when they decided: kept with the decision as plain numbers."""

from datetime import datetime
from typing import Any

from guidance.experiments.advice import Advice
from guidance.experiments.selectors import Report
from guidance.experiments.statistics import Comparison, Estimate


def evidence_of(report: Report, advice: Advice, *, at: datetime) -> dict[str, Any]:
    """Return a report and its advice as JSON: enough to compare with the report as of `at`."""
    return {
        "as_of": at.isoformat(),
        "advice": {"verdict": advice.verdict, "arm": advice.arm, "why": advice.why.value},
        "problems": [problem.trouble.value for problem in report.problems],
        "arms": [
            {
                "arm": arm.arm.key,
                "shoppers": arm.shoppers,
                "metrics": {name: _numbers(found) for name, found in arm.metrics.items()},
            }
            for arm in report.arms
        ],
        "comparisons": [
            {"arm": one.arm.key, "metric": one.metric, **_numbers(one.difference)}
            for one in report.comparisons
        ],
    }


def _numbers(found: Any) -> dict[str, Any]:
    if not isinstance(found, Estimate):
        return {"not_measured": str(found.reason)}
    numbers = {"value": found.value, "low": found.low, "high": found.high}
    return numbers | ({"p": found.p_value} if isinstance(found, Comparison) else {})
