"""The drop folder of monthly figures: real files, every kind of bad one, and the sample of 2024."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula

from dondoc.index.figures import Reading
from tasks.index.sources import metrics, read_figures

CONFIG = Path(__file__).parents[3] / "config"
METRICS = metrics(CONFIG)
HEAD = ["thang", "ma", "tu_so", "mau_so", "diem", "ngay_chot"]
ROW = ["2024-03", "PUBLISH_ON_TIME", "9", "10", "5.4", "28/03/2024"]
CSV = f"{','.join(HEAD)}\n{','.join(ROW)}\n"
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, **files: bytes) -> Reading:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return read_figures(folder, 2024, METRICS)


def book(*rows: list[object], title: str = "Sheet", more: dict[str, list[list[object]]] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    sheets = {title: list(rows), **(more or {})}
    for i, (name, content) in enumerate(sheets.items()):
        sheet = workbook.worksheets[0] if i == 0 else workbook.create_sheet()
        sheet.title = name
        for row in content:
            sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def forged(sheet: bytes) -> bytes:
    """A workbook whose first sheet holds these bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book())) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name.endswith("sheet1.xml") else old.read(name))
    return stream.getvalue()


def only_fault(reading: Reading) -> str:
    (fault,) = reading.faults
    assert "\n" not in str(fault)
    return str(fault)


# -- what is read


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("\n", "\r").encode(),
        CSV.replace(",", ";").replace("5.4", "5,4").encode(),
        CSV.replace(",", "\t").encode(),
        CSV.replace("5.4", '"5,4"').encode(),
        ("sep=;\n" + CSV.replace(",", ";")).encode(),
        CSV.replace("28/03/2024", "2024-03-28").encode(),
    ],
)
def test_csv_is_read_in_every_usual_form(tmp_path: Path, content: bytes) -> None:
    reading = read(tmp_path, a__csv=content)
    assert reading.faults == ()
    (figure,) = reading.months["2024-03"].figures
    assert (figure.numerator, figure.denominator, figure.score) == (9, 10, "5.4")
    assert figure.closed_on == date(2024, 3, 28)
    assert reading.files[0].size == len(content)


@pytest.mark.parametrize(
    "day", [date(2024, 3, 28), datetime.fromisoformat("2024-03-28T16:30"), "28/03/2024", "2024-03-28"]
)
@pytest.mark.parametrize("month", ["2024-03", 3, 3.0, date(2024, 3, 1)])
def test_xlsx_is_read_with_real_dates_and_numbers(tmp_path: Path, day: object, month: object) -> None:
    reading = read(tmp_path, a__xlsx=book(list(HEAD), [month, "PUBLISH_ON_TIME", 9, 10.0, 5.4, day]))
    assert reading.faults == ()
    (figure,) = reading.months["2024-03"].figures
    assert (figure.numerator, figure.denominator, figure.score) == (9, 10, "5.4")
    assert figure.closed_on == date(2024, 3, 28)


def test_sheets_of_a_workbook_are_read_and_named_in_faults_while_notes_are_passed_over(tmp_path: Path) -> None:
    april: list[list[object]] = [list(HEAD), ["2024-04", "PUBLISH_ON_TIME", "x", 10, None, "26/04/2024"]]
    notes: list[list[object]] = [["Mã", "Tên"], ["PUBLISH_ON_TIME", "TTHC công bố đúng hạn"]]
    content = book(list(HEAD), list(ROW), title="T3", more={"T4": april, "Danh mục": notes})
    reading = read(tmp_path, a__xlsx=content)
    assert only_fault(reading).startswith("a.xlsx [T4]:2: tử số")
    assert [file.name for file in reading.files_of("2024-03")] == ["a.xlsx"]


def test_several_files_make_a_year_and_a_difference_names_both(tmp_path: Path) -> None:
    other = CSV.replace("9,10", "8,10").encode()
    april = CSV.replace("2024-03", "2024-04").replace("28/03", "26/04").encode()
    reading = read(tmp_path, a__csv=CSV.encode(), b__csv=other, c__csv=april)
    assert only_fault(reading).startswith("b.csv:2: PUBLISH_ON_TIME tháng 2024-03 ghi khác với a.csv:2")
    assert set(reading.months) == {"2024-04"}


def test_what_is_nobodys_figures_is_passed_over(tmp_path: Path) -> None:
    names = ["~$a.xlsx", ".~lock.a.xlsx#", ".hidden.csv", "README.md", "a.csv.part", "a.csv~", "Thumbs.db", "x.TMP"]
    for name in names:
        (tmp_path / name).write_bytes(b"\xff\xfe\xff")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    (tmp_path / "dead.csv").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.csv")
    assert read(tmp_path) == Reading(2024, {}, (), ())


