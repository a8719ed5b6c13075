"""Figures as programs and printed forms write them: each public case with its right value, and its neighbours."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from dondoc.index.definitions import FigureError, Metrics
from dondoc.index.figure import Figure, Rejected
from dondoc.index.figures import Reading, gather
from dondoc.index.row_parser import read_rows
from dondoc.index.rules import Source
from tasks.config.loading import load_rules
from tasks.index.figure_source import answer_rows
from tasks.index.sources import metrics
from tasks.spreadsheets.reading import tables

CASES = Path(__file__).parent / "cases"
CONFIG = Path(__file__).parents[3] / "config"
METRICS: Metrics = metrics(CONFIG)
OFFICE = load_rules(CONFIG).office


def read(suffix: str, content: bytes) -> Reading:
    rows: list[Figure | Rejected] = []
    for sheet, found in tables(suffix, content, METRICS):
        rows += read_rows("f", found, 2026, METRICS, sheet, OFFICE)
    return gather(2026, METRICS, rows)


def case(name: str) -> Reading:
    return read(Path(name).suffix, (CASES / name).read_bytes())


def counts(reading: Reading) -> list[tuple[str, int | None, int | None, str | None]]:
    assert not reading.faults, [str(fault) for fault in reading.faults]
    return [
        (name, figure.numerator, figure.denominator, figure.score)
        for name, month in reading.months.items()
        for figure in month.given
    ]  # fmt: skip


def csv(*lines: str) -> Reading:
    return read(".csv", "\n".join(("Tháng;Mã;Tên;Tử số;Mẫu số;Điểm;Ngày chốt", *lines)).encode())


def book(*rows: list[object], hidden_rows: tuple[int, ...] = (), state: str = "visible") -> bytes:
    workbook, stream = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        workbook.worksheets[0].append(row)
    for line in hidden_rows:
        workbook.worksheets[0].row_dimensions[line].hidden = True
    if state != "visible":
        workbook.create_sheet("Bìa")
        workbook.worksheets[0].sheet_state = state
    workbook.save(stream)
    return stream.getvalue()


HEAD: list[object] = ["Tháng", "Mã", "Tử số", "Mẫu số", "Ngày chốt"]
ROW: list[object] = ["2026-03", "PUBLISH_ON_TIME", 10, 20, "30/03/2026"]


def test_the_portals_doubles_are_counts_and_a_score_with_all_its_digits() -> None:
    answer = (CASES / "09-portal-doubles.json").read_bytes()
    rows = answer_rows(Source(url="x", rows="data"), answer, "2026-03", date(2026, 3, 30))
    (figure,) = read_rows("f", rows, 2026, METRICS)
    assert isinstance(figure, Figure), figure
    assert (figure.numerator, figure.denominator, figure.score) == (1234, 1300, "5.695384615384615")


@pytest.mark.parametrize(
    ("written", "count"),
    [("1.2345678E7", 12345678), ("12.0E0", 12), ("1e3", 1000), ("NaN", None), ("null", None), ("1300", 1300)],
)
def test_a_number_of_json_is_read_as_it_is_however_a_program_wrote_it(written: str, count: int | None) -> None:
    answer = f'[{{"code": "PUBLISH_ON_TIME", "numerator": 0, "denominator": {written}}}]'.encode()
    (figure,) = read_rows("f", answer_rows(Source(url="x"), answer, "2026-03", date(2026, 3, 30)), 2026, METRICS)
    assert isinstance(figure, Figure), figure
    assert figure.denominator == count


def test_a_number_of_json_that_would_fill_the_memory_is_a_fault() -> None:
    answer = b'[{"code": "PUBLISH_ON_TIME", "numerator": 1e999999999, "denominator": 2}]'
    (row,) = read_rows("f", answer_rows(Source(url="x"), answer, "2026-03", date(2026, 3, 30)), 2026, METRICS)
    assert isinstance(row, Rejected)


def test_a_column_with_gaps_as_pandas_writes_it_keeps_its_counts() -> None:
    assert counts(case("10-pandas-gap.csv")) == [
        ("2026-03", 10, 20, "5.0"), ("2026-03", 11, 21, "3.0"), ("2026-03", None, None, None),
    ]  # fmt: skip


def test_a_computed_score_is_taken_with_its_digits() -> None:
    assert counts(case("11-score-computed.xlsx")) == [("2026-03", 1234, 1300, "5.695384615384615")]


def test_a_strict_workbook_is_read_like_any_other() -> None:
    assert [row[1:3] for row in counts(case("12-strict-open-xml.xlsx"))] == [(10, 20), (11, 21), (12, 22)]


def test_a_hidden_sheet_is_not_counted() -> None:
    assert [row[0] for row in counts(case("13-hidden-draft-sheet.xlsx"))] == ["2026-03"] * 3
    for state in ("hidden", "veryHidden"):
        (fault,) = read(".xlsx", book(HEAD, ROW, state=state)).faults
        assert "không thấy dòng tiêu đề" in fault.message


def test_a_hidden_row_that_holds_something_is_told_not_counted_and_not_lost() -> None:
    with pytest.raises(FigureError) as refused:
        read(".xlsx", book(HEAD, ROW, ROW, hidden_rows=(3,)))
    assert (refused.value.key, refused.value.line) == ("row_hidden", 3)
    assert counts(read(".xlsx", book(HEAD, ROW, [], hidden_rows=(3,))))


def test_a_unit_of_measure_is_no_body() -> None:
    faults = case("14-unit-of-measure.xlsx").faults
    assert {fault.message.partition("là")[0].strip() for fault in faults} == {'"hồ sơ"', '"TTHC"'}


@pytest.mark.parametrize("text", ["Hồ sơ", "ho so/tháng", "%", "Trường hợp", "(hồ sơ)", "lượt; người"])
def test_what_is_counted_is_refused_where_a_body_should_stand(text: str) -> None:
    rows = [(1, ["thang", "ma", "don_vi", "tu_so", "mau_so", "ngay_chot"]),
            (2, ["2026-03", "PUBLISH_ON_TIME", text, "1", "2", "30/03/2026"])]  # fmt: skip
    (row,) = read_rows("f", rows, 2026, METRICS, office=OFFICE)
    assert isinstance(row, Rejected)
    assert "đơn vị tính" in row.faults[0].message


def test_the_rows_of_a_printed_form_are_passed_over() -> None:
    assert counts(case("20-numbered-columns.csv")) == [("2026-03", 10, 20, "5.82")]


@pytest.mark.parametrize(
    "row",
    [
        "A;B;C;1;2;3;4", "(A);(B);(C);(1);(2);(3)=(1)/(2);(4)", "1;2;3;4;5;6;7",
        "Cộng;;;10;20;;", "TỔNG SỐ:;;;10;20;5;", ";;Tổng cộng;;;;", "I;Công khai, minh bạch;;;;18;",
        ";II. Tiến độ, kết quả giải quyết;;;;;", "Tháng;Mã;Tên;Tử số;Mẫu số;Điểm;Ngày chốt",
        "Người lập biểu;;;Thủ trưởng đơn vị;;;", ";;;;Quảng Ngãi, ngày 30 tháng 3 năm 2026;;", "Ghi chú: số liệu đến hết quý;;;;;;",
    ],
)  # fmt: skip
def test_a_row_of_the_forms_own_is_no_fault(row: str) -> None:
    assert counts(csv(row, "3;PUBLISH_ON_TIME;x;10;20;5,82;30/03/2026")) == [("2026-03", 10, 20, "5.82")]


@pytest.mark.parametrize(
    "row",
    [
        "3;;;10;20;5;30/03/2026", ";PUBLISH_ON_TIME;;10;20;5;30/03/2026", "3;PUBLISH_ONTIME;;;;;",
        "tháng lạ;;;10;20;5;30/03/2026", "3;ZZZ;;10;20;;30/03/2026", "3;;;;;;",
    ],
)  # fmt: skip
def test_a_row_that_may_be_a_figure_is_never_passed_over(row: str) -> None:
    assert csv("2;PUBLIC_UPDATE_ON_TIME;x;1;2;;27/02/2026", row).faults


def test_a_month_and_a_day_may_be_written_out() -> None:
    assert counts(case("21-day-with-dashes.csv")) == [("2026-03", 10, 20, None)]
    (figure,) = csv("tháng ba;PUBLISH_ON_TIME;x;10,0;1.234,00;;ngày 30 tháng 3 năm 2026").months["2026-03"].figures
    assert (figure.denominator, figure.closed_on) == (1234, date(2026, 3, 30))


@pytest.mark.parametrize(
    "text",
    ["T3/2026", "tháng 3/2026", "03–2026", "3.2026", "2026.03", "202603", "3.0", "2026-03-01 00:00:00", "01/03/2026",
     "Tháng  3\u00a0năm 2026", "thg 3", "THÁNG 3 NĂM 2026".replace("Á", "A\u0301")],
)  # fmt: skip
def test_a_month_is_read_in_every_spelling(text: str) -> None:
    assert list(csv(f"{text};PUBLISH_ON_TIME;;1;2;;30/03/2026").months) == ["2026-03"]


@pytest.mark.parametrize(
    "text", ["30.03.2026", "30–3–2026", "2026/03/30", "2026-03-30T08:15:00", "30/03/2026 17:05", "30 / 03 / 2026"]
)
def test_a_closing_day_is_read_in_every_spelling(text: str) -> None:
    assert csv(f"3;PUBLISH_ON_TIME;;1;2;;{text}").months["2026-03"].closed_on == date(2026, 3, 30)


@pytest.mark.parametrize("text", ["2026-03-29T17:00:00.000Z", "30/03/26", "15/3", "2026-13-01"])
def test_a_day_that_may_be_another_is_asked_again(text: str) -> None:
    assert csv(f"3;PUBLISH_ON_TIME;;1;2;;{text}").faults


def test_units_of_one_month_spelt_differently_are_one_unit() -> None:
    head = "thang;ma;don_vi;tu_so;mau_so;ngay_chot"
    lines = [
        "3;PUBLISH_ON_TIME;Sở Nội vụ và Lao động;1;2;30/03/2026", "3;ONLINE_DOSSIER;Sở NV&LĐ;3;4;30/03/2026",
        "3;PUBLISH_ON_TIME;Phòng Hành chính–Quản trị;5;6;30/03/2026", "3;ONLINE_DOSSIER;P.HCQT;7;8;30/03/2026",
    ]  # fmt: skip
    month = read(".csv", "\n".join((head, *lines)).encode()).months["2026-03"]
    assert {share.unit for share in month.shares} == {"Sở Nội vụ và Lao động", "hcqt"}
    assert [(one.numerator, one.denominator) for one in month.figures] == [(6, 8), (10, 12)]


def test_a_strict_book_that_is_no_archive_is_told_as_broken() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "http://purl.oclc.org/ooxml/spreadsheetml/main")
    with pytest.raises(FigureError) as refused:
        read(".xlsx", stream.getvalue())
    assert refused.value.key == "xlsx_broken"
