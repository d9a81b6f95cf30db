"""One request from end to end: answered, logged, ready to send."""

import time
from typing import Any

from guidance.recommendations.services.answer import answer_surfaces
from guidance.recommendations.services.asked import Asked
from guidance.recommendations.services.log import log_answers


def recommend(asked: Asked) -> list[dict[str, Any]]:
    """Return one answer per surface, in the order asked, each with its decision's id.

    Answers to replayed requests say so.
    """
    started = time.perf_counter()
    shopper, answers = answer_surfaces(asked)
    log_answers(
        answers,
        asked=asked,
        is_known=shopper.customer_id is not None,
        latency_ms=1000 * (time.perf_counter() - started),
    )
    marked = {"source": asked.source.value} if asked.is_replay else {}
    return [answer.as_json() | marked for answer in answers]
