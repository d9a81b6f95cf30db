"""Rules as the boxes of a form, and the inputs of that form as rules.

A box is a condition, or a group of boxes of which all, any or none must hold. Boxes are named by
their places: `r.0.2` is the third box in the first of the outermost group, and `r.0.2:value.days`
one of its inputs. What a person writes is kept as it is, so that a mistake comes back to its input.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from guidance.campaigns.audiences.fields import FIELDS, Field, Kind, Part
from guidance.campaigns.audiences.language import MOST_CONDITIONS, MOST_DEPTH, Problem

Mode = Literal["all", "any", "none"]
ROOT = "r"
FIRST_FIELD = "tier"
# Groups in groups that the form offers: each of which none holds is two levels of the tree.
MOST_GROUPS = (MOST_DEPTH - 1) // 2
# So many boxes are read out of a form; the rules they make are refused long before.
MOST_BOXES = 4 * MOST_CONDITIONS
_OPERATION = re.compile(r"(condition|group|remove|up|down|draw):(r(?:\.\d{1,3}){0,9})")


class Inputs(Protocol):
    """A form's answers, as Django's QueryDict."""

    def get(self, key: str, default: Any = None) -> Any: ...
    def getlist(self, key: str) -> list[str]: ...
    def __contains__(self, key: str) -> bool: ...


@dataclass
class Box:
    """A condition (`mode` is '') or a group; `path` is where its rules lie in the tree."""

    mode: str = ""
    name: str = FIRST_FIELD
    operator: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    boxes: list["Box"] = field(default_factory=list)
    path: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def spec(self) -> Field | None:
        return FIELDS.get(self.name)


def boxes_of(rules: Any) -> Box:
    """Return the outermost group of a form that shows rules; of wrong ones what can be."""
    root = _box(rules, depth=1) if rules else Box(mode="all")
    return root if root.mode else Box(mode="all", boxes=[root])


def read_boxes(inputs: Inputs, prefix: str = ROOT) -> Box:
    """Return the boxes of a sent form."""
    return _Reader(inputs).box(prefix, depth=1) or Box(mode="all")


def rules_of(root: Box) -> dict[str, Any]:
    """Return the rules of a form's boxes and give every box its path in them; {} for no box."""
    return _rules(root, "") if root.boxes else {}


def place(root: Box, problems: Sequence[Problem]) -> None:
    """Put each problem into the box it is about; one of the whole into the outermost."""
    by_path = {box.path: box for box in _every(root)}
    for problem in problems:
        _nearest(problem.path, by_path).problems.append(problem)


def operate(root: Box, operation: str) -> str:
    """Change the boxes as a button says, and return the name of the box to go on with."""
    match = _OPERATION.fullmatch(operation)
    if match is None:
        return ROOT
    verb, name = match.groups()
    places = [int(one) for one in name.split(".")[1:]]
    parent, box = _find(root, places)
    if box is None:
        return ROOT
    if verb in {"condition", "group"}:
        if not box.mode or (verb == "group" and len(places) + 2 > MOST_GROUPS):
            return name
        box.boxes.append(Box(mode="any", boxes=[Box()]) if verb == "group" else Box())
        return f"{name}.{len(box.boxes) - 1}"
    if verb == "draw" or parent is None:
        return name
    return _move_or_remove(parent, places[-1], verb, name)


def _move_or_remove(parent: Box, here: int, verb: str, name: str) -> str:
    above = name.rpartition(".")[0]
    box = parent.boxes.pop(here)
    if verb == "remove":
        return f"{above}.{min(here, len(parent.boxes) - 1)}" if parent.boxes else above
    there = max(here - 1, 0) if verb == "up" else min(here + 1, len(parent.boxes))
    parent.boxes.insert(there, box)
    return f"{above}.{there}"


def _find(root: Box, places: Sequence[int]) -> tuple[Box | None, Box | None]:
    parent, box = None, root
    for one in places:
        if one >= len(box.boxes):
            return None, None
        parent, box = box, box.boxes[one]
    return parent, box


