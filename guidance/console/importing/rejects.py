"""The rejects file: every row that was not taken, with file, line, reason and its content."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MAX_TEXT = 500


class RejectsFile:
    """JSON lines `{file, line, code, detail, row}`, readable by its owner alone.

    It is written beside its place and put there when the import ends, so that what people find is
    always the whole list of one import; an import that rejects nothing leaves none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._draft = path.with_suffix(".part")
        self._file = os.fdopen(
            os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            "w",
            encoding="utf-8",
            errors="backslashreplace",
        )

    def add(self, *, file: str, line: int, code: str, detail: str, row: dict[str, Any]) -> None:
        """Note a row; long texts of it are cut."""
        entry = {"file": file, "line": line, "code": code, "detail": detail, "row": _plain(row)}
        self._file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is not None:
            return
        if self.count:
            self._draft.replace(self.path)
        else:
            self._draft.unlink()
            self.path.unlink(missing_ok=True)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        str(name): value[:MAX_TEXT] + "…"
        if isinstance(value, str) and len(value) > MAX_TEXT
        else value
        for name, value in row.items()
    }
