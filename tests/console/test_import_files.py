"""Files that cannot be read, or only in part: each says which file and line, and what is wrong."""

import fcntl
import json
from pathlib import Path

import pandas as pd
import pytest

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.console.importing import runner
from guidance.console.importing.files import MAX_LINE, FileProblem, open_table
from guidance.console.importing.runner import ImportRuns, recognise
from tests.console.conftest import LINE, Importer, rejects_of, write_csv, write_jsonl

HEADER = ",".join(LINE) + "\n"
ROW = ",".join(LINE.values()) + "\n"


def _rows(path: Path) -> list[tuple[int, int, str]]:
    """Return line, number and problem of every row."""
    table = open_table(path)
    return [
        (row.line, row.number, row.problem[0] if row.problem else "")
        for batch in table.batches()
        for row in batch
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("shop.parquet", b"PAR1 no table", "shop.parquet cannot be read as Parquet"),
        ("shop.parquet", b"", "shop.parquet cannot be read as Parquet"),
        ("shop.csv", b"", "shop.csv is empty"),
        ("shop.csv", b"sku,sku\n", "shop.csv names a column twice: sku"),
        ("shop.csv", HEADER.encode("utf-16"), "UTF-16"),
        ("shop.csv", "sku,title\n1,龙井\n2,绿茶\n".encode("gb18030"), "gb18030"),
        ("shop.csv", b"InvoiceNo,StockCode\n1,2\n", "missing: Description, Quantity"),
        ("shop.xlsx", b"PK", "none of the formats"),
        ("shop.jsonl", b'{"sku": "1"}\n', "a single file must be CSV or Parquet"),
    ],
)
def test_a_file_that_cannot_be_imported_names_itself_and_the_reason(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=said):
        recognise(path)


def test_a_parquet_file_that_lacks_its_end_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "shop.parquet"
    pd.DataFrame([LINE] * 500).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileProblem, match=r"shop\.parquet cannot be read"):
        recognise(path)


def test_a_path_that_is_not_there_and_a_folder_without_tables_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="neither a folder nor a file"):
        recognise(tmp_path / "nowhere")
    with pytest.raises(FileProblem, match="none of products, customers, campaigns, events"):
        recognise(tmp_path)


def test_two_files_of_one_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("sku,title\n")
    (tmp_path / "products.jsonl").write_text("")
    with pytest.raises(FileProblem, match=r"products\.jsonl, products\.csv: which is meant"):
        recognise(tmp_path)


def test_a_table_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("time,sku\n")
    with pytest.raises(FileProblem, match=r"events\.csv lacks the columns kind"):
        recognise(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_column(
    importer: Importer, tmp_path: Path
) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(HEADER + ROW, encoding="utf-8-sig")
    assert importer(path).tables["order_lines"].imported == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("only,three,cells\n", "bad_csv"),
        (ROW.strip() + ",one more\n", "bad_csv"),
        (HEADER, "header_again"),
        (ROW.replace("WHITE", "x" * 200_000), "bad_csv"),
        (ROW.replace("WHITE", "caf\udce9"), "bad_text"),
    ],
)
def test_a_broken_line_of_a_csv_file_is_rejected_and_the_rest_is_read(
    importer: Importer, tmp_path: Path, line: str, code: str
) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(HEADER + ROW + line + ROW, encoding="utf-8", errors="surrogateescape")
    report = importer(path)
    assert rejects_of(report) == [(3, code)]
    assert Event.objects.count() == 2


def test_the_line_of_a_row_is_where_it_begins_though_cells_have_line_breaks(
    importer: Importer, tmp_path: Path
) -> None:
    broken = ROW.replace("WHITE HANGING", '"two\nlines"').replace(" HEART T-LIGHT HOLDER", "")
    bad = ROW.replace("2.55", "-2")
    path = tmp_path / "shop.csv"
    path.write_text(HEADER + broken + "\n" + bad)
    assert rejects_of(importer(path)) == [(5, "negative_price")]


def test_a_quote_that_never_ends_costs_its_lines_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    good = ROW * 3_000
    path.write_text(HEADER + '"never closed,' + good)
    rows = [row for batch in open_table(path).batches() for row in batch]
    assert [row.line for row in rows if row.problem] == [2]
    problem = rows[0].problem
    assert problem is not None
    assert f"runs on to line {rows[1].line - 1}." in problem[1]
    assert rows[-1].line == 3_001


def test_json_lines_tell_what_is_no_object_and_skip_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "products.jsonl"
    good = json.dumps({"sku": "1", "title": "Tea"}).encode()
    lines = [good, b"", b"{broken", b"[1]", b"\xff\xfe", b'"' + b"x" * (3 * MAX_LINE), good]
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    assert _rows(path) == [
        (1, 1, ""),
        (3, 2, "bad_json"),
        (4, 3, "bad_json"),
        (5, 4, "bad_json"),
        (6, 5, "too_long"),
        (7, 6, ""),
    ]


def test_rows_come_in_batches_and_the_share_read_ends_at_one(tmp_path: Path) -> None:
    frame = pd.DataFrame({"sku": [str(n) for n in range(25)]})
    frame.to_parquet(tmp_path / "products.parquet")
    frame.to_csv(tmp_path / "products.csv", index=False)
    for name in ("products.parquet", "products.csv"):
        table = open_table(tmp_path / name)
        assert [len(batch) for batch in table.batches(10)] == [10, 10, 5]
        assert table.fraction == 1.0


def test_the_rejects_file_holds_file_line_reason_and_row_and_only_its_owner_reads_it(
    importer: Importer, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "products.jsonl", [{"sku": "1", "title": "T" * 900, "price": "x"}])
    path = importer(tmp_path).rejects_file
    assert path is not None
    entry = json.loads(path.read_text())
    assert (entry["file"], entry["line"], entry["code"]) == ("products.jsonl", 1, "malformed")
    assert "price" in entry["detail"]
    assert entry["row"] == {"sku": "1", "title": "T" * 500 + "…", "price": "x"}
    assert path.stat().st_mode & 0o077 == 0


def test_an_import_without_rejects_takes_the_old_rejects_file_away(
    importer: Importer, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    old = importer_with_reject = write_jsonl(folder / "products.jsonl", [{"title": "no sku"}])
    rejected = importer(folder).rejects_file
    assert rejected is not None
    write_jsonl(importer_with_reject, [{"sku": "1", "title": "Tea"}])
    assert importer(folder).rejects_file is None
    assert not rejected.exists()
    assert old.exists()


def test_two_imports_of_the_same_files_do_not_run_at_once(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOCK_PATIENCE_SECONDS", 0.0)
    path = write_csv(tmp_path / "shop.csv", [LINE])
    folder = tmp_path / "var" / "imports" / "shop"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ImportRuns):
            importer(path)
    assert not Product.objects.exists()
    assert importer(path).tables["order_lines"].imported == 1


def test_an_import_waits_for_a_former_process_that_is_about_to_stop(
    importer: Importer, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "shop.csv", [LINE])
    folder = tmp_path / "var" / "imports" / "shop"
    folder.mkdir(parents=True)
    phases = []
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def progress(phase: str, fraction: float) -> None:
            phases.append(phase)
            fcntl.flock(lock, fcntl.LOCK_UN)

        assert importer(path, progress=progress).tables["order_lines"].imported == 1
    assert phases[0] == "Waiting for another import"
