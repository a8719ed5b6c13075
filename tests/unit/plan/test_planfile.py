"""The plan file: every fault at once, each with its file and line; and the values a good one becomes."""

from __future__ import annotations

import json
import unicodedata
from datetime import date

import pytest
import yaml
from factories import PLAN, make_office, make_plan
from office_files import located, real_office, real_plan

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan import Plan, plan_to_json
from dondoc.plan.plan_file import json_schema, plan_from_json, read_plan
from dondoc.plan.timings import (
    FORMS,
    AfterTiming,
    BeforeTiming,
    ByTiming,
    ContinuousTiming,
    EveryTiming,
    MonthTiming,
    QuarterTiming,
    ReferenceTiming,
    Timing,
)

HEAD = """plan: cchc
year: 2024
title: Kế hoạch năm {year}
office: Văn phòng
adopted_on: 2024-01-02
events:
  - {id: kh-tinh, title: Kế hoạch tỉnh năm {next_year}}
items:
""".replace("tỉnh năm {next_year}}", "tỉnh}")

ITEM = """  - id: mot
    ref: II.1.a
    title: Việc một
    text: Việc một của năm {year}
    shape: issue
    lead: [hcqt]
    obligations:
      - {id: aa, deliverable: Kế hoạch, phrase: Quý I, timing: {quarter: 1}}
"""


def read(text: str) -> Plan:
    return read_plan(parse_yaml(text, "p.yaml"), make_office())


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def with_timing(timing: str) -> str:
    return HEAD + ITEM.replace("{quarter: 1}", timing)


EVERYTHING = """plan: cchc
year: 2023
title: Kế hoạch năm {năm}
office: Văn phòng
adopted_on: 2023-01-03
colour: red
items:
  - id: mot
    ref: II.1.a
    title: "Việc\\nmột"
    text: Một
    shape: issue
    lead: [Phòng Hành chánh - Quản trị]
    obligations:
      - {id: aa, deliverable: A, phrase: x, timing: {before: "04-01", opens: "05-01"}}
      - {id: aa, deliverable: A, phrase: x, timing: {quarter: 1, month: 2}}
      - {id: cc, deliverable: C, phrase: x, timing: {by: "02-30"}}
      - {id: dd, deliverable: D, phrase: x, timing: {by: "02-29"}}
      - {id: ee, deliverable: E, phrase: x, timing: {month: 13}, needs: [ff]}
      - {id: ff, deliverable: F, phrase: x, timing: {month: 1}, needs: [gg, missing]}
      - {id: gg, deliverable: G, phrase: x, timing: {month: 1}, needs: [ff]}
      - {id: hh, deliverable: H, phrase: x, timing: {after: su-kien}}
      - {id: kk, phrase: x, timing: {month: 1}}
  - id: mot
    ref: II.1.b
    title: Việc hai
    text: Hai
    shape: issues
    lead: [xyz]
    obligations:
      - {id: aa, deliverable: A {month}, phrase: x, timing: {month: 1}, lead: []}
  - id: ba
    ref: II.1.b
    title: Việc hai
    text: Ba
    shape: issue
    lead: [hcqt]
    obligations: []
""".replace("deliverable: A {month}", 'deliverable: "A {month}"')


