"""One import from its path to its report: recognise the layout, import, roll up."""

import fcntl
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from guidance.behaviour.services.rollups import advance_rollups
from guidance.console.importing.columns import TABLES
from guidance.console.importing.files import FORMATS, FileProblem, TableFile, open_table
from guidance.console.importing.folder import check_header, import_folder
from guidance.console.importing.progress import Progress, within
from guidance.console.importing.rejects import RejectsFile
from guidance.console.importing.report import Report
from guidance.console.importing.retail import import_retail
from guidance.console.importing.retail_lines import COLUMNS, ZONE, is_retail_layout
from guidance.console.importing.store import Run
from guidance.core.jobs import JobContext

UTC_ZONE = ZoneInfo("UTC")
# Share of the time that the import itself takes; the rollups take the rest.
IMPORT_SHARE = 0.9
# Longer than a batch takes, after which a process that lost its lease stops.
LOCK_PATIENCE_SECONDS = 30.0
LOCK_POLL_SECONDS = 0.5


class ImportRuns(Exception):
    """Another process imports the same files."""


def import_shop(
    *,
    path: Path,
    until: date | datetime | None = None,
    shift_weeks: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Import a folder of the shop's own files, or one file of the Online Retail layout.

    Events from `until` on (a date begins at midnight of the layout's zone) are left for a replay;
    the others are moved `shift_weeks` later, their original times kept. Killed and started
    again it goes on; finished and started again it changes nothing. Raises FileProblem for
    files that cannot be imported and ImportRuns where another process imports them already.
    """
    tables = recognise(path)
    report = Report()
    started = time.monotonic()
    tell = progress or (lambda phase, fraction: None)
    folder = _folder_of(path)
    with _alone(folder, tell), RejectsFile(folder / "rejects.jsonl") as rejects:
        run = Run(
            until=moment(until, zone_of(tables)),
            shift=timedelta(weeks=shift_weeks),
            report=report,
            rejects=rejects,
            progress=within(tell, 0.0, IMPORT_SHARE),
        )
        if isinstance(tables, dict):
            import_folder(tables, run)
        else:
            import_retail(tables, run)
    report.rejects_file = rejects.path if rejects.count else None
    tell(_("Rollups"), IMPORT_SHARE)
    report.days_rolled_up = advance_rollups()
    report.seconds = time.monotonic() - started
    (folder / "report.json").write_text(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    return report


def run(context: JobContext) -> dict[str, Any]:
    """Import as a job: the parameters are path, until and shift_weeks."""
    until = context.params.get("until")
    report = import_shop(
        path=Path(context.params["path"]),
        until=datetime.fromisoformat(until) if until else None,
        shift_weeks=context.params.get("shift_weeks", 0),
        progress=context.progress,
    )
    return report.as_json() | {"text": report.as_text()}


def job_params(path: Path, until: datetime | None, shift_weeks: int) -> dict[str, Any]:
    """Return the parameters of a job that imports these files."""
    return {
        "path": str(path.resolve()),
        "until": until.isoformat() if until else None,
        "shift_weeks": shift_weeks,
    }


def recognise(path: Path) -> TableFile | dict[str, TableFile]:
    """Return the Online Retail file, or the folder's files by table, opened and their headers
    checked; raises FileProblem."""
    if path.is_dir():
        return _tables_in(path)
    if not path.is_file():
        raise FileProblem(_("%(path)s is neither a folder nor a file.") % {"path": path})
    table = open_table(path)
    if table.columns is None:
        raise FileProblem(
            _("%(file)s: a single file must be CSV or Parquet.") % {"file": path.name}
        )
    if is_retail_layout(table.columns):
        return table
    missing = [name for name in COLUMNS if name not in table.columns]
    raise FileProblem(
        _(
            "%(file)s is not of the Online Retail layout (missing: %(columns)s). The shop's own "
            "files are imported by naming their folder."
        )
        % {"file": path.name, "columns": ", ".join(missing)}
    )


def zone_of(tables: TableFile | dict[str, TableFile]) -> ZoneInfo:
    """Return the zone on whose clock a date without a time begins."""
    return UTC_ZONE if isinstance(tables, dict) else ZONE


def moment(until: date | datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return the moment that `until` means: of a date, its beginning on the zone's clock."""
    if until is None:
        return None
    if not isinstance(until, datetime):
        until = datetime.combine(until, clock())
    return (until if until.tzinfo else until.replace(tzinfo=zone)).astimezone(UTC)


def _tables_in(folder: Path) -> dict[str, TableFile]:
    tables = {}
    for name in TABLES:
        paths = [path for suffix in FORMATS if (path := folder / f"{name}{suffix}").is_file()]
        if len(paths) > 1:
            raise FileProblem(
                _("%(folder)s holds %(files)s: which is meant?")
                % {"folder": folder, "files": ", ".join(path.name for path in paths)}
            )
        if paths:
            tables[name] = open_table(paths[0])
            check_header(name, tables[name])
    if not tables:
        raise FileProblem(
            _("%(folder)s holds none of %(tables)s (as %(formats)s).")
            % {"folder": folder, "tables": ", ".join(TABLES), "formats": ", ".join(FORMATS)}
        )
    return tables


def _folder_of(path: Path) -> Path:
    """Return where the rejects and the report of this import go."""
    name = re.sub(r"[^\w.-]+", "-", path.resolve().stem) or "shop"
    folder: Path = settings.VAR_DIR / "imports" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone(folder: Path, tell: Progress) -> Iterator[None]:
    """Hold the folder's lock, which the system releases when the process dies.

    A job that was started again waits for its former process, which stops at its next report.
    """
    give_up = time.monotonic() + LOCK_PATIENCE_SECONDS
    with (folder / "lock").open("w") as lock:
        while not _locked(lock):
            if time.monotonic() >= give_up:
                raise ImportRuns(
                    _("Another process imports %(name)s already.") % {"name": folder.name}
                )
            tell(_("Waiting for another import"), 0.0)
            time.sleep(LOCK_POLL_SECONDS)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
