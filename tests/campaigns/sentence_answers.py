"""What a language model's server answers of a sentence."""

import json
from typing import Any

NOTHING: dict[str, Any] = {
    "negated": False,
    "names": [],
    "number": None,
    "currency": None,
    "days": None,
    "time": None,
    "until": None,
}


def part(quote: str, means: str, *names: str, **more: Any) -> dict[str, Any]:
    """One thing that a model says it understood."""
    return {"quote": quote, "means": means, **NOTHING, "names": list(names), **more}


def answer(*parts: dict[str, Any]) -> str:
    """The JSON of an answer."""
    return json.dumps({"parts": parts})
