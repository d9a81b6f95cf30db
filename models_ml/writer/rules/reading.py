"""Reading a rule pack from JSON: every mistake is named with its line, rule and field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from models_ml.writer.facts import LANGUAGES
from models_ml.writer.rules.engine import joined
from models_ml.writer.rules.model import CATEGORIES, EXCEPTIONS, SEVERITIES, Rule, RulePack
from models_ml.writer.terms import fold

LONGEST_PATTERN = 1_500
LONGEST_TERM = 80
MOST_RULES = 200
MOST_ENTRIES = 1_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NESTED = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,\})")
"""A repeat inside a group that repeats without bound: what makes a pattern run for ever."""
_BACKREFERENCE = re.compile(r"(?<!\\)(?:\\\\)*(?:\\[1-9]|\\g<|\(\?P[=>]|\(\?(?:R|\d|&|\())")
"""What names another group by number or name, or is the whole pattern again."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_GAP, _LIST_END = re.compile(r"[\s,]*"), re.compile(r"\s*\]")
DEEPEST = 20
"""Levels of brackets; a pack has five."""
_PROBES = ("a" * 2_000, "最" * 2_000, "a b " * 500, "1,0." * 500, "最好 the best " * 150)
_PROBE_SECONDS = 0.25
_LISTS = {"terms": LONGEST_TERM, "harmless": LONGEST_TERM, "patterns": LONGEST_PATTERN}
_FLAGS = ("fact_lifts", "signable")
_FIELDS = (
    *("key", "category", "severity", "language", "law", "hint", "exceptions"),
    *_LISTS,
    *_FLAGS,
)


Params = Mapping[str, str | int]


def gettext_noop(message: str) -> str:
    """Mark a message for translation; whoever shows it translates it."""
    return message


@dataclass(frozen=True)
class PackError:
    """One mistake: `message` is an English message id with %(name)s for the `params`.

    `rule` is the rule's key, or its number where it has none; "" when the pack itself is meant.
    """

    line: int
    rule: str
    field_name: str
    message: str
    params: Params = field(default_factory=dict)

    def render(self, translate: Callable[[str], str] = str) -> str:
        """The message, translated and filled in."""
        return translate(self.message) % self.params


class PackInvalid(ValueError):
    """A pack that cannot be used; `errors` are its mistakes in the order of their lines."""

    def __init__(self, errors: Sequence[PackError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: error.line))
        super().__init__(
            "; ".join(
                f"line {e.line}, rule {e.rule or '-'}, {e.field_name or '-'}: {e.render()}"
                for e in self.errors
            )
        )


def read_pack(text: str) -> RulePack:
    """The pack that JSON text describes; raises PackInvalid with every mistake in it."""
    if deep := _too_deep(text):
        message = gettext_noop("Nested deeper than %(most)s levels")
        raise PackInvalid([PackError(deep, "", "", message, {"most": DEEPEST})])
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        message = gettext_noop("Not JSON: %(what)s (column %(column)s)")
        params: Params = {"what": error.msg, "column": error.colno}
        raise PackInvalid([PackError(error.lineno, "", "", message, params)]) from error
    except ValueError as error:  # a number of thousands of digits
        message = gettext_noop("Not JSON: %(what)s")
        raise PackInvalid([PackError(1, "", "", message, {"what": str(error)})]) from error
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        message = gettext_noop("A pack is an object with a list of rules under “rules”.")
        raise PackInvalid([PackError(1, "", "rules", message)])
    errors = list(_pack_errors(data))
    places = list(_places(text, len(data["rules"])))
    rules: list[Rule] = []
    for number, (row, place) in enumerate(zip(data["rules"], places, strict=True), start=1):
        found = list(_rule_errors(row, number, place))
        errors += found
        if not found:
            rules.append(_rule(row))
    errors += _doubles(data["rules"], places)
    if errors:
        raise PackInvalid(errors)
    return RulePack(data["key"], dict(data["name"]), tuple(rules))


