"""The boxes of rules as a page shows them: labels, inputs with their choices, mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from guidance.campaigns.audiences.builder import MOST_GROUPS, ROOT, Box
from guidance.campaigns.audiences.fields import FIELDS, Choice, Field, Kind, Part, Text

Offered = Mapping[str, Sequence[Choice]]


@dataclass(frozen=True)
class Option:
    value: str
    label: Text
    is_chosen: bool


@dataclass(frozen=True)
class Input:
    """One input: `kind` is checks, choice, flag, number or text."""

    name: str
    kind: str
    label: Text
    value: Any = ""
    options: Sequence[Option] = ()
    least: float = 0
    most: float = 0
    step: str = "1"
    errors: Sequence[str] = ()


@dataclass(frozen=True)
class ShownBox:
    """A box with its place's name; a group has `modes` and boxes, a condition fields and inputs."""

    name: str
    label: str
    modes: Sequence[Option] = ()
    boxes: Sequence["ShownBox"] = ()
    fields: Sequence[tuple[Text, Sequence[Option]]] = ()
    asks: str = ""
    operators: Sequence[Option] = ()
    inputs: Sequence[Input] = ()
    hint: Text = ""
    errors: Sequence[str] = field(default_factory=tuple)
    is_first: bool = False
    is_last: bool = False
    may_nest: bool = False

    @property
    def is_group(self) -> bool:
        return bool(self.modes)

    @property
    def is_root(self) -> bool:
        return self.name == ROOT


def shown(root: Box, offered: Offered) -> ShownBox:
    """Return the outermost group as the page shows it."""
    return _group(root, ROOT, "", offered, is_first=True, is_last=True)


def errors_by_input(box: ShownBox) -> dict[str, str]:
    """Return what is wrong by the name of the box or the input."""
    found = {box.name: " ".join(box.errors)} if box.errors else {}
    found |= {one.name: " ".join(one.errors) for one in box.inputs if one.errors}
    for inner in box.boxes:
        found |= errors_by_input(inner)
    return found


def _group(
    box: Box, name: str, label: str, offered: Offered, *, is_first: bool, is_last: bool
) -> ShownBox:
    modes = {
        "all": _("all of these hold"),
        "any": _("at least one of these holds"),
        "none": _("none of these holds"),
    }
    depth = name.count(".") + 1
    count = len(box.boxes)
    return ShownBox(
        name=name,
        label=label,
        modes=[Option(value, text, value == box.mode) for value, text in modes.items()],
        boxes=[
            _shown(one, f"{name}.{n}", f"{label}.{n + 1}".lstrip("."), offered, n, count)
            for n, one in enumerate(box.boxes)
        ],
        errors=[problem.message for problem in box.problems],
        is_first=is_first,
        is_last=is_last,
        may_nest=depth < MOST_GROUPS,
    )


def _shown(box: Box, name: str, label: str, offered: Offered, n: int, count: int) -> ShownBox:
    is_first, is_last = n == 0, n == count - 1
    if box.mode:
        return _group(box, name, label, offered, is_first=is_first, is_last=is_last)
    spec = box.spec
    by_field: dict[str, list[str]] = {}
    for problem in box.problems:
        by_field.setdefault(problem.field, []).append(problem.message)
    inputs = _inputs(box, spec, name, offered, by_field) if spec else []
    at_inputs = {f"value.{part}".rstrip(".") for part in spec.parts} if spec else set()
    return ShownBox(
        name=name,
        label=label,
        fields=_fields(box.name),
        asks=box.name,
        operators=[
            Option(value, text, value == box.operator)
            for value, text in (spec.operators if spec else {}).items()
        ],
        inputs=inputs,
        hint=spec.hint if spec else "",
        errors=[m for where, told in by_field.items() if where not in at_inputs for m in told],
        is_first=is_first,
        is_last=is_last,
    )


def _fields(chosen: str) -> list[tuple[Text, list[Option]]]:
    groups = [
        (group, [Option(one.name, one.label, one.name == chosen) for one in fields])
        for group, fields in groupby(FIELDS.values(), key=lambda one: one.group)
    ]
    if chosen not in FIELDS:
        groups.insert(0, ("", [Option(chosen, chosen, True)]))
    return groups


def _inputs(
    box: Box, spec: Field, name: str, offered: Offered, errors: Mapping[str, list[str]]
) -> list[Input]:
    return [
        _input(
            part,
            f"{name}:value.{key}",
            box.values.get(key) if box.values else part.usual,
            offered,
            errors.get(f"value.{key}".rstrip("."), ()),
        )
        for key, part in spec.parts.items()
    ]


def _input(part: Part, name: str, value: Any, offered: Offered, errors: Sequence[str]) -> Input:
    if part.kind is Kind.TEXTS:
        chosen = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        options = _options(part, offered, chosen)
        return Input(name, "checks", part.label, options=options, errors=errors)
    if part.kind is Kind.CHOICE:
        chosen = [value] if isinstance(value, str) else []
        options = _options(part, offered, chosen)
        if part.is_optional or not chosen:
            options.insert(0, Option("", "–", not chosen))
        return Input(name, "choice", part.label, options=options, errors=errors)
    if part.kind is Kind.FLAG:
        flags = [Option("yes", _("yes"), value is True), Option("no", _("no"), value is not True)]
        return Input(name, "choice", part.label, options=flags, errors=errors)
    told = "" if value is None else str(value)
    if part.kind is Kind.TEXT:
        return Input(name, "text", part.label, told, errors=errors)
    step = "1" if part.kind is Kind.WHOLE else "any"
    return Input(
        *(name, "number", part.label, told),
        least=part.least,
        most=part.most,
        step=step,
        errors=errors,
    )


def _options(part: Part, offered: Offered, chosen: Sequence[str]) -> list[Option]:
    """Return what there is to choose from, and what was chosen though it is there no more."""
    choices = part.choices() if part.choices else list(offered.get(part.offered, ()))
    known = {value for value, _label in choices}
    gone = [(value, _("%(name)s (gone)") % {"name": value}) for value in chosen if value
            and value not in known]  # fmt: skip
    return [
        Option(value, label or _("unknown"), value in chosen) for value, label in [*choices, *gone]
    ]
