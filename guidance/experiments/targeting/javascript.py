"""How JavaScript clients turn, order and compare JSON values: the published cases expect it."""

import json
import math
import re
from typing import Any

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def as_number(value: Any) -> float:
    """Return Number(value): null and "" are 0, what is no number is NaN."""
    if value is None:
        return 0.0
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return 0.0
        return float(text) if _DECIMAL.fullmatch(text) else math.nan
    return math.nan


def as_text(value: Any) -> str:
    """Return what `value + ""` says of a JSON value that is no list or object."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def is_same(one: Any, other: Any) -> bool:
    """Tell whether `one === other`; two lists or objects are never the same one."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, list | dict):
        return False
    return type(one) is type(other) and one == other


def precedes(one: Any, other: Any, *, or_same: bool = False) -> bool:
    """Tell whether `one < other` (or `<=`): texts by UTF-16 code unit, all else as numbers."""
    if isinstance(one, str) and isinstance(other, str):
        first, second = _units(one), _units(other)
        return first < second or (or_same and first == second)
    low, high = as_number(one), as_number(other)
    return low < high or (or_same and low == high)


def is_true(value: Any) -> bool:
    """Tell whether `!!value`; an empty list or object is."""
    if isinstance(value, list | dict):
        return True
    return bool(value) and value == value


def as_json(value: Any) -> str:
    """Return JSON.stringify(value): keys in their own order, as it compares them."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def type_name(value: Any) -> str:
    """Return what the scheme calls a value's type."""
    names = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "number")


def _units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")
