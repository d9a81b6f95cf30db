"""Row types as the OpenAPI document shows them."""

from inspect import cleandoc
from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from guidance.core.rows import Status


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the document says that calls carry an API key; registered by being defined."""

    target_class = "guidance.core.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a msgspec type with everything it refers to in its place."""
    schema = msgspec.json.schema(kind)
    named = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, named)
    return inlined


def batch_of(name: str, kind: Any, most: int) -> dict[str, Any]:
    """Return the schema of `{name: [row, ...]}` with so many rows at most."""
    rows = {"type": "array", "items": schema_of(kind), "maxItems": most}
    return {
        "type": "object",
        "properties": {name: rows},
        "required": [name],
        "additionalProperties": False,
    }


def _inline(part: Any, named: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inline(item, named) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inline(named[part["$ref"].rpartition("/")[2]], named)
    return {key: _readable(key, _inline(value, named)) for key, value in part.items()}


def _readable(key: str, value: Any) -> Any:
    """Write patterns as ECMAScript does, and descriptions without their indentation."""
    if key == "pattern":
        return value.replace(r"\A", "^").replace(r"\Z", "$")
    return cleandoc(value) if key == "description" else value


REJECTED: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "index": {"type": "integer", "description": "The row's place, from 0."},
            "code": {"type": "string", "description": "For programs: unknown_product."},
            "detail": {"type": "string", "description": "For people: what is wrong, and where."},
        },
    },
}
TAKEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer"},
        "duplicates": {"type": "integer"},
        "rejected": REJECTED,
    },
}
UPSERTED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "created": {"type": "integer"},
        "updated": {"type": "integer"},
        "unchanged": {"type": "integer"},
        "rejected": REJECTED,
        "rows": {
            "type": "array",
            "items": {"enum": [status.value for status in Status]},
            "description": "What became of each row, in their order.",
        },
    },
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
}
PROBLEMS = {
    (400, "application/problem+json"): PROBLEM,
    (401, "application/problem+json"): PROBLEM,
    (403, "application/problem+json"): PROBLEM,
    (413, "application/problem+json"): PROBLEM,
    (429, "application/problem+json"): PROBLEM,
}
