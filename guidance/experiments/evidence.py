"""What people had before them when they decided: kept with the decision as plain numbers."""

from datetime import datetime
from typing import Any

from guidance.experiments.recommending import Recommendation
from guidance.experiments.selectors import Report
from guidance.experiments.statistics import Comparison, Corrected, Estimate


def evidence_of(report: Report, advice: Recommendation, *, at: datetime) -> dict[str, Any]:
    """Return a report and its advice as JSON: enough to compare with the report as of `at`."""
    return {
        "as_of": at.isoformat(),
        "advice": {
            "action": advice.action.value,
            "arm": advice.arm,
            "rule": advice.rule.value,
            "caveats": list(advice.caveats),
        },
        "is_always_valid": report.reading.is_sequential,
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
            {
                "arm": one.arm.key,
                "metric": one.metric,
                **_numbers(one.difference),
                "corrected_p": one.corrected.adjusted
                if isinstance(one.corrected, Corrected)
                else None,
            }
            for one in report.comparisons
        ],
    }


def _numbers(found: Any) -> dict[str, Any]:
    if not isinstance(found, Estimate):
        return {"not_measured": str(found.reason)}
    numbers = {"value": found.value, "low": found.low, "high": found.high}
    return numbers | ({"p": found.p_value} if isinstance(found, Comparison) else {})