def _box(rules: Any, *, depth: int) -> Box:
    if not isinstance(rules, dict) or depth > MOST_DEPTH + 2:
        return Box()
    if "field" in rules:
        return _condition_box(rules)
    if "not" in rules:
        inside = _box(rules["not"], depth=depth + 1)
        if inside.mode == "any":
            return Box(mode="none", boxes=inside.boxes)
        return Box(mode="none", boxes=[inside])
    mode = "any" if "any" in rules else "all"
    parts = rules.get(mode)
    parts = parts if isinstance(parts, list) else []
    return Box(mode=mode, boxes=[_box(one, depth=depth + 1) for one in parts[:MOST_BOXES]])


def _condition_box(rules: Mapping[str, Any]) -> Box:
    box = Box(name=str(rules["field"]), operator=str(rules.get("operator", "")))
    spec, value = box.spec, rules.get("value")
    if spec is not None:
        told = {"": value} if spec.is_plain else value if isinstance(value, dict) else {}
        box.values = {name: told[name] for name in spec.parts if told.get(name) is not None}
    return box


class _Reader:
    """Reads a form's inputs; stops at more boxes than anybody could have made."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs, self.left = inputs, MOST_BOXES

    def box(self, name: str, *, depth: int) -> Box | None:
        self.left -= 1
        if self.left < 0 or depth > MOST_DEPTH + 1:
            return None
        if f"{name}:mode" in self.inputs:
            mode = self.inputs.get(f"{name}:mode")
            box = Box(mode=mode if mode in {"all", "any", "none"} else "all")
            while part := self.box(f"{name}.{len(box.boxes)}", depth=depth + 1):
                box.boxes.append(part)
            return box
        return self._condition(name) if f"{name}:field" in self.inputs else None

    def _condition(self, name: str) -> Box:
        box = Box(
            name=self.inputs.get(f"{name}:field"),
            operator=self.inputs.get(f"{name}:operator", ""),
        )
        spec = box.spec
        # A condition whose field was just changed has the inputs of the one before: they are left.
        if spec is not None and self.inputs.get(f"{name}:was") == box.name:
            box.values = {part: self._value(name, part, spec.parts[part]) for part in spec.parts}
        return box

    def _value(self, name: str, part: str, spec: Part) -> Any:
        key = f"{name}:value.{part}"
        if spec.kind is Kind.TEXTS:
            return self.inputs.getlist(key)
        told = self.inputs.get(key)
        if spec.kind is Kind.FLAG:
            return told == "yes"
        return told if told != "" else None


def _rules(box: Box, path: str) -> dict[str, Any]:
    box.path = path
    if not box.mode:
        return _condition_rules(box)
    word = "any" if box.mode == "none" else box.mode
    if box.mode == "none":
        path = f"{path}.not" if path else "not"
    place = f"{path}.{word}" if path else word
    inside = {word: [_rules(one, f"{place}[{n}]") for n, one in enumerate(box.boxes)]}
    return {"not": inside} if box.mode == "none" else inside


def _condition_rules(box: Box) -> dict[str, Any]:
    spec = box.spec
    if spec is None:
        return {"field": box.name, "operator": box.operator, "value": None}
    operator = box.operator if box.operator in spec.operators else next(iter(spec.operators))
    told = {}
    for name, part in spec.parts.items():
        value = box.values.get(name) if box.values else part.usual
        if value is None and part.kind is Kind.TEXTS:
            value = []
        if value is not None or not part.is_optional:
            told[name] = _as_number(value) if part.kind in (Kind.WHOLE, Kind.NUMBER) else value
    return {
        "field": box.name,
        "operator": str(operator),
        "value": told[""] if spec.is_plain else told,
    }


def _as_number(value: Any) -> Any:
    """Return what a person wrote as JSON writes it; what is no number stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    if not math.isfinite(number):
        return value
    return int(number) if number.is_integer() else number


def _every(box: Box) -> list[Box]:
    return [box, *(inner for one in box.boxes for inner in _every(one))]


def _nearest(path: str, by_path: Mapping[str, Box]) -> Box:
    """Return the box of a path, or of the group that it lies in; '' is the outermost's."""
    while path not in by_path:
        path = path.rpartition(".")[0]
    return by_path[path]
