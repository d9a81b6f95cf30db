"""Reading an audience's rules: a tree of `all`, `any` and `not` over conditions.

    {"all": [{"field": "tier", "operator": "in", "value": ["gold"]},
             {"not": {"field": "event", "operator": "did",
                      "value": {"kind": "purchase", "times": 1, "days": 30}}}]}

No rules, `{}`, is every shopper. `fields.FIELDS` says what conditions there are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from guidance.campaigns.audiences.fields import (
    FIELDS,
    LONGEST_TEXT,
    MOST_VALUES,
    PLAIN,
    Field,
    Kind,
    Operator,
    Part,
)

# Deeper or larger, nobody could read them; and the statement stays one that databases plan well.
MOST_DEPTH = 9
MOST_CONDITIONS = 40


@dataclass(frozen=True)
class Problem:
    """What is wrong where: the node's path in the tree, such as `all[0].not`, and the key in it."""

    path: str
    field: str
    code: str
    message: str

    def __str__(self) -> str:
        place = ".".join(part for part in (self.path, self.field) if part)
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True)
class Condition:
    """One condition; `value` holds its parts by name, a plain field's under ''."""

    field: Field
    operator: Operator
    value: Mapping[str, Any]
    path: str = ""


@dataclass(frozen=True)
class All:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    part: "Node"


Node = Condition | All | AnyOf | Not
EVERYBODY = All(())


def read(rules: Any) -> tuple[Node, list[Problem]]:
    """Return the tree and everything that is wrong with it; the tree counts where nothing is."""
    if rules in ({}, None):
        return EVERYBODY, []
    reader = _Reader()
    node = reader.node(rules, "", depth=1)
    if reader.conditions > MOST_CONDITIONS:
        told = _("More than %(most)d conditions.") % {"most": MOST_CONDITIONS}
        reader.problems.append(Problem("", "", "too_many", told))
    return node or EVERYBODY, reader.problems


def conditions(node: Node) -> Iterator[Condition]:
    """Yield every condition of a tree."""
    if isinstance(node, Condition):
        yield node
    elif isinstance(node, Not):
        yield from conditions(node.part)
    else:
        for part in node.parts:
            yield from conditions(part)


def named_audiences(node: Node) -> list[str]:
    """Return the keys of the audiences that a tree names, each once."""
    named = [key for one in conditions(node) if one.field.name == "audience"
             for key in one.value[PLAIN]]  # fmt: skip
    return list(dict.fromkeys(named))


@dataclass
class _Reader:
    """Walks raw JSON and keeps what is wrong; a node with a problem is None."""

    problems: list[Problem] = field(default_factory=list)
    conditions: int = 0

    def node(self, raw: Any, path: str, *, depth: int) -> Node | None:
        if depth > MOST_DEPTH:
            told = _("Groups are nested more than %(most)d deep.") % {"most": MOST_DEPTH}
            return self._wrong(path, "", "too_deep", told)
        if not isinstance(raw, dict):
            return self._wrong(path, "", "wrong_type", _("Must be a group or a condition."))
        if "field" in raw:
            self.conditions += 1
            return self._condition(raw, path)
        if len(raw) != 1 or not raw.keys() <= {"all", "any", "not"}:
            told = _("A group is one of all, any and not; a condition has a field.")
            return self._wrong(path, "", "unknown_group", told)
        ((word, inside),) = raw.items()
        place = f"{path}.{word}" if path else word
        if word == "not":
            part = self.node(inside, place, depth=depth + 1)
            return Not(part) if part else None
        return self._group(word, inside, place, depth)

    def _group(self, word: str, inside: Any, path: str, depth: int) -> Node | None:
        if not isinstance(inside, list):
            return self._wrong(path, "", "wrong_type", _("Must be a list."))
        if not inside:
            return self._wrong(path, "", "empty", _("The group is empty: add a condition."))
        if len(inside) > MOST_CONDITIONS:
            told = _("More than %(most)d conditions.") % {"most": MOST_CONDITIONS}
            return self._wrong(path, "", "too_many", told)
        parts = [self.node(one, f"{path}[{n}]", depth=depth + 1) for n, one in enumerate(inside)]
        good = tuple(part for part in parts if part is not None)
        return All(good) if word == "all" else AnyOf(good)

    def _condition(self, raw: dict[str, Any], path: str) -> Condition | None:
        spec = FIELDS.get(raw["field"]) if isinstance(raw["field"], str) else None
        if spec is None:
            told = _("There is no field “%(name)s”.") % {"name": str(raw["field"])[:100]}
            return self._wrong(path, "field", "unknown_field", told)
        if unknown := sorted(map(str, raw.keys() - {"field", "operator", "value"})):
            told = _("A condition has no “%(name)s”.") % {"name": unknown[0][:100]}
            return self._wrong(path, unknown[0][:100], "unknown_key", told)
        operator = raw.get("operator")
        if not isinstance(operator, str) or operator not in spec.operators:
            told = _("“%(field)s” knows %(operators)s.") % {
                "field": spec.label,
                "operators": ", ".join(spec.operators),
            }
            return self._wrong(path, "operator", "unknown_operator", told)
        value = self._value(spec, raw.get("value"), path)
        return None if value is None else Condition(spec, Operator(operator), value, path)

    def _value(self, spec: Field, raw: Any, path: str) -> dict[str, Any] | None:
        told = {PLAIN: raw} if spec.is_plain else raw
        if not isinstance(told, dict):
            names = ", ".join(spec.parts)
            message = _("Must be an object with %(names)s.") % {"names": names}
            return self._wrong(path, "value", "wrong_type", message)
        before = len(self.problems)
        for name in sorted(map(str, told.keys() - spec.parts.keys())):
            message = _("There is no “%(name)s” here.") % {"name": name[:100]}
            self._wrong(path, f"value.{name[:100]}", "unknown_key", message)
        value = {}
        for name, part in spec.parts.items():
            given = told.get(name)
            if given in (None, "") and part.is_optional:
                continue
            place = f"value.{name}" if name else "value"
            try:
                value[name] = read_part(part, given)
            except _Wrong as wrong:
                self._wrong(path, place, wrong.code, wrong.message)
        if value.get("product") and value.get("category"):
            message = _("Choose a product or a category, not both.")
            self._wrong(path, "value.category", "conflict", message)
        return value if len(self.problems) == before else None

    def _wrong(self, path: str, name: str, code: str, message: str) -> Any:
        """Keep a problem and return None, which stands for what could not be read."""
        self.problems.append(Problem(path, name, code, message))


