"""What an approval is bound to: a hash of the text and of the facts it was read against."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

NAMES = ("key", "value", "unit", "language")


def seal_of(text: str, facts: Sequence[dict[str, Any]]) -> str:
    """Return SHA-256 over a text and facts as a draft keeps them; their order and sources are
    left out."""
    told = sorted([str(fact[name]) for name in NAMES] for fact in facts)
    said = json.dumps([text, told], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
