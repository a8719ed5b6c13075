"""Figures by unit: whose row it is, totals summed or given, shares that disagree, and each unit's index by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_index import BY_HAND, GROUPS, METRICS, RULES, TOTAL, figure, index, month

from dondoc.index.definitions import FigureError
from dondoc.index.figure import Figure
from dondoc.index.figure_units import unit_named, with_sums
from dondoc.index.figure_versions import changed_codes, figures_digest, read_version, recorded_body
from dondoc.index.figures import gather
from dondoc.index.row_parser import read_rows
from dondoc.index.unit_scores import scores_by_unit, unit_doubts
from tasks.config.loading import load_rules
from tasks.index.wording import unit_lines

OFFICE = load_rules(Path(__file__).parents[3] / "config").office
HEAD = "thang,don_vi,ma,tu_so,mau_so,ngay_chot"
COUNTS = st.none() | st.integers(0, 10**6)


def share(unit: str, code: str, n: int | None, d: int | None) -> Figure:
    return replace(figure(code, n, d), unit=unit)


def units_month(*units: str) -> list[Figure]:
    """The month by hand as the share of each of those units."""
    return [replace(one, unit=unit) for unit in units for one in month()]


def read(*lines: str) -> list[Figure]:
    table = [(number, line.split(",")) for number, line in enumerate([HEAD, *lines], 1)]
    rows = read_rows("f.csv", table, 2024, METRICS, office=OFFICE)
    assert all(isinstance(row, Figure) for row in rows), rows
    return [row for row in rows if isinstance(row, Figure)]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", ""), ("  ", ""), ("Toàn tỉnh", ""), ("TỔNG CỘNG", ""), ("tong so", ""),
        ("hcqt", "hcqt"), ("Phòng Hành chính - Quản trị", "hcqt"), ("phòng  hành chính – quản trị", "hcqt"),
        ("TT. PVKS TTHC", "ttpvks"), ("Trung tâm Phục vụ - Kiểm soát TTHC tỉnh", "ttpvks"), ("CBTH", "ttcbth"),
        ("Sở Tư pháp", "Sở Tư pháp"), (" Sở\u00a0Tư  pháp ", "Sở Tư pháp"),
    ],
)  # fmt: skip
def test_a_row_names_a_unit_of_the_office_a_body_outside_or_the_whole(text: str, unit: str) -> None:
    assert unit_named(text, METRICS, OFFICE) == unit


@pytest.mark.parametrize(
    ("text", "key"),
    [("---", "unit_bad"), ("S" * 81, "unit_long"), ("Các phòng, ban, đơn vị trực thuộc", "unit_group")],
)
def test_a_name_that_is_no_one_units_is_refused(text: str, key: str) -> None:
    with pytest.raises(FigureError) as refused:
        unit_named(text, METRICS, OFFICE)
    assert refused.value.key == key
    assert text in METRICS.say(refused.value)


def test_two_units_add_up_to_the_total_nobody_gave() -> None:
    rows = read(
        "2024-03,Sở Tư pháp,DOSSIER_ON_TIME,7,10,28/03/2024",
        "2024-03,SỞ TƯ PHÁP,ONLINE_DOSSIER,3,,28/03/2024",
        "2024-03,Sở Y tế,DOSSIER_ON_TIME,5,6,29/03/2024",
        "2024-03,Sở Y tế,ONLINE_DOSSIER,2,4,28/03/2024",
        "2024-03,Sở Y tế,ONLINE_PAYMENT,1,4,28/03/2024",
        "2024-03,,PUBLISH_ON_TIME,9,9,28/03/2024",
    )
    found = gather(2024, METRICS, rows).months["2024-03"]
    totals = {one.code: (one.numerator, one.denominator, one.summed) for one in found.figures}
    assert totals == {
        "PUBLISH_ON_TIME": (9, 9, False),
        "DOSSIER_ON_TIME": (12, 16, True),
        "ONLINE_DOSSIER": (5, None, True),  # one denominator is missing: no sum
        "ONLINE_PAYMENT": (None, None, True),  # one unit gives no row: no sum
    }
    assert {one.unit for one in found.shares} == {"Sở Tư pháp", "Sở Y tế"}
    assert found.closed_on == date(2024, 3, 29)


def test_different_rows_of_one_unit_are_a_conflict_and_a_correction_replaces_the_units_own_row() -> None:
    one, other = share("Sở Tư pháp", "DOSSIER_ON_TIME", 1, 2), share("SỞ TƯ PHÁP", "DOSSIER_ON_TIME", 2, 2)
    assert gather(2024, METRICS, [one, other]).faults
    assert not gather(2024, METRICS, [one, replace(other, unit="Sở Y tế")]).faults
    (kept,) = gather(2024, METRICS, [one, replace(other, version=2)]).months["2024-03"].shares
    assert kept.numerator == 2


@given(st.dictionaries(st.sampled_from(["A", "B", "C", "D"]), st.tuples(COUNTS, COUNTS), min_size=1))
def test_a_total_is_the_sum_of_all_shares_or_none(counts: dict[str, tuple[int | None, int | None]]) -> None:
    shares = [share(unit, "DOSSIER_ON_TIME", *pair) for unit, pair in counts.items()]
    (total,), kept = with_sums(shares)
    for place, got in enumerate((total.numerator, total.denominator)):
        column = [pair[place] for pair in counts.values()]
        assert got == (None if None in column else sum(value for value in column if value is not None))
    assert with_sums([total, *kept]) == ((total,), kept), "made anew, the same"
    assert not unit_doubts([total], kept, METRICS), "a sum agrees with its shares"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=5), st.integers(0, 300))
def test_a_given_total_is_doubted_exactly_where_it_is_not_the_sum(parts: list[tuple[int, int]], given_d: int) -> None:
    shares = [share(f"U{place}", "DOSSIER_ON_TIME", n, d) for place, (n, d) in enumerate(parts)]
    total = figure("DOSSIER_ON_TIME", sum(n for n, _ in parts), given_d)
    doubts = unit_doubts([total], shares, METRICS)
    assert bool(doubts) == (given_d != sum(d for _, d in parts))
    assert all(doubt.doubt for doubt in doubts)


def test_a_missing_share_is_no_disagreement_unless_the_others_are_already_more() -> None:
    shares = [
        share("A", "DOSSIER_ON_TIME", 5, 9), share("B", "DOSSIER_ON_TIME", None, None), share("A", "ONLINE_DOSSIER", 1, 1),
    ]  # fmt: skip
    assert not unit_doubts([figure("DOSSIER_ON_TIME", 20, 20), figure("ONLINE_DOSSIER", 3, 4)], shares, METRICS)
    (doubt,) = unit_doubts([figure("DOSSIER_ON_TIME", 4, 20)], shares, METRICS)
    assert doubt.said(RULES) == (
        "DOSSIER_ON_TIME (Hồ sơ xử lý trước hạn, đúng hạn): tử số ghi chung là 4, cộng số liệu các đơn vị là 5; "
        "cần thống nhất"
    )


def test_each_units_index_is_as_computed_by_hand_and_what_lacks_a_count_has_no_score() -> None:
    best = [share("B", code, n, n) if code == "PUBLISH_ON_TIME" else share("B", code, n, d)
            for code, n, d, _ in BY_HAND]  # 6.00 instead of 5.63  # fmt: skip
    lacking = [share("C", code, n, None) if code == "DOSSIER_ON_TIME" else share("C", code, n, d)
               for code, n, d, _ in BY_HAND]  # fmt: skip
    few = [share("D", "DOSSIER_ON_TIME", 2, 3)]
    found = scores_by_unit("2024-03", [*lacking, *few, *units_month("A"), *best], METRICS, RULES)
    assert [(one.unit, str(one.index.total.score)) for one in found] == [
        ("B", "66.26"), ("A", TOTAL), ("C", "None"), ("D", "None"),
    ]  # fmt: skip
    a, c, d = found[1].index, found[2].index, found[3].index
    assert {group.key: str(group.score) for group in a.groups} == GROUPS
    assert {group.key: str(group.score) for group in c.groups} == {**GROUPS, "TDGQ": "None"}
    assert [str(group.score) for group in d.groups] == ["None", "13.33", "None", "None", "None", "None"]
    assert [component.lacking for component in c.lacking] == ["no_denominator"]


def test_the_mail_names_all_units_where_they_are_few_and_else_the_best_and_the_worst() -> None:
    def lines(*scores: int) -> list[str]:
        shares = [
            replace(one, unit=f"Đơn vị {n}", numerator=n if one.code == "PETITION_HANDLING_SATISFACTION" else one.numerator)
            for n in scores
            for one in month(PETITION_HANDLING_SATISFACTION=(0, 8))
        ]  # fmt: skip
        lacking = share("hcqt", "DOSSIER_ON_TIME", 1, 2)
        return unit_lines(scores_by_unit("2024-03", [*shares, lacking], METRICS, RULES), OFFICE, RULES.words)

    assert lines(8, 4) == [
        "Tổng điểm theo đơn vị: Đơn vị 8 (66,89); Đơn vị 4 (63,89)",
        "Đơn vị chưa đủ số liệu để tính tổng điểm: P. HCQT",
    ]
    assert lines(1, 2, 3, 4, 5, 6, 7)[:2] == [
        "Đơn vị có tổng điểm cao nhất: Đơn vị 7 (66,14); Đơn vị 6 (65,39); Đơn vị 5 (64,64)",
        "Đơn vị có tổng điểm thấp nhất: Đơn vị 1 (61,64); Đơn vị 2 (62,39); Đơn vị 3 (63,14)",
    ]
    assert unit_lines((), OFFICE, RULES.words) == []


def test_a_version_keeps_shares_and_sums_and_tells_them_apart() -> None:
    totals, shares = with_sums([*units_month("A", "hcqt"), figure("PETITION_CLASSIFICATION_STAFF", 1, 2)])
    body = recorded_body("2024-03", [*totals, *shares], [], "folder", None)
    version = read_version("o", 1, body)
    assert {(f.code, f.unit, f.numerator, f.summed) for f in version.given} == {
        (f.code, f.unit, f.numerator, f.summed) for f in (*totals, *shares)
    }
    assert figures_digest(version.given) == body["sha256"]
    changed = [replace(f, numerator=0) if (f.code, f.unit) == ("ONLINE_DOSSIER", "A") else f for f in version.given]
    assert changed_codes(version.given, changed) == ["ONLINE_DOSSIER"]
    assert figures_digest(changed) != body["sha256"]


def test_a_month_without_units_is_recorded_as_ever() -> None:
    body = recorded_body("2024-03", month(), [], "folder", None)
    assert body["sha256"] == "6cf927f5c0408f44abcbb86508ff240249f622b54f1053aebd20ac9cf8a1c7e9"
    assert {key for row in body["figures"] for key in row} == {
        "code", "numerator", "denominator", "score", "closed_on", "place",
    }  # fmt: skip
    assert scores_by_unit("2024-03", read_version("o", 1, body).shares, METRICS, RULES) == ()
    assert str(index(month()).total.score) == TOTAL