def test_all_faults_of_a_file_are_told_at_once_each_with_its_line() -> None:
    found = faults(EVERYTHING)
    expected = [
        (3, "unknown placeholder '{năm}'"),
        (6, "'colour' is not known here"),
        (10, "the title holds line breaks or control characters"),
        (13, "unknown unit 'Phòng Hành chánh - Quản trị'; did you mean 'hcqt'?"),
        (14, "the needs go round in a circle: "),
        (15, "due 31/03/2023 before it opens on 01/05/2023"),
        (16, "duplicate id 'aa', first used at line 15"),
        (16, "are two timings"),
        (17, "'02-30' is not a day of any year"),
        (18, "one of its days does not exist in 2023"),
        (19, "month: '13' is no month; write a number from 1 to 12"),
        (20, "needs 'missing', which this item does not have"),
        (22, "unknown event 'su-kien'"),
        (23, "deliverable is missing; add it"),
        (24, "duplicate id 'mot', first used at line 8"),
        (28, "shape: "),
        (29, "unknown unit 'xyz'; add it to office.yaml"),
        (31, "lead: "),
        (31, "unknown placeholder '{month}'"),
        (34, "duplicate ref and title 'II.1.b · Việc hai', first used at line 26"),
        (32, "item 'ba' has no obligation"),
    ]
    for line, text in expected:
        assert [fault for fault in found if fault.startswith(f"p.yaml:{line}: ") and text in fault], (line, text, found)
    assert len(found) == len(expected), "\n".join(found)
    assert all("\n" not in fault for fault in found)


@pytest.mark.parametrize("timing", ['{before: "04-01", opens: "04-01"}', '{by: "03-31", opens: "04-01"}'])
def test_a_duty_cannot_be_due_before_it_opens(timing: str) -> None:
    (found,) = faults(with_timing(timing))
    assert found.startswith("p.yaml:16: due ")
    assert "before it opens on 01/04/2024" in found


@pytest.mark.parametrize(
    "timing", ['{by: "04-01", opens: "04-01"}', '{before: "04-02", opens: "04-01"}', '{by: "02-29"}']
)
def test_a_window_of_one_day_and_a_leap_day_may_stand(timing: str) -> None:
    assert read(with_timing(timing)).items[0].obligations[0].timing.kind == "by-date"


@pytest.mark.parametrize(
    ("timing", "said"),
    [
        ("{}", "a timing says when; write e.g. {month: 6}"),
        ("{month: 1, quarter: 1}", "'month' and 'quarter' are two timings"),
        ('{by: "11-30", before: "11-30"}', "'by' and 'before' are two timings"),
        ("{continuous: true, month: 1}", "'continuous' and 'month' are two timings"),
        ('{by: "30/11"}', "is not a day of the year"),
        ('{by: "13-01"}', "is not a day of any year"),
        ('{before: "04-31"}', "is not a day of any year"),
        ('{before: "01-01"}', "due 31/12/2023"),
        ("{every: fortnight}", "is none of week, two-weeks, month, quarter, half-year, year"),
        ("{every: month, by: fri}", "a day of the week goes with every: week"),
        ('{every: month, by: "06-01"}', "days of the year go with every: year"),
        ("{every: month, by: 5, before: 6}", "keep one of by"),
        ("{every: month, by: 32}", "32 is no day of a month"),
        ("{quarter: IV}", "write quarter: 4"),
        ("{month: []}", "the list is empty"),
        ("{month: [6, 6]}", "stands twice"),
        ('{from: "2025", to: "giữa năm"}', "is no point of time"),
        ("{after: kh-tinh, within: 5, within_days: 5}", "keep one of within"),
        ("{quarter: 2, year: 2027}", "outside the plan's 2024"),
        ("{after_done: khong-co}", "no item or obligation 'khong-co'"),
        ("{quarter: 5}", "'5' is no quarter; write a number from 1 to 4"),
        ("{month: 0}", "'0' is no month"),
        ("{month: 1, within: 5}", "'within' does not go with 'month'"),
        ('{month: 1, opens: "01-02"}', "'opens' does not go with 'month'"),
        ("{after: chua-biet}", "unknown event 'chua-biet'"),
        ("Quý I", "a timing says when"),
        ("{thang: 1}", "a timing says when"),
    ],
)
def test_a_timing_that_cannot_be_meant_is_refused(timing: str, said: str) -> None:
    found = faults(with_timing(timing))
    assert all(fault.startswith("p.yaml:16: ") for fault in found)
    assert any(said in fault for fault in found)