@dataclass(frozen=True)
class _Place:
    """Where a rule stands in the JSON text."""

    line: int
    text: str

    def of(self, name: str) -> int:
        """The line of a field, or of the rule where it lacks the field."""
        at = self.text.find(f'"{name}"')
        return self.line + self.text.count("\n", 0, at) if at >= 0 else self.line


def _too_deep(text: str) -> int:
    """The line in which brackets outside strings nest deeper than `DEEPEST`; 0 where none do."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token.group(), 0)
        if depth > DEEPEST:
            return 1 + text.count("\n", 0, token.start())
    return 0


def _places(text: str, count: int) -> Iterator[_Place]:
    """Where each rule stands: the last list of that many values that is called “rules”."""
    for opening in reversed(list(re.finditer(r'"rules"\s*:\s*\[', text))):
        try:
            yield from list(_values(text, opening.end(), count))
        except json.JSONDecodeError:
            continue
        return
    yield from [_Place(1, "")] * count


def _values(text: str, position: int, count: int) -> Iterator[_Place]:
    decoder = json.JSONDecoder()
    for _ in range(count):
        start = _GAP.match(text, position).end()  # type: ignore[union-attr]
        _row, position = decoder.raw_decode(text, start)
        yield _Place(1 + text.count("\n", 0, start), text[start:position])
    if not _LIST_END.match(text, position):
        raise json.JSONDecodeError("more values", text, position)


def _pack_errors(data: dict[str, Any]) -> Iterator[PackError]:
    if not _KEY.fullmatch(str(data.get("key", ""))):
        yield PackError(1, "", "key", _KEY_WANTED)
    if not _is_by_language(data.get("name")):
        yield PackError(1, "", "name", _HINT_WANTED)
    if len(data["rules"]) > MOST_RULES:
        params = {"most": MOST_RULES}
        yield PackError(1, "", "rules", gettext_noop("At most %(most)s rules"), params)
    for name in data.keys() - {"key", "name", "rules"}:
        yield PackError(1, "", name, _UNKNOWN_FIELD, {"field": name})


_KEY_WANTED = gettext_noop("A key of small letters, digits and _ is wanted.")
_HINT_WANTED = gettext_noop("A text in English (“en”) and in Chinese (“zh-hans”) is wanted.")
_UNKNOWN_FIELD = gettext_noop("Unknown field: %(field)s")
_ONE_OF = gettext_noop("“%(said)s” is none of: %(known)s")


def _rule_errors(row: Any, number: int, place: _Place) -> Iterator[PackError]:
    name = str(row.get("key") or number) if isinstance(row, dict) else str(number)
    if not isinstance(row, dict):
        yield PackError(place.line, name, "", gettext_noop("A rule is an object."))
        return

    def mistake(where: str, message: str, params: Params | None = None) -> PackError:
        return PackError(place.of(where), name, where, message, params or {})

    if not _KEY.fullmatch(str(row.get("key", ""))):
        yield mistake("key", _KEY_WANTED)
    choices = {"category": CATEGORIES, "severity": SEVERITIES, "language": LANGUAGES}
    for field_, known in choices.items():
        if row.get(field_) not in known:
            said = str(row.get(field_, ""))
            yield mistake(field_, _ONE_OF, {"said": said, "known": ", ".join(known)})
    for said in _texts(row, "exceptions") or ():
        if said not in EXCEPTIONS:
            params: Params = {"said": said, "known": ", ".join(EXCEPTIONS)}
            yield mistake("exceptions", _ONE_OF, params)
    for field_ in (*_LISTS, "exceptions"):
        if _texts(row, field_) is None:
            yield mistake(field_, gettext_noop("A list of texts is wanted."))
    if not row.get("terms") and not row.get("patterns"):
        yield mistake("terms", gettext_noop("A rule needs at least one term or pattern."))
    yield from (mistake(*problem) for problem in _entry_problems(row))
    if not _is_by_language(row.get("hint")):
        yield mistake("hint", _HINT_WANTED)
    if not isinstance(row.get("law", ""), str):
        yield mistake("law", gettext_noop("A text is wanted."))
    for field_ in _FLAGS:
        if not isinstance(row.get(field_, False), bool):
            yield mistake(field_, gettext_noop("true or false is wanted."))
    for field_ in row.keys() - set(_FIELDS):
        yield mistake(field_, _UNKNOWN_FIELD, {"field": field_})


def _entry_problems(row: dict[str, Any]) -> Iterator[tuple[str, str, Params]]:
    for field_, longest in _LISTS.items():
        entries = _texts(row, field_) or ()
        if len(entries) > MOST_ENTRIES:
            yield field_, gettext_noop("At most %(most)s entries"), {"most": MOST_ENTRIES}
        for entry in entries:
            if not entry.strip():
                yield field_, gettext_noop("An entry is empty."), {}
            elif len(entry) > longest:
                message = gettext_noop("Longer than %(most)s characters: %(said)s")
                yield field_, message, {"most": longest, "said": entry[:40]}
            elif field_ == "patterns":
                yield from _pattern_problems(entry)
    yield from _joining_problems(_texts(row, "patterns") or ())


def _joining_problems(patterns: Sequence[str]) -> Iterator[tuple[str, str, Params]]:
    """What only shows once the patterns of a rule are one, such as a comment that eats the rest."""
    try:
        alone = [regex.compile(pattern) for pattern in patterns]
    except (regex.error, RecursionError):
        return
    try:
        if alone:
            joined(patterns)
    except (regex.error, RecursionError) as error:
        message = gettext_noop("The patterns do not compile together (%(what)s)")
        yield "patterns", message, {"what": str(error)}


def _pattern_problems(pattern: str) -> Iterator[tuple[str, str, Params]]:
    said: Params = {"said": pattern[:60]}
    if _BACKREFERENCE.search(pattern):
        yield "patterns", _NO_REFERENCE, said
        return
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE)
    except (regex.error, RecursionError) as error:
        message = gettext_noop("The pattern does not compile: %(said)s (%(what)s)")
        yield "patterns", message, {**said, "what": str(error)}
        return
    if compiled.match(""):
        yield "patterns", gettext_noop("The pattern matches nothing at all: %(said)s"), said
        return
    if _NESTED.search(pattern):
        yield "patterns", _SLOW, said
        return
    try:
        for probe in _PROBES:
            compiled.search(probe + "!", timeout=_PROBE_SECONDS)
    except TimeoutError:
        yield "patterns", _SLOW, said


_NO_REFERENCE = gettext_noop(
    "A pattern may not refer to its groups, since all of a rule are one: %(said)s"
)
_SLOW = gettext_noop("The pattern may take too long (a repeat within a repeat): %(said)s")


def _doubles(rows: Sequence[Any], places: Sequence[_Place]) -> Iterator[PackError]:
    keys: dict[str, int] = {}
    terms: dict[tuple[str, str], str] = {}
    for row, place in zip(rows, places, strict=True):
        if not isinstance(row, dict):
            continue
        key = str(row.get("key", ""))
        if key in keys:
            message = gettext_noop("Another rule has this key already, in line %(line)s.")
            yield PackError(place.of("key"), key, "key", message, {"line": keys[key]})
        keys.setdefault(key, place.line)
        for term in _texts(row, "terms") or ():
            other = terms.setdefault((str(row.get("language")), fold(term.strip())), key)
            if other != key:
                message = gettext_noop("“%(said)s” is a term of rule %(other)s already.")
                params = {"said": term, "other": other}
                yield PackError(place.of("terms"), key, "terms", message, params)


def _texts(row: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """The entries of a list of texts; None where it is something else."""
    value = row.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        return None
    return tuple(value)


def _is_by_language(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(language), str) and value[language].strip() for language in LANGUAGES
    )


def _rule(row: dict[str, Any]) -> Rule:
    lists = {name: tuple(row[name]) for name in (*_LISTS, "exceptions") if name in row}
    return Rule(**{**row, **lists, "hint": dict(row["hint"])})