class _Wrong(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def read_part(part: Part, given: Any) -> Any:
    """Return a part of a value as it is compared: texts, a whole number, a Decimal or a flag."""
    if given is None:
        raise _Wrong("missing", _("Say a value."))
    if part.kind is Kind.TEXTS:
        return _texts(part, given)
    if part.kind in (Kind.TEXT, Kind.CHOICE):
        return _one_of(part, _text(given, may_be_empty=False))
    if part.kind is Kind.FLAG:
        if not isinstance(given, bool):
            raise _Wrong("wrong_type", _("Must be yes or no."))
        return given
    return _number(part, given)


def _texts(part: Part, given: Any) -> list[str]:
    if not isinstance(given, list):
        raise _Wrong("wrong_type", _("Must be a list of texts."))
    if not given:
        raise _Wrong("missing", _("Choose at least one."))
    if len(given) > MOST_VALUES:
        raise _Wrong("too_many", _("At most %(most)d values.") % {"most": MOST_VALUES})
    return list(dict.fromkeys(_one_of(part, _text(one, may_be_empty=True)) for one in given))


def _text(given: Any, *, may_be_empty: bool) -> str:
    if not isinstance(given, str) or "\0" in given:
        raise _Wrong("wrong_type", _("Must be a text."))
    if not given.strip() and not may_be_empty:
        raise _Wrong("missing", _("Say a value."))
    if len(given) > LONGEST_TEXT:
        raise _Wrong("too_long", _("At most %(most)d characters.") % {"most": LONGEST_TEXT})
    return given.strip()


def _one_of(part: Part, text: str) -> str:
    """Refuse what the choices that never change do not hold; the shop's own are checked later."""
    if part.choices and text not in dict(part.choices()):
        raise _Wrong("unknown_value", _("There is no “%(name)s” any more.") % {"name": text})
    return text


def _number(part: Part, given: Any) -> int | Decimal:
    is_whole = part.kind is Kind.WHOLE
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise _Wrong("wrong_type", _("Must be a number."))
    try:
        number = Decimal(str(given).strip())
    except InvalidOperation:
        raise _Wrong("wrong_type", _("Must be a number.")) from None
    if not number.is_finite():
        raise _Wrong("wrong_type", _("Must be a number."))
    if is_whole and number != number.to_integral_value():
        raise _Wrong("wrong_type", _("Must be a whole number."))
    if not Decimal(str(part.least)) <= number <= Decimal(str(part.most)):
        told = _("Must be between %(least)s and %(most)s.")
        raise _Wrong("out_of_range", told % {"least": part.least, "most": f"{part.most:,}"})
    return int(number) if is_whole else number