@pytest.mark.parametrize(
    ("timing", "meant"),
    [
        ("{month: 2}", MonthTiming(month=2)),
        ("{quarter: 4}", QuarterTiming(quarter=4)),
        ('{by: "12-31"}', ByTiming(by="12-31")),
        ('{before: "11-30", opens: "04-01"}', BeforeTiming(before="11-30", opens="04-01")),
        ("{every: month}", EveryTiming(every="month")),
        ("{every: policy}", EveryTiming(every="policy")),
        ("{continuous: true}", ContinuousTiming(continuous=True)),
        ("{after: kh-tinh, within: 10}", AfterTiming(after="kh-tinh", within=10)),
        ("{reference: KH 140}", ReferenceTiming(reference="KH 140")),
        ("{reference: KH 140, continuous: true}", ReferenceTiming(reference="KH 140", continuous=True)),
    ],
)
def test_each_form_of_timing_is_read(timing: str, meant: Timing) -> None:
    assert read(with_timing(timing)).items[0].obligations[0].timing == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plan: [", "a bracket is opened and not closed on this line"),
        ("plan: a\n\tyear: 2024\n", "p.yaml:2: the line begins with a tab; indent with spaces instead"),
        ("plan: a\x00b\n", "p.yaml:1: not valid YAML"),
        ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("plan: a\nplan: b\n", "p.yaml:2: key 'plan' stands twice here"),
        ("", "p.yaml:1: plan is missing"),
        ("- a\n- b\n", "p.yaml:1: the file: "),
        ("plan: !!python/object:os.system x\n", "p.yaml:1: the tag"),
        ("plan: !anything x\n", "p.yaml:1: the tag"),
        ("plan: &a [*a]\n", "p.yaml:1: it contains itself"),
        ("adopted_on: 2024-02-30\n", "p.yaml:1: '2024-02-30' is not a possible value"),
    ],
)
def test_a_file_that_is_not_a_plan_at_all_says_where(text: str, said: str) -> None:
    assert any(fault.startswith(said) or said in fault for fault in faults(text))


@pytest.mark.parametrize("rows", ["mot", "{mot: 1}", "[mot, 2]", "[[], null]"])
def test_rows_of_another_form_are_faults_and_never_a_crash(rows: str) -> None:
    assert all(fault.startswith("p.yaml:") for fault in faults(HEAD.replace("items:\n", f"items: {rows}\n")))
    assert faults(HEAD + ITEM.split("      - ")[0].replace("obligations:", f"obligations: {rows}"))


@pytest.mark.parametrize("char", ["\\n", "\\r", "\\x85", "\\u2028", "\\x7f"])
def test_a_title_is_one_line(char: str) -> None:
    (found,) = faults(HEAD + ITEM.replace("title: Việc một", f'title: "Việc{char}một"'))
    assert found.startswith("p.yaml:11: the title holds line breaks or control characters")


@pytest.mark.parametrize("char", ["/", "%", "&", "<", ">"])
def test_a_title_stays_as_printed_and_only_the_flows_name_is_made_safe(char: str) -> None:
    item = read(HEAD + ITEM.replace("title: Việc một", f'title: "Đạt 100{char}một"')).items[0]
    assert item.heading == f"II.1.a · Đạt 100{char}một"
    assert char not in item.flow_name
    assert item.flow_name.startswith("II.1.a · Đạt 100")


def test_a_long_printed_title_is_shortened_only_in_the_flows_name() -> None:
    item = read(HEAD + ITEM.replace("title: Việc một", f"title: {'Việc ' * 60}")).items[0]
    assert len(item.title) == 299
    assert len(item.flow_name) <= 140
    assert item.flow_name.endswith("…")


def test_a_lead_unit_left_empty_is_refused_because_nobody_would_be_told() -> None:
    assert faults(HEAD + ITEM.replace("lead: [hcqt]", "lead: []"))
    assert faults(HEAD + ITEM.replace("{id: aa,", "{id: aa, lead: [],"))


