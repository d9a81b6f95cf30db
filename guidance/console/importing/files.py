"""Tables in files: CSV, JSON lines and Parquet, read in batches, each row with its line."""

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

FORMATS = (".parquet", ".jsonl", ".csv")
BATCH_ROWS = 25_000
MAX_LINE = 1 << 20
SAMPLE = 1 << 20
_WIDE_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_GUESSES = ("gb18030", "cp1252")


class FileProblem(Exception):
    """A file that cannot be imported at all; the message names it and says what to do."""


class RawRow(NamedTuple):
    """A row before it is checked.

    `line` is where people find it in the file; `number` counts rows from 1 and is the same in
    every format. `problem` is a code and a sentence where the row could not be read.
    """

    line: int
    number: int
    fields: dict[str, Any]
    problem: tuple[str, str] | None = None


class TableFile(ABC):
    """A table in a file; `open_table` makes the reader that its name asks for.

    `columns` is known on opening (None for JSON lines); `fraction` tells how far reading got.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: list[str] | None = None
        self.fraction = 0.0

    @abstractmethod
    def batches(self, size: int = BATCH_ROWS) -> Iterator[list[RawRow]]:
        """Yield the rows in lists of at most `size`; raises FileProblem."""


class TextTable(TableFile):
    """A table of lines, read one row after the other."""

    def batches(self, size: int = BATCH_ROWS) -> Iterator[list[RawRow]]:
        batch: list[RawRow] = []
        for row in self._rows():
            batch.append(row)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
        self.fraction = 1.0

    @abstractmethod
    def _rows(self) -> Iterator[RawRow]:
        """Yield every row of the file."""


class ParquetTable(TableFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self.file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, "Parquet", error) from None
        self.columns = list(self.file.schema_arrow.names)
        _check_header(path, self.columns)

    def arrow_batches(self, size: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the file's batches as they are, for checks on whole columns."""
        done, total = 0, self.file.metadata.num_rows
        try:
            for batch in self.file.iter_batches(batch_size=size):
                done += batch.num_rows
                self.fraction = done / total
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, "Parquet", error) from None

    def batches(self, size: int = BATCH_ROWS) -> Iterator[list[RawRow]]:
        number = 0
        for batch in self.arrow_batches(size):
            rows = batch.to_pylist()
            yield [RawRow(number + n, number + n, row) for n, row in enumerate(rows, start=1)]
            number += len(rows)
        self.fraction = 1.0


class JsonLines(TextTable):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        check_encoding(path)

    def _rows(self) -> Iterator[RawRow]:
        number = 0
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            for line, text in _bounded_lines(file):
                self.fraction = file.tell() / size
                content = text.removeprefix(b"\xef\xbb\xbf") if line == 1 else text
                if not content.strip():
                    continue
                number += 1
                yield self._row(line, number, content)

    @staticmethod
    def _row(line: int, number: int, text: bytes) -> RawRow:
        if len(text) > MAX_LINE:
            return RawRow(line, number, {}, ("too_long", _("The line is longer than 1 MiB.")))
        try:
            fields = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return RawRow(line, number, {}, ("bad_json", _("The line is no JSON in UTF-8.")))
        if not isinstance(fields, dict):
            return RawRow(line, number, {}, ("bad_json", _("The line is no JSON object.")))
        return RawRow(line, number, fields)


