"""The decision log's writes: decisions recorded, their days rolled up."""

from guidance.decisions.services.log import log_answer, record_answer
from guidance.decisions.services.rollups import roll_up_decisions

__all__ = ["log_answer", "record_answer", "roll_up_decisions"]
