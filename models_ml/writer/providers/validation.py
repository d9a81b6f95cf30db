"""Reading a model's answer as JSON, believing nothing: fences, prose around it, half an answer."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from jsonschema import Draft202012Validator

from models_ml.writer.providers import BadAnswer, Schema

LONGEST_ANSWER = 100_000
"""Characters; a longer answer is not read at all."""

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}
_SHOWN = 200


def read_answer(text: str, schema: Schema) -> Any:
    """Return the JSON that `text` holds, checked against `schema`; raises BadAnswer.

    A code fence, a thought before and prose around one object are taken off. Half an answer is
    kept as far as whole objects of a list stand in it; nothing is ever made up.
    """
    if len(text) > LONGEST_ANSWER:
        raise BadAnswer(f"the answer has {len(text)} characters", text[:_SHOWN])
    value = _decode(_bare(text), text)
    for error in Draft202012Validator(dict(schema)).iter_errors(value):
        place = "/".join(map(str, error.absolute_path)) or "the answer"
        raise BadAnswer(f"{place}: {error.message[:_SHOWN]}", text)
    return value


def _bare(text: str) -> str:
    bare = _THOUGHT.sub("", text, count=1)
    fenced = _FENCED.match(bare)
    return (fenced.group(1) if fenced else bare).strip()


def _decode(bare: str, text: str) -> Any:
    try:
        return _load(bare)
    except ValueError:
        pass
    start = bare.find("{")
    whole, kept = _outline(bare, start) if start >= 0 else (None, None)
    try:
        if whole is not None and "{" not in bare[whole:]:
            return _load(bare[start:whole])
        if whole is None and kept is not None:
            return _load(kept)
    except ValueError as broken:
        raise BadAnswer(f"no JSON: {broken}", text) from broken
    raise BadAnswer("no JSON, or only the beginning of it", text)


def _load(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _outline(text: str, start: int) -> tuple[int | None, str | None]:
    """Where the object that begins at `start` ends; or, if it does not, what of it is whole.

    What is whole reaches to the last object that ended inside a list, with the brackets around it
    closed.
    """
    stack: list[str] = []
    kept: str | None = None
    is_string = is_escaped = False
    for place in range(start, len(text)):
        sign = text[place]
        if is_string:
            is_string = is_escaped or sign != '"'
            is_escaped = sign == "\\" and not is_escaped
        elif sign == '"':
            is_string = True
        elif sign in _CLOSERS:
            stack.append(_CLOSERS[sign])
        elif stack and sign == stack[-1]:
            stack.pop()
            if not stack:
                return place + 1, None
            if sign == "}" and stack[-1] == "]":
                kept = text[start : place + 1] + "".join(reversed(stack))
        elif sign in "}]":
            return None, None
    return None, kept
