"""Whether a shopper's attributes meet the conditions of the published scheme.

Compatible with the published `evalCondition` cases: MongoDB's notation with JavaScript's rules,
so that a missing attribute is null and counts as 0 beside a number.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from guidance.experiments.targeting.javascript import (
    as_json,
    as_number,
    as_text,
    is_same,
    is_true,
    precedes,
    type_name,
)
from guidance.experiments.targeting.versions import comparable

Groups = Mapping[str, Sequence[Any]]
Operator = Callable[[Any, Any, Groups], bool]
NO_GROUPS: Groups = {}


def matches(
    conditions: Mapping[str, Any], attributes: Mapping[str, Any], groups: Groups = NO_GROUPS
) -> bool:
    """Tell whether all conditions hold; `groups` are the saved lists that `$inGroup` names."""
    return all(
        _combined(key, value, attributes, groups)
        if key in COMBINED
        else _holds(value, _at(attributes, key), groups)
        for key, value in conditions.items()
    )


COMBINED = ("$and", "$or", "$nor", "$not")


def _combined(key: str, value: Any, attributes: Mapping[str, Any], groups: Groups) -> bool:
    if key == "$not":
        return not matches(value, attributes, groups)
    if key == "$and":
        return all(matches(one, attributes, groups) for one in value)
    is_any = not value or any(matches(one, attributes, groups) for one in value)
    return is_any if key == "$or" else not is_any


def _at(attributes: Any, path: str) -> Any:
    """Return what lies at a dotted path, None where nothing does."""
    found = attributes
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _holds(condition: Any, value: Any, groups: Groups, *, folded: bool = False) -> bool:
    """Tell whether one value meets one condition: a plain value, or operators."""
    if isinstance(condition, str):
        if folded:
            return as_text(value).lower() == condition.lower()
        return as_text(value) == condition
    if isinstance(condition, bool):
        return value is not None and is_true(value) == condition
    if isinstance(condition, int | float):
        return as_number(value) == condition
    if condition is None:
        return value is None
    if not has_operators(condition):
        return as_json(value) == as_json(condition)
    return all(
        name in OPERATORS and OPERATORS[name](value, wanted, groups)
        for name, wanted in condition.items()
    )


def has_operators(condition: Any) -> bool:
    """Tell whether a condition is an object of operators alone."""
    return (
        isinstance(condition, Mapping)
        and bool(condition)
        and all(name.startswith("$") for name in condition)
    )


def _is_in(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(_is_in(one, wanted) for one in value if not isinstance(one, list))
    return any(is_same(value, one) for one in wanted)


def _fold(value: Any) -> Any:
    if isinstance(value, list):
        return [_fold(one) for one in value]
    return value.lower() if isinstance(value, str) else value


def _listed(value: Any, wanted: Any, *, inside: bool, folded: bool = False) -> bool:
    if not isinstance(wanted, list):
        return False
    if folded:
        value, wanted = _fold(value), _fold(wanted)
    return _is_in(value, wanted) == inside


def _any_element(value: Any, wanted: Any, groups: Groups) -> bool:
    if not isinstance(value, list):
        return False
    if has_operators(wanted):
        return any(is_true(one) and _holds(wanted, one, groups) for one in value)
    return any(is_true(one) and matches(wanted, one, groups) for one in value)


def _all_of(value: Any, wanted: Any, groups: Groups, *, folded: bool = False) -> bool:
    if not isinstance(value, list):
        return False
    return all(any(_holds(want, one, groups, folded=folded) for one in value) for want in wanted)


def _searched(value: Any, pattern: Any, flags: int = 0) -> bool:
    try:
        return _compiled(str(pattern), flags).search(as_text(value)) is not None
    except re.error:
        return False


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


OPERATORS: dict[str, Operator] = {
    "$eq": lambda value, want, _: is_same(value, want),
    "$ne": lambda value, want, _: not is_same(value, want),
    "$lt": lambda value, want, _: precedes(value, want),
    "$lte": lambda value, want, _: precedes(value, want, or_same=True),
    "$gt": lambda value, want, _: precedes(want, value),
    "$gte": lambda value, want, _: precedes(want, value, or_same=True),
    "$exists": lambda value, want, _: (value is not None) == is_true(want),
    "$in": lambda value, want, _: _listed(value, want, inside=True),
    "$nin": lambda value, want, _: _listed(value, want, inside=False),
    "$ini": lambda value, want, _: _listed(value, want, inside=True, folded=True),
    "$nini": lambda value, want, _: _listed(value, want, inside=False, folded=True),
    "$inGroup": lambda value, want, groups: _is_in(value, groups.get(want, ())),
    "$notInGroup": lambda value, want, groups: not _is_in(value, groups.get(want, ())),
    "$not": lambda value, want, groups: not _holds(want, value, groups),
    "$size": lambda value, want, groups: (
        isinstance(value, list) and _holds(want, len(value), groups)
    ),
    "$elemMatch": _any_element,
    "$all": _all_of,
    "$alli": lambda value, want, groups: _all_of(value, want, groups, folded=True),
    "$regex": lambda value, want, _: _searched(value, want),
    "$regexi": lambda value, want, _: _searched(value, want, re.IGNORECASE),
    "$type": lambda value, want, _: type_name(value) == want,
    "$veq": lambda value, want, _: comparable(value) == comparable(want),
    "$vne": lambda value, want, _: comparable(value) != comparable(want),
    "$vlt": lambda value, want, _: comparable(value) < comparable(want),
    "$vlte": lambda value, want, _: comparable(value) <= comparable(want),
    "$vgt": lambda value, want, _: comparable(value) > comparable(want),
    "$vgte": lambda value, want, _: comparable(value) >= comparable(want),
}
