"""Monthly figures: cells, rows and months, without files."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import Located, parse_yaml
from dondoc.index import cell_parser as cells
from dondoc.index.definitions import FigureError, folded_heading, read_metrics
from dondoc.index.figure import Figure, Rejected, SourceFile
from dondoc.index.figures import Reading, gather
from dondoc.index.row_parser import NumberedRow, read_rows


def joined(texts: dict[str, str]) -> Located:
    figures, said = (parse_yaml(text, path) for path, text in texts.items())
    return figures.with_keys_of(said)


CONFIG = Path(__file__).parents[3] / "config"
FILES = (
    CONFIG / "indexes/qd766/figures.yaml",
    CONFIG / "words/vi/figures.yaml",
)  # the figures, and what is said of them
TEXTS = {str(path): path.read_text(encoding="utf-8") for path in FILES}
METRICS = read_metrics(joined(TEXTS))
HEAD = ["thang", "ma", "ten", "tu_so", "mau_so", "diem", "ngay_chot"]
GOOD = ["2024-03", "PUBLISH_ON_TIME", "", "9", "10", "5.4", "28/03/2024"]


def rows(*raw: list[str], head: list[str] = HEAD) -> list[NumberedRow]:
    return list(enumerate([head, *raw], 1))


def read(*raw: list[str], head: list[str] = HEAD) -> list[Figure | Rejected]:
    return read_rows("f.csv", rows(*raw, head=head), 2024, METRICS)


def year(*raw: list[str], head: list[str] = HEAD) -> Reading:
    return gather(2024, METRICS, read(*raw, head=head), [SourceFile("f.csv", 1, "0" * 64, "text/csv")])


def changed(**cell: str) -> list[str]:
    return [cell.get(name, text) for name, text in zip(HEAD, GOOD, strict=True)]


def full_month(month: str = "2024-03", closed: str = "28/03/2024") -> list[list[str]]:
    return [[month, code, "", "1", "2", "", closed] for code in METRICS.required]


def test_a_row_becomes_a_figure() -> None:
    assert read(GOOD) == [Figure("2024-03", "PUBLISH_ON_TIME", 9, 10, "5.4", date(2024, 3, 28), "f.csv", 2)]


def test_an_empty_number_is_not_available_and_not_zero() -> None:
    empty, zero = read(changed(tu_so="", mau_so="", diem=""), changed(tu_so="0"))
    assert isinstance(empty, Figure)
    assert isinstance(zero, Figure)
    assert (empty.numerator, empty.denominator, empty.score) == (None, None, None)
    assert zero.numerator == 0


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        ("thang", "", "chưa ghi tháng"),
        ("thang", "Mar-24", 'không hiểu tháng "Mar-24"'),
        ("thang", "13", 'không hiểu tháng "13"'),
        ("thang", "2023-12", "không thuộc năm 2024"),
        ("ma", "", "chưa ghi mã"),
        ("ma", "PUBLISH_ONTIME", "có phải là PUBLISH_ON_TIME (TTHC công bố đúng hạn)?"),
        ("ma", "TTHC công bố đúng hạn", "có phải là PUBLISH_ON_TIME"),
        ("ma", "ZZZ", 'không có chỉ tiêu mã "ZZZ"'),
        ("ma", "!!", 'không có chỉ tiêu mã "!!"'),
        ("ten", "=HYPERLINK(1)", "cột tên chứa công thức"),
        ("tu_so", "mười", 'tử số "mười" không phải là số'),
        ("tu_so", "n/a", "để trống nếu không có số liệu"),
        ("tu_so", "٣", "không phải là số"),
        ("tu_so", "-5", "là số âm"),
        ("tu_so", "−5", "là số âm"),
        ("tu_so", "1.234", "không rõ là hàng nghìn hay phần thập phân"),
        ("tu_so", "1,234", "không rõ là hàng nghìn hay phần thập phân"),
        ("tu_so", "1 234 567", "không rõ là hàng nghìn"),
        ("tu_so", "1,5", "không phải số nguyên"),
        ("tu_so", "=A1+1", 'chứa công thức "=A1+1"'),
        ("tu_so", "@SUM(A1)", "chứa công thức"),
        ("tu_so", "+A1", "chứa công thức"),
        ("tu_so", "-cmd|x", "chứa công thức"),
        ("mau_so", "9" * 16, "quá 15 chữ số"),
        ("mau_so", "8", "tử số 9 lớn hơn mẫu số 8"),
        ("diem", "5,4đ", "không phải là số"),
        ("diem", "1,234.5", "không phải là số"),
        ("diem", "6,01", "cao hơn điểm tối đa 6"),
        ("ngay_chot", "", "chưa ghi ngày chốt"),
        ("ngay_chot", "45380", "không hiểu ngày chốt"),
        ("ngay_chot", "3/29/2024", "không có trong lịch"),
        ("ngay_chot", "31/04/2024", "không có trong lịch"),
        ("ngay_chot", "29/02/2024", "trước khi tháng 2024-03 bắt đầu"),
        ("ngay_chot", "29/03/2042", "kiểm tra năm"),
    ],
)
def test_a_bad_cell_is_refused_in_words_of_the_unit(column: str, text: str, says: str) -> None:
    (row,) = read(changed(**{column: text}))
    assert isinstance(row, Rejected)
    assert [(fault.file, fault.line) for fault in row.faults] == [("f.csv", 2)]
    assert says in row.faults[0].message
    assert "\n" not in str(row.faults[0])


def test_every_fault_of_a_row_is_told_at_once() -> None:
    (row,) = read(changed(thang="x", ma="", tu_so="a", mau_so="b", diem="c", ngay_chot="d"))
    assert isinstance(row, Rejected)
    assert len(row.faults) == 6


@pytest.mark.parametrize("text", ["2024-03", "2024-3", "3", "03", "3/2024", "03-2024", "Tháng 3", "T3", "2024-03-01"])
def test_a_month_may_be_written_in_many_ways(text: str) -> None:
    assert cells.month(text, 2024) == "2024-03"


@pytest.mark.parametrize("text", ["28/03/2024", "28/3/2024", "2024-03-28", "2024-03-28 00:00:00"])
def test_a_closing_date_is_day_first_or_iso(text: str) -> None:
    assert cells.day(text) == date(2024, 3, 28)


def test_headings_may_stand_in_any_order_and_spelling() -> None:
    head = ["NGÀY CHỐT", "Ghi chú", "Mẫu số", "Tu_So", " mã chỉ tiêu ", "Tháng"]
    (figure,) = read(["28/03/2024", "= tự do", "10", "9", "publish_on_time", "3"], head=head)
    assert isinstance(figure, Figure)
    assert (figure.code, figure.numerator, figure.denominator, figure.score) == ("PUBLISH_ON_TIME", 9, 10, None)


def test_a_title_may_stand_above_the_headings_and_empty_rows_between() -> None:
    above: list[NumberedRow] = [(1, ["SỐ LIỆU THÁNG 3"]), (2, []), (4, HEAD), (5, ["", " "]), (6, GOOD)]
    (figure,) = read_rows("f.csv", above, 2024, METRICS)
    assert isinstance(figure, Figure)
    assert figure.line == 6


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (["a", "b"], ["không thấy dòng tiêu đề"]),
        (["thang", "ma", "tu_so", "mau_so"], ["thiếu cột ngay_chot"]),
        (["thang", "ma", "diem"], ["thiếu cột mau_so", "thiếu cột ngay_chot", "thiếu cột tu_so"]),
        (["thang", "ma", "tu_so", "tử số", "mau_so", "ngay_chot"], ["cột tu_so có hai lần"]),
        (["thang", "ma", "tu_so", "mau_so", "ngay_chott"], ['không có cột "ngay_chott"; có phải là ngay_chot?']),
    ],
)
def test_faulty_headings_stop_the_file_and_are_all_told(head: list[str], says: list[str]) -> None:
    (row,) = read(["1"] * len(head), head=head)
    assert isinstance(row, Rejected)
    assert len(row.faults) == len(says)
    for fault, words in zip(sorted(row.faults), says, strict=True):
        assert words in fault.message


def test_a_decimal_comma_that_splits_a_cell_is_explained() -> None:
    (row,) = read([*GOOD[:5], "5", "4", "28/03/2024"])
    assert isinstance(row, Rejected)
    assert any("nhiều ô hơn tiêu đề" in fault.message for fault in row.faults)


def test_a_full_month_is_complete_and_handed_in_from_its_closing_date_on() -> None:
    reading = year(*full_month())
    assert not reading.faults
    assert reading.months["2024-03"].complete
    assert not reading.handed_in("2024-03", date(2024, 3, 27))
    assert reading.handed_in("2024-03", date(2024, 3, 28))
    assert not reading.handed_in("2024-04", date(2024, 12, 31))
    assert [file.name for file in reading.files_of("2024-03")] == ["f.csv"]
    assert len(reading.absent) == 11


def test_the_latest_closing_date_closes_the_month() -> None:
    first, *others = full_month()
    reading = year([*first[:6], "01/04/2024"], *others)
    assert reading.months["2024-03"].closed_on == date(2024, 4, 1)


def test_a_month_lists_what_is_missing_and_what_is_not_available() -> None:
    first, second, *others = full_month()
    reading = year([*first[:3], "", "", "", first[6]], *others)
    month = reading.months["2024-03"]
    assert (month.missing, month.unavailable) == ((second[1],), (first[1],))
    assert not month.complete


def test_a_figure_not_available_does_not_hold_the_month() -> None:
    first, *others = full_month()
    assert year([*first[:3], "", "", "", first[6]], *others).months["2024-03"].complete


def test_a_month_empty_throughout_is_not_handed_in() -> None:
    reading = year(*([*row[:3], "", "", "", row[6]] for row in full_month()))
    assert not reading.handed_in("2024-03", date(2024, 12, 31))
    assert "không có số liệu nào" in reading.faults[0].message


def test_a_fault_in_a_month_holds_that_month_only() -> None:
    first, *others = full_month()
    april = full_month("2024-04", "26/04/2024")
    reading = year([*first[:3], "x", *first[4:]], *others, *april)
    assert not reading.months["2024-03"].complete
    assert reading.months["2024-03"].missing == ()
    assert reading.months["2024-04"].complete


def test_equal_duplicates_count_once() -> None:
    reading = year(*full_month(), *full_month())
    assert not reading.faults
    assert len(reading.months["2024-03"].figures) == len(METRICS.required)


@pytest.mark.parametrize("other", [{"tu_so": "8"}, {"tu_so": ""}, {"diem": "5.41"}, {"ngay_chot": "29/03/2024"}])
def test_a_figure_given_twice_differently_names_both_places_and_counts_as_neither(other: dict[str, str]) -> None:
    reading = year(GOOD, changed(diem="5,40"), changed(**other))
    (fault,) = reading.faults
    assert (fault.line, "PUBLISH_ON_TIME tháng 2024-03 ghi khác với f.csv:2" in fault.message) == (4, True)
    assert not reading.months


@given(st.integers(0, 10**15 - 1))
def test_a_whole_number_comes_back_as_written(number: int) -> None:
    assert cells.whole_number("tử số", str(number)) == number
    assert cells.whole_number("tử số", f"00{number}") == number


@given(st.decimals(0, 20, places=2), st.sampled_from(",."))
def test_a_score_keeps_its_digits(number: Decimal, mark: str) -> None:
    assert cells.score(str(number).replace(".", mark)) == str(number)


@given(st.dates(date(1000, 1, 1)))
def test_a_date_comes_back_as_written(day: date) -> None:
    assert cells.day(day.isoformat()) == day
    assert cells.day(f"{day.day:02}/{day.month:02}/{day.year:04}") == day


@given(st.lists(st.lists(st.text(max_size=12) | st.sampled_from([*HEAD, *GOOD]), max_size=9), max_size=6))
def test_any_rows_give_figures_or_faults(raw: list[list[str]]) -> None:
    for row in read(*raw):
        assert isinstance(row, Figure) or row.faults
    for row in read(*raw, head=raw[0] if raw else []):
        assert isinstance(row, Figure) or all("\n" not in str(fault) for fault in row.faults)


@given(st.integers(-3, 3), st.permutations(full_month()))
def test_the_order_of_rows_does_not_matter(days: int, shuffled: list[list[str]]) -> None:
    reading = year(*shuffled)
    on = date(2024, 3, 28) + timedelta(days)
    assert reading.handed_in("2024-03", on) == (days >= 0)
    assert [figure.code for figure in reading.months["2024-03"].figures] == list(METRICS.required)


def test_the_points_of_the_metrics_are_those_of_their_groups() -> None:
    for code, group in METRICS.groups.items():
        assert sum(metric.max for metric in METRICS.listed if metric.group == code) == group.max
    assert sum(group.max for group in METRICS.groups.values()) == 100


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("code: DOSSIER_SYNC", "code: PUBLISH_ON_TIME", "'PUBLISH_ON_TIME' is used twice"),
        ("group: TDGQ\n", "group: TDGX\n", "no group is called 'TDGX'"),
        ("  ma: {name", "  mas: {name", "columns.mas"),
        ("  csv_broken:", "  csv_brokn:", "'csv_broken' is missing"),
        ("tháng {month} không có", "tháng {thang} không có", "it may hold {month} in braces"),
        ('"số đạt"', '"tổng số"', "already stands for"),
        ("    max: 20\n", "    max: -1\n", "max"),
    ],
)
def test_a_faulty_figures_yaml_is_told_with_its_line(old: str, new: str, says: str) -> None:
    (faulty,) = (path for path, text in TEXTS.items() if old in text)
    with pytest.raises(ConfigurationError, match=f"^{faulty}:[0-9]+: ") as caught:
        read_metrics(joined({path: text.replace(old, new, 1) for path, text in TEXTS.items()}))
    assert says in str(caught.value)


def test_a_message_quotes_bad_text_on_one_bounded_line() -> None:
    said = METRICS.say(FigureError("code_unknown", text="a\nb\x1b" + "c" * 5000))
    assert said.isprintable()
    assert len(said) < 400


def test_folding_ignores_case_diacritics_and_marks() -> None:
    assert folded_heading("  Tử Số ") == folded_heading("tu_so") == folded_heading("Tử số") == "tuso"


def test_the_metrics_followed_only_are_not_required() -> None:
    assert len(METRICS.required) == 21
    assert {metric.code for metric in METRICS.listed} - set(METRICS.required) == {
        "PETITION_CLASSIFICATION_TTHC",
        "PETITION_CLASSIFICATION_STAFF",
    }
