"""Conditions checked as a person writes them: every mistake is named with its place."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from guidance.experiments.targeting.conditions import COMBINED, OPERATORS, has_operators

# What an experiment may ask about a shopper, and what kind of value each is.
ATTRIBUTES: dict[str, type] = {
    "id": str,
    "tier": str,
    "market": str,
    "language": str,
    "country": str,
    "is_new": bool,
    "anonymous": bool,
}
# Asked by clients that have such attributes; a shopper of ours has none.
_ELSEWHERE = {
    *("$inGroup", "$notInGroup", "$size", "$elemMatch", "$all", "$alli"),
    *("$veq", "$vne", "$vlt", "$vlte", "$vgt", "$vgte"),
}
_LISTS = {"$in", "$nin", "$ini", "$nini"}
_PATTERNS = {"$regex", "$regexi"}
_TYPES = ("string", "number", "boolean", "array", "object", "null")
LONGEST_PATTERN = 100
# Patterns run on every request: a repeat within a repeat may take for ever, and so may alternatives
# that say the same (`(a|a)*`), so that no group is repeated at all.
_NESTED = re.compile(r"(?<!\\)\)(?:[+*]|\{\d+,\d*\})")


def check_conditions(conditions: Any, *, at: str = "") -> Iterator[str]:
    """Yield every mistake in words for people, each with where it stands: `tier.$in: …`."""
    if not isinstance(conditions, dict):
        yield _said(at, _("must be an object of conditions, such as {}."))
        return
    for key, value in conditions.items():
        place = f"{at}.{key}" if at else key
        if key == "$not":
            yield from check_conditions(value, at=place)
        elif key in COMBINED:
            yield from _combined(value, place)
        elif key.startswith("$"):
            yield _said(place, _("no operator combines conditions by this name."))
        elif key not in ATTRIBUTES:
            names = ", ".join(ATTRIBUTES)
            yield _said(place, _("no such attribute; there are %(names)s.") % {"names": names})
        else:
            yield from _of_attribute(key, value, place)


def _combined(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield _said(place, _("must be a list of conditions."))
        return
    for number, one in enumerate(value):
        yield from check_conditions(one, at=f"{place}[{number}]")


def _of_attribute(name: str, condition: Any, place: str) -> Iterator[str]:
    if not isinstance(condition, dict):
        yield from _plain(name, condition, place)
        return
    if not has_operators(condition):
        yield _said(place, _("must be a value or operators such as $in."))
        return
    for operator, wanted in condition.items():
        yield from _operator(name, operator, wanted, f"{place}.{operator}")


def _operator(name: str, operator: str, wanted: Any, place: str) -> Iterator[str]:
    if operator not in OPERATORS:
        yield _said(place, _("no such operator."))
    elif operator in _ELSEWHERE:
        yield _said(place, _("shoppers have no attribute that this could ask about."))
    elif operator == "$not":
        yield from _of_attribute(name, wanted, place)
    elif operator in _LISTS:
        if not isinstance(wanted, list) or not wanted:
            yield _said(place, _("must be a list of values."))
            return
        for number, one in enumerate(wanted):
            yield from _plain(name, one, f"{place}[{number}]")
    elif operator in _PATTERNS:
        yield from _pattern(wanted, place)
    elif operator == "$exists":
        if not isinstance(wanted, bool):
            yield _said(place, _("must be true or false."))
    elif operator == "$type":
        if wanted not in _TYPES:
            yield _said(place, _("must be one of %(names)s.") % {"names": ", ".join(_TYPES)})
    else:
        yield from _plain(name, wanted, place)


def _plain(name: str, value: Any, place: str) -> Iterator[str]:
    if value is None or isinstance(value, ATTRIBUTES[name]):
        return
    if ATTRIBUTES[name] is bool:
        yield _said(place, _("must be true or false."))
    else:
        yield _said(place, _("must be a text in quotation marks."))


def _pattern(wanted: Any, place: str) -> Iterator[str]:
    if not isinstance(wanted, str) or not wanted:
        yield _said(place, _("must be a text in quotation marks."))
        return
    if len(wanted) > LONGEST_PATTERN:
        yield _said(place, _("is longer than %(most)d characters.") % {"most": LONGEST_PATTERN})
    elif _NESTED.search(wanted):
        yield _said(place, _("a repeat within a repeat may take too long."))
    try:
        re.compile(wanted)
    except re.error as error:
        yield _said(place, _("the pattern does not compile: %(what)s") % {"what": str(error)})


def _said(place: str, problem: str) -> str:
    return f"{place}: {problem}" if place else problem