def test_a_plan_is_not_adopted_after_its_year_unless_it_is_a_draft() -> None:
    late = (HEAD + ITEM).replace("2024-01-02", "2025-01-02")
    assert faults(late) == ["p.yaml:5: the plan of 2024 cannot be adopted after it; correct the date or the year"]
    assert read(f"draft: true\n{late}").draft


def test_only_a_drafts_question_may_stand_without_an_obligation() -> None:
    bare = HEAD + ITEM.split("    obligations:")[0] + "    question: Còn làm không?\n"
    assert "has no obligation" in faults(bare)[0]
    assert read(f"draft: true\n{bare}").items[0].question == "Còn làm không?"


def test_another_year_is_a_change_of_one_number() -> None:
    later = read((HEAD + ITEM).replace("year: 2024", "year: 2025"))
    assert (later.id, later.title, later.items[0].text) == ("cchc-2025", "Kế hoạch năm 2025", "Việc một của năm 2025")


def test_an_obligation_inherits_its_items_units_unless_it_names_its_own() -> None:
    text = HEAD + ITEM.replace("{id: aa,", "{id: aa, lead: [ttcbth],").replace(
        "lead: [hcqt]", "lead: [hcqt]\n    coordinating: [Các phòng, ban]"
    )
    text = text.replace("[Các phòng, ban]", '["Các phòng, ban, đơn vị trực thuộc"]')
    (item,) = read(text).items
    assert (item.lead, item.obligations[0].lead) == (("hcqt",), ("ttcbth",))
    assert item.obligations[0].coordinating == ("toan-the",)


def test_a_printed_name_finds_its_unit_however_it_is_typed() -> None:
    names = ["Phòng Hành chính - Quản trị", "PHÒNG HÀNH CHÍNH - QUẢN TRỊ", "Phòng  Hành chính - Quản trị", "hcqt"]
    names.append(unicodedata.normalize("NFD", names[0]))
    for name in names:
        assert read(HEAD + ITEM.replace("lead: [hcqt]", f'lead: ["{name}"]')).items[0].lead == ("hcqt",)


def test_the_digest_is_of_what_the_plan_says_not_of_how_its_file_is_laid_out() -> None:
    plan = read(PLAN)
    assert read(yaml.safe_dump(yaml.safe_load(PLAN), allow_unicode=True)).digest == plan.digest
    assert read(PLAN.replace("quarter: 1", "quarter: 2")).digest != plan.digest


@pytest.mark.parametrize("plan", [make_plan(), real_plan(), real_plan(2026)], ids=lambda plan: plan.id)
def test_a_plan_survives_its_json(plan: Plan) -> None:
    back = plan_from_json(json.loads(json.dumps(plan_to_json(plan))))
    assert back == plan
    assert back.digest == plan.digest


def test_the_schema_for_editors_knows_every_key_and_forbids_others() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {"plan", "year", "items", "irregularities"} <= set(schema["properties"])
    keys = {key for name, form in schema["$defs"].items() if name.endswith("Timing") for key in form["properties"]}
    assert set(FORMS) <= keys


def test_the_real_plan_reads_without_a_fault_and_names_only_known_units() -> None:
    plan = real_plan()
    known = {unit.id for unit in real_office().units} | {group.id for group in real_office().groups}
    assert {party for item in plan.items for party in (*item.lead, *item.coordinating)} <= known
    assert plan.adopted_on == date(2024, 1, 2)


def test_one_misspelt_unit_in_the_real_plan_is_found_on_its_line() -> None:
    file = located("plans/2024.yaml")
    line = file.lines[("items", 3, "lead", 0)]
    file.value["items"][3]["lead"] = ["Trung tâm Phục vụ - Kiểm soát thủ tục hành chánh"]
    with pytest.raises(ConfigurationError) as caught:
        read_plan(file, real_office())
    (fault,) = caught.value.faults
    assert (fault.line, "did you mean 'ttpvks'" in fault.message) == (line, True)