# -- what is refused


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    reading = read_figures(tmp_path / "2024", 2024, METRICS)
    assert "chưa có thư mục số liệu" in only_fault(reading)
    assert len(reading.absent) == 12


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "2024").write_text("")
    assert "không mở được thư mục" in only_fault(read_figures(tmp_path / "2024", 2024, METRICS))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (CSV.encode() + "2024-03,Công bố đúng hạn".encode("cp1258", "replace") + b"\xfd\xf2", 3),
        ("thang,ma,ten\n3,X,Tû sè ®óng h¹n".encode("latin-1"), 2),
        ("Th¸ng,M·,Tö sè,MÉu sè\n".encode(), 1),
        (CSV.encode("utf-16-le"), 1),
        (CSV.encode("utf-32"), 1),
        (CSV.encode() + b"3,\x00", 3),
        (CSV.encode() + "3,c\ufffdng".encode(), 3),
        (CSV.encode("utf-16")[:-1], 2),
    ],
)
def test_text_that_is_not_unicode_is_told_to_be_saved_as_utf8(tmp_path: Path, content: bytes, line: int) -> None:
    said = only_fault(read(tmp_path, a__csv=content))
    assert said.startswith(f"a.csv:{line}: ")
    assert "lưu lại dưới dạng UTF-8" in said


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "a.csv:1: không thấy dòng tiêu đề"),
        ("a.xlsx", book(), "a.xlsx:1: không thấy dòng tiêu đề"),
        ("a.xlsx", b"", "a.xlsx:1: tệp Excel hỏng"),
        ("a.xlsx", CSV.encode(), "a.xlsx:1: tệp Excel hỏng"),
        ("a.xlsx", book(list(HEAD))[:-30], "a.xlsx:1: tệp Excel hỏng"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "có mật khẩu"),
        ("a.csv", book(list(HEAD)), 'không đọc được loại tệp ".csv (zip)"'),
        ("a.xls", b"", 'không đọc được loại tệp ".xls"'),
        ("a.pdf", b"", "hãy lưu lại thành .xlsx hoặc .csv"),
        ("noextension", b"", 'loại tệp "noextension"'),
        ("a.csv", CSV.encode() + b'3,"unclosed\n4,x\n', "a.csv:3: bảng CSV hỏng"),
        ("a.csv", CSV.encode() + b"x" * 5_000_001, "quá giới hạn 5000000 byte"),
        ("a.csv", CSV.encode() + b"x\n" * 20_001, "a.csv:20001: bảng có hơn 20000 dòng"),
        ("a.csv", CSV.replace("5.4", "5,4").encode(), "dòng có nhiều ô hơn tiêu đề"),
        ("a.csv", CSV.replace("9,10", "=1+1,10").encode(), "chứa công thức"),
        ("a.xlsx", book(list(HEAD), [*ROW[:2], "=4+5", *ROW[3:]]), 'a.xlsx:2: cột tử số chứa công thức "=4+5"'),
        ("a.xlsx", book(list(HEAD), [*ROW[:2], ArrayFormula("C2", "=SUM(D2)"), *ROW[3:]]), 'công thức "=SUM(D2)"'),
        ("a.xlsx", book(list(HEAD), [*ROW[:2], "#REF!", *ROW[3:]]), 'tử số "#REF!" không phải là số'),
        ("a.xlsx", book(list(HEAD), [*ROW[:2], 9.5, *ROW[3:]]), "không phải số nguyên"),
        ("a.xlsx", book(list(HEAD), [*ROW[:2], True, *ROW[3:]]), "không phải là số"),
        ("a.xlsx", book(list(HEAD), [*ROW[:2], -1, *ROW[3:]]), "là số âm"),
        ("a.xlsx", book(list(HEAD), [*ROW[:5], 45379]), 'không hiểu ngày chốt "45379"'),
        ("a.xlsx", forged(b" " * 20_000_001), "bung ra quá 20000000 byte"),
        ("a.xlsx", forged(b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'), "tệp Excel hỏng"),
        ("a.xlsx", forged(b"<a"), "tệp Excel hỏng"),
    ],
)
def test_a_bad_file_is_told_with_its_place(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    said = str(read_figures(tmp_path, 2024, METRICS).faults[0])
    assert said.startswith(f"{name}:")
    assert says in said


def test_a_bad_file_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    reading = read(tmp_path, a__csv=b"\xff", b__csv=CSV.encode(), c__xlsx=b"PK\x03\x04")
    assert [fault.file for fault in reading.faults] == ["a.csv", "c.xlsx"]
    assert set(reading.months) == {"2024-03"}
    assert len(reading.files) == 3


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(201):
        (tmp_path / f"{number}.csv").write_bytes(b"")
    assert "thư mục có 201 tệp" in only_fault(read(tmp_path))


def test_a_name_with_a_line_break_or_odd_bytes_stays_on_one_line(tmp_path: Path) -> None:
    for name in (b"a\nb.csv", b"\xff\x1b.csv"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")
    reading = read(tmp_path)
    assert [fault.file for fault in reading.faults] == ["??.csv", "a?b.csv"]
    assert [file.name.encode() for file in reading.files] == [b"a?b.csv", b"??.csv"]


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    (tmp_path / "a.csv").write_bytes(CSV.encode())
    monkeypatch.setattr(os, "open", refuse)
    assert "không đọc được tệp" in only_fault(read_figures(tmp_path, 2024, METRICS))


def test_a_file_still_being_written_is_left_for_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.encode())
    stat, looks = os.fstat, []

    def growing(descriptor: int) -> os.stat_result:
        looks.append(descriptor)
        if len(looks) % 2 == 0:
            with path.open("ab") as file:
                file.write(b"2024-04")
        return stat(descriptor)

    monkeypatch.setattr(os, "fstat", growing)
    assert "đang được ghi dở" in only_fault(read_figures(tmp_path, 2024, METRICS))


# -- whatever lies there


@SHARED
@given(content=st.binary(max_size=400), name=st.sampled_from(["a.csv", "a.xlsx", "a.tsv", "a.txt", "a.ods"]))
def test_any_bytes_are_read_without_raising(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_figures(tmp_path, 2024, METRICS).months == {}
    (tmp_path / name).unlink()


@SHARED
@given(data=st.data())
def test_a_damaged_workbook_is_read_without_raising(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(_BOOK)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    reading = read(tmp_path, a__xlsx=bytes(content))
    assert reading.faults or reading.months


@SHARED
@given(sheet=st.text(max_size=60), value=st.sampled_from(["1e999", "nan", "9" * 400, "-0", "1.5", "", "x", "99"]))
def test_forged_cells_are_read_without_raising(tmp_path: Path, sheet: str, value: str) -> None:
    space = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    for kind in ("n", "s", "d", "b", "e", "str"):
        cell = f'<row r="1"><c r="A1" t="{kind}"><v>{value}</v></c></row>'.encode()
        assert read(tmp_path, a__xlsx=forged(space + cell + b"</sheetData></worksheet>")).faults
    assert read(tmp_path, a__xlsx=forged(space + sheet.encode())).faults


_BOOK = book(list(HEAD), list(ROW))


# -- the sample


def test_the_sample_of_2024_is_a_whole_year_without_a_fault() -> None:
    reading = read_figures(CONFIG / "demo" / "figures" / "2024", 2024, METRICS)
    assert reading.faults == ()
    assert reading.absent == ()
    assert all(month.complete for month in reading.months.values())
    assert sorted(Path(file.name).suffix for file in reading.files) == [".csv"] * 15 + [".xlsx"] * 3
    late = [month.month for month in reading.months.values() if f"{month.closed_on:%Y-%m}" != month.month]
    assert late == ["2024-04", "2024-08", "2024-10"]
    assert reading.months["2024-04"].closed_on == date(2024, 5, 3)
    assert not any(month.unavailable for month in reading.months.values())


def test_the_corrections_of_the_sample_are_seen_from_their_closing_dates_on() -> None:
    folder = CONFIG / "demo" / "figures" / "2024"
    before = read_figures(folder, 2024, METRICS, date(2024, 9, 15)).months["2024-08"]
    after = read_figures(folder, 2024, METRICS, date(2024, 9, 16)).months["2024-08"]
    assert (before.unavailable, before.closed_on) == (("ELECTRONIC_CERTIFIED_COPY",), date(2024, 8, 27))
    assert (after.unavailable, after.closed_on, after.complete) == ((), date(2024, 9, 16), True)
    wrong, right = (
        next(
            f.score
            for f in read_figures(folder, 2024, METRICS, day).months["2024-10"].figures
            if f.code.startswith("SO_HOA")
        )
        for day in (date(2024, 11, 7), date(2024, 11, 8))
    )
    assert (wrong, right) == ("2.35", "3.25")


def test_reading_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    read(tmp_path, a__csv=CSV.encode(), b__xlsx=_BOOK)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    read_figures(tmp_path, 2024, METRICS)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
