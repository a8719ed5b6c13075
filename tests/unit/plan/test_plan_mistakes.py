"""What newcomers write in a plan file: every fault at once, in plain words, with what to write instead."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from factories import make_office

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.office import Office, Unit
from dondoc.plan.plan_file import read_plan
from tasks.config.loading import read_yaml

PLAN = """plan: mau
year: 2026
title: Kế hoạch mẫu năm {year}
office: Văn phòng mẫu
adopted_on: 2026-01-05
items:
  - id: ra-soat
    ref: II.3
    title: Rà soát văn bản
    text: Rà soát văn bản của tỉnh.
    shape: issue
    lead: [hcqt]
    obligations:
      - id: danh-muc
        deliverable: Danh mục
        phrase: Chậm nhất 20/6
        timing: {by: "06-20"}
  - id: tap-huan
    ref: II.4
    title: Tập huấn
    text: Tập huấn cho công chức.
    shape: continuous
    lead: [ttcbth]
    obligations:
      - id: bao-cao
        deliverable: Báo cáo
        phrase: Thường xuyên
        timing: {continuous: true}
"""
LIBRARY_WORDS = (
    "valid tuple",
    "instance of",
    "Input should",
    "string_pattern",
    "dictionary",
    "literal[",
    "Value error",
)


def office() -> Office:
    comma = Unit(id="xdvg", name="Sở Xây dựng, Vật giá và Đô thị", email="xdvg@vp.example")
    return Office(**{**dict(make_office()), "units": (*make_office().units, comma)})


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_plan(parse_yaml(text, "p.yaml"), office())
    found = [str(fault) for fault in caught.value.faults]
    assert not [word for word in LIBRARY_WORDS for fault in found if word in fault], found
    assert all("\n" not in fault for fault in found)
    return found


def changed(*pairs: tuple[str, str]) -> str:
    text = PLAN
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_plan_that_the_mistakes_are_made_in_has_none() -> None:
    assert len(read_plan(parse_yaml(PLAN, "p.yaml"), office()).items) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    ref: II.3", "\tref: II.3", "p.yaml:8: the line begins with a tab; indent with spaces instead"),
        ("    title: Rà", "   title: Rà", "p.yaml:9: the line is not indented like its neighbours"),
        ("title: Rà soát", "title:\u00a0Rà soát", "p.yaml:9: the line holds a non-breaking space"),
        ("Rà soát văn bản của tỉnh.", "Rà soát: văn bản", 'p.yaml:10: the text holds a sign that YAML reads; put it in quotes: text: "Rà soát: văn bản"'),
        ("title: Tập huấn", "title: @Tập huấn", "put it in quotes: title: \"@Tập huấn\""),
        ("lead: [hcqt]", "lead: [hcqt", "a bracket is opened and not closed"),
        ("phrase: Chậm", 'phrase: "Chậm', "a quotation mark is opened and not closed"),
        ('"06-20"', "“06-20”", 'p.yaml:17: by: \'“06-20”\' is not a day of the year; write month and day in straight quotes'),
        ('"06-20"', '"20/6"', 'p.yaml:17: by: \'20/6\' is not a day of the year; write month and day: "06-20"'),
        ('"06-20"', '"20.06.2026"', 'write month and day: "06-20"'),
        ('"06-20"', '"06-31"', "is not a day of any year; write an existing month and day"),
        ('{by: "06-20"}', "{quarter: III}", "p.yaml:17: quarter: 'III' is not a number; write quarter: 3"),
        ('{by: "06-20"}', "{month: 13}", "'13' is no month; write a number from 1 to 12"),
        ('{by: "06-20"}', "{month: 6, quarter: 2}", "'month' and 'quarter' are two timings; keep one"),
        ('{by: "06-20"}', "{every: fortnight}", "is none of week, two-weeks, month, quarter, half-year, year"),
        (' {by: "06-20"}', "", "p.yaml:17: timing: a timing says when; write e.g. {month: 6}"),
        ("2026-01-05", "05/01/2026", "p.yaml:5: adopted_on: \"05/01/2026\" is not a date; write year-month-day"),
        ("adopted_on: 2026-01-05\n", "", "adopted_on is missing; add it, e.g. adopted_on: 2026-01-05"),
        ("2026-01-05", "2027-01-05", "cannot be adopted after it; correct the date or the year"),
        ("Chậm nhất 20/6", "Chậm nhất 20/6/2025", "p.yaml:16: the phrase says 2025, its timing gives 20/06/2026"),
        ("id: ra-soat", "id: Rà Soát", "p.yaml:7: id: 'Rà Soát' is no id; write small letters without marks, digits and '-': ra-soat"),
        ("id: tap-huan", "id: ra-soat", "p.yaml:18: duplicate id 'ra-soat', first used at line 7; choose another"),
        ("ref: II.4", "ref: 4.10", 'p.yaml:19: ref: 4.1 is read as a number; put the printed reference in quotes'),
        ("deliverable: Danh", "sanpham: Danh", "p.yaml:15: 'sanpham' is not known here; write deliverable"),
        ("phrase: Chậm", "phrasse: Chậm", "'phrasse' is not known here; write phrase"),
        ("        deliverable: Danh mục\n", "", "deliverable is missing; add it, e.g. deliverable: Báo cáo (or deliverable: null"),
        ("shape: issue", "shape: ban-hanh", '"ban-hanh" is none of collect, issue'),
        ("lead: [hcqt]", "lead: hcqt", "p.yaml:12: lead: 'hcqt' is one name, a list is wanted; write [\"hcqt\"]"),
        ("[hcqt]", "[Phòng Hành chánh - Quản trị]", "p.yaml:12: unknown unit 'Phòng Hành chánh - Quản trị'; did you mean 'hcqt'?"),
        ("[hcqt]", "[Kho bạc]", "unknown unit 'Kho bạc'; add it to office.yaml or correct its name"),
        ("[hcqt]", "[Sở Xây dựng, Vật giá và Đô thị]", 'a name with a comma stands in quotes: "Sở Xây dựng, Vật giá và Đô thị"'),
        ("year: 2026", "year: hai nghìn", '"hai nghìn" is not a number; write digits, e.g. year: 2026'),
    ],
)  # fmt: skip
def test_a_mistake_says_what_to_write_instead(old: str, new: str, said: str) -> None:
    found = faults(changed((old, new)))
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + PLAN,
        PLAN.replace("\n", "\r\n"),
        unicodedata.normalize("NFD", PLAN),
        changed(('"06-20"', "06-20")),
        changed(('"06-20"', "2026-06-20")),
        changed(("{continuous: true}", "{continuous: yes}")),
        changed(("title: Rà soát văn bản", "title: Rà soát 100% văn bản/hồ sơ & <mẫu>")),
        changed(("Rà soát văn bản\n", "Rà soát văn bản " * 12 + "\n")),
        changed(("deliverable: Danh mục", "deliverable: null")),
    ],
    ids=["bom", "crlf", "nfd", "unquoted", "whole-date", "yes", "signs", "long", "no-deliverable"],
)
def test_what_can_only_mean_one_thing_is_taken(text: str) -> None:
    (first, second) = read_plan(parse_yaml(text, "p.yaml"), office()).items
    assert (first.lead, second.lead) == (("hcqt",), ("ttcbth",))


def test_every_fault_is_told_at_once_also_when_every_item_has_one() -> None:
    found = faults(
        changed(
            ("shape: issue", "shape: khac"), ("[hcqt]", "[Kho bạc]"), ('"06-20"', '"20/6"'), ("id: tap-huan", "id: ra-soat"),
            ("        deliverable: Báo cáo\n", ""), ("{continuous: true}", "{continuous: true, quarter: 1}"),
        )
    )  # fmt: skip
    lines = sorted({int(fault.split(":")[1]) for fault in found})
    assert lines == [11, 12, 17, 18, 25, 27], found


@pytest.mark.parametrize("name", ["ke-hoach.docx", "ke-hoach.PDF", "ke-hoach.xlsx"])
def test_a_document_given_for_a_plan_file_points_to_its_reading(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=f"read it into one with: dondoc plan read {name}"):
        read_yaml(tmp_path / name)
