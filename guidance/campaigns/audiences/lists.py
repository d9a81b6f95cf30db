"""Lists of pseudonyms as people have them: a CSV, a spreadsheet or lines that they paste."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

MOST_ROWS = 500_000
MOST_BYTES = 32 * 1024 * 1024
# A spreadsheet is a packed folder: unpacked it may be larger, but not without end.
MOST_UNPACKED = 512 * 1024 * 1024
DELIMITERS = ",;\t|"
# A first line with one of these names its columns; without one the first column is taken.
HEADERS = ("customer", "customer_id", "pseudonym", "ref", "顾客", "客户", "假名")

# The row's number as a spreadsheet counts, and the pseudonym.
Line = tuple[int, str]


def read_file(file: IO[bytes], name: str, size: int) -> list[Line]:
    """Return the pseudonyms of a CSV or XLSX file, by row; raises ValidationError."""
    if size > MOST_BYTES:
        told = _("The file is larger than %(most)d MiB.") % {"most": MOST_BYTES >> 20}
        raise ValidationError(told)
    content = file.read()
    if name.lower().endswith(".xlsx"):
        return _checked(_column(_sheet_rows(content)))
    if name.lower().endswith((".csv", ".txt", ".tsv")):
        return read_text(_decoded(content))
    raise ValidationError(_("Choose a CSV or XLSX file."))


def read_text(text: str) -> list[Line]:
    """Return the pseudonyms of pasted lines or a CSV's text."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count) if any(d in first for d in DELIMITERS) else ","
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter)
    try:
        return _checked(_column((reader.line_num, row) for row in reader))
    except csv.Error as error:
        told = _("Line %(line)d cannot be read: %(error)s")
        raise ValidationError(told % {"line": reader.line_num, "error": error}) from None


def _checked(lines: Iterable[Line]) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        if len(found) == MOST_ROWS:
            raise ValidationError(_("More than %(most)d rows at once.") % {"most": MOST_ROWS})
        found.append(line)
    if not found:
        raise ValidationError(_("There is no pseudonym in it."))
    return found


def _column(rows: Iterable[tuple[int, list[Any]]]) -> Iterator[Line]:
    """Yield the column that holds pseudonyms; rows without any cell are passed over."""
    place, is_first = 0, True
    for number, row in rows:
        cells = [_as_text(cell) for cell in row]
        if not any(cells):
            continue
        if is_first:
            is_first = False
            names = [cell.lower() for cell in cells]
            known = [names.index(name) for name in HEADERS if name in names]
            if known:
                place = known[0]
                continue
        yield number, cells[place] if place < len(cells) else ""


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() if cell is not None else ""


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        told = _("The file is not in UTF-8: byte %(byte)d. Save it as UTF-8.")
        raise ValidationError(told % {"byte": error.start}) from None


def _sheet_rows(content: bytes) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of a workbook's first sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as folder:
            if sum(one.file_size for one in folder.infolist()) > MOST_UNPACKED:
                raise ValidationError(_("The spreadsheet is too large when unpacked."))
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
    except (zipfile.BadZipFile, CalamineError, OSError, IndexError) as error:
        told = _("The spreadsheet cannot be read: %(error)s")
        raise ValidationError(told % {"error": error}) from None
    first = sheet.start[0] if sheet.start else 0
    return ((first + n, row) for n, row in enumerate(sheet.to_python(skip_empty_area=True), 1))
