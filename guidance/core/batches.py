"""Batches over HTTP: a JSON object with one list of rows, each read on its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import IO, Any

import msgspec
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from guidance.core.rows import Refused, Row, RowVerdict, Status, count_statuses, decode_row

MAX_ROWS = 1_000
# The status of a body whose one row is refused with this code; 400 for every other.
STATUS_OF_CODE = {
    "conflict": status.HTTP_409_CONFLICT,
    "already_merged": status.HTTP_409_CONFLICT,
    "not_anonymous": status.HTTP_409_CONFLICT,
    "bad_signature": status.HTTP_403_FORBIDDEN,
    "expired": status.HTTP_403_FORBIDDEN,
}


class BatchParser(BaseParser):
    """Hands the body on as bytes; one larger than DATA_UPLOAD_MAX_MEMORY_SIZE is refused (413)."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        assert parser_context is not None
        return parser_context["request"]._request.body


class BadBody(APIException):
    """A body that is not taken as a whole."""

    def __init__(
        self, code: str, detail: str, status_code: int = status.HTTP_400_BAD_REQUEST
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code

    @classmethod
    def of(cls, refused: Refused) -> "BadBody":
        """Return the problem of a body that holds one row, where that row is refused."""
        status_code = STATUS_OF_CODE.get(refused.code, status.HTTP_400_BAD_REQUEST)
        return cls(refused.code, refused.detail, status_code)


def read_rows(body: Any, name: str) -> list[msgspec.Raw]:
    """Return the rows of the list `name` in a JSON object, not yet read; raises BadBody."""
    fields = _read_object(_as_text(body))
    if name not in fields:
        raise BadBody("missing_field", _("The body has no field %(name)s.") % {"name": name})
    if unknown := sorted(fields.keys() - {name}):
        raise BadBody(
            "unknown_field",
            _("The body holds more than %(name)s: %(field)s.")
            % {"name": name, "field": unknown[0][:100]},
        )
    try:
        rows = _ROWS.decode(fields[name])
    except msgspec.MsgspecError:
        raise BadBody("wrong_type", _("%(name)s: must be a list.") % {"name": name}) from None
    if len(rows) > MAX_ROWS:
        raise BadBody(
            "too_many_rows",
            _("%(name)s: holds %(count)d rows; %(most)d are allowed at a time.")
            % {"name": name, "count": len(rows), "most": MAX_ROWS},
            status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        )
    return rows


def read_one(body: Any, decoder: msgspec.json.Decoder[Row]) -> Row:
    """Return the one row that a body holds; raises BadBody."""
    text = _as_text(body)
    _read_object(text)
    try:
        return decode_row(text, decoder)
    except Refused as refused:
        raise BadBody.of(refused) from None


def decode_rows(
    raw_rows: Sequence[msgspec.Raw], decoder: msgspec.json.Decoder[Row]
) -> tuple[dict[int, Row], list[RowVerdict]]:
    """Return the rows that read well, by their place, and a verdict on each of the others."""
    rows: dict[int, Row] = {}
    refused: list[RowVerdict] = []
    for index, raw in enumerate(raw_rows):
        try:
            rows[index] = decode_row(raw, decoder)
        except Refused as reason:
            refused.append(reason.at(index))
    return rows, refused


def upsert_batch(
    body: Any,
    name: str,
    decoder: msgspec.json.Decoder[Row],
    upsert: Callable[[list[Row]], list[RowVerdict]],
) -> dict[str, Any]:
    """Read a batch, hand the rows that read well to `upsert`, and answer what became of each."""
    rows, verdicts = decode_rows(read_rows(body, name), decoder)
    places = list(rows)
    for verdict in upsert(list(rows.values())) if rows else []:
        place = places[verdict.index]
        verdicts.append(RowVerdict(place, verdict.status, verdict.code, verdict.detail))
    verdicts.sort(key=lambda verdict: verdict.index)
    counts = count_statuses(verdicts)
    rejected = [
        {key: value for key, value in asdict(verdict).items() if key != "status"}
        for verdict in verdicts
        if verdict.status is Status.REJECTED
    ]
    return counts | {"rejected": rejected, "rows": [verdict.status for verdict in verdicts]}


def _as_text(body: Any) -> bytes:
    """Return the body as UTF-8 in which every escape stands for a character.

    Half a surrogate pair is none, and would spoil the whole body; written as NUL, which no field
    takes, it spoils its own row.
    """
    if not isinstance(body, bytes) or not body.strip():
        raise BadBody("bad_json", _("The body is empty; send a JSON object."))
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadBody(
            "bad_json", _("The body is not UTF-8: byte %(byte)d.") % {"byte": error.start}
        ) from None
    return _ESCAPE.sub(_without_halves, body) if _HALF.search(body) else body


def _without_halves(escape: re.Match[bytes]) -> bytes:
    return rb"\u0000" if escape["half"] else escape[0]


def _read_object(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(body)
    except msgspec.ValidationError:
        raise BadBody("wrong_type", _("The body must be a JSON object.")) from None
    except RecursionError:
        raise BadBody("bad_json", _("The body is nested too deeply.")) from None
    except msgspec.DecodeError as error:
        raise BadBody("bad_json", _("The body is no JSON: %(error)s.") % {"error": error}) from None


# A surrogate's escape, and every escape as a whole, so that an escaped backslash is not half one.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