class CsvTable(TextTable):
    """Commas, double quotes, a header; an empty cell is a missing value."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        check_encoding(path)
        with self._open() as file:
            header = next(csv.reader(file), None)
        if header is None:
            raise FileProblem(
                _("%(file)s is empty; its first line must name the columns.") % {"file": path.name}
            )
        self.columns = [name.strip() for name in header]
        _check_header(path, self.columns)

    def _open(self) -> Any:
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")

    def _rows(self) -> Iterator[RawRow]:
        assert self.columns is not None
        size = self.path.stat().st_size
        with self._open() as file:
            reader = csv.reader(file)
            next(reader)
            number = 0
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    number += 1
                    yield RawRow(line, number, {}, _bad_csv(str(error), line, reader.line_num))
                    continue
                if cells is None:
                    return
                if cells:
                    number += 1
                    self.fraction = file.buffer.tell() / size
                    yield self._row(line, number, cells, reader.line_num)

    def _row(self, line: int, number: int, cells: list[str], last_line: int) -> RawRow:
        assert self.columns is not None
        problem = None
        if len(cells) != len(self.columns):
            what = _("The row has %(cells)d cells, the header %(columns)d.") % {
                "cells": len(cells),
                "columns": len(self.columns),
            }
            problem = _bad_csv(what, line, last_line)
        elif [cell.strip() for cell in cells] == self.columns:
            problem = ("header_again", _("The header is repeated here."))
        elif broken := [n for n, cell in zip(self.columns, cells, strict=True) if _is_broken(cell)]:
            problem = ("bad_text", _("%(column)s is not in UTF-8.") % {"column": broken[0]})
            cells = [_printable(cell) for cell in cells]
        fields = {name: cell for name, cell in zip(self.columns, cells, strict=False) if cell != ""}
        return RawRow(line, number, fields, problem)


def open_table(path: Path) -> TableFile:
    """Open a file as the format that its name says; raises FileProblem."""
    readers: dict[str, Callable[[Path], TableFile]] = {
        ".parquet": ParquetTable,
        ".jsonl": JsonLines,
        ".csv": CsvTable,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FileProblem(
            _("%(file)s is none of the formats known here: %(formats)s.")
            % {"file": path.name, "formats": ", ".join(FORMATS)}
        )
    try:
        return reader(path)
    except OSError as error:
        raise FileProblem(f"{path.name}: {error.strerror or error}") from None


def check_encoding(path: Path) -> None:
    """Refuse a text file that is altogether in another encoding than UTF-8.

    A few broken lines are rejected one by one; where most lines with other than ASCII characters
    are broken, rejecting them all would tell less than naming the encoding.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    wide = _WIDE_MARKS.get(sample[:2])
    lines = [line for line in sample.splitlines() if not line.isascii()]
    broken = [line for line in lines[: -1 if len(sample) == SAMPLE else None] if not _is_utf8(line)]
    if not wide and len(broken) < max(2, len(lines) / 2):
        return
    guess = wide or next((name for name in _GUESSES if _decodes(broken, name)), "")
    raise FileProblem(
        _("%(file)s is not in UTF-8%(guess)s. Save it as UTF-8 and import it again.")
        % {
            "file": path.name,
            "guess": _(" but seems to be in %(encoding)s") % {"encoding": guess} if guess else "",
        }
    )


def _bad_csv(what: str, first: int, last: int) -> tuple[str, str]:
    """Return the problem of a row; one that runs over lines, as an open quote does, says so."""
    where = _(" It runs on to line %(line)d.") % {"line": last} if last > first else ""
    return "bad_csv", what + where


def _is_utf8(text: bytes) -> bool:
    return _decodes([text], "utf-8")


def _decodes(lines: list[bytes], encoding: str) -> bool:
    try:
        b"\n".join(lines).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_broken(cell: str) -> bool:
    return not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell)


def _printable(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _bounded_lines(file: Any) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their number; one too long comes cut, and its rest is left out."""
    line = 0
    while text := file.readline(MAX_LINE + 1):
        line += 1
        yield line, text
        while len(text) > MAX_LINE and not text.endswith(b"\n"):
            text = file.readline(MAX_LINE + 1)
            if not text:
                break


def _check_header(path: Path, columns: list[str]) -> None:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise FileProblem(
            _("%(file)s names a column twice: %(columns)s.")
            % {"file": path.name, "columns": ", ".join(twice)}
        )


def _unreadable(path: Path, format_name: str, error: Exception) -> FileProblem:
    return FileProblem(
        _("%(file)s cannot be read as %(format)s: %(error)s")
        % {"file": path.name, "format": format_name, "error": str(error).splitlines()[0]}
    )
