"""Small real values for tests of the domain: an office, a policy, a calendar, a plan, facts. All read by the real readers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from dondoc.calendar.working_days import Calendar, working_calendar
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.mail.notice import Notice
from dondoc.obligations.decide import Facts, NoticeKind
from dondoc.obligations.lifecycle import State, Status, initial
from dondoc.obligations.timing import Occurrence, occurrences
from dondoc.office.office import Office, read_office
from dondoc.office.policy import Policy, read_policy
from dondoc.plan.plan import Item, Obligation, Plan
from dondoc.plan.plan_file import read_plan

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

OFFICE = """
office: Văn phòng Ủy ban nhân dân tỉnh Quảng Ngãi
units:
  - {id: hcqt, name: Phòng Hành chính - Quản trị, email: hcqt@vp.example, head_email: truong-hcqt@vp.example}
  - {id: ttpvks, name: Trung tâm Phục vụ - Kiểm soát thủ tục hành chính, email: ttpvks@vp.example, head_email: gd-ttpvks@vp.example}
  - {id: ttcbth, name: Trung tâm Công báo và Tin học, email: ttcbth@vp.example}
groups:
  - {id: toan-the, name: "Các phòng, ban, đơn vị trực thuộc", members: [hcqt, ttpvks, ttcbth]}
roles:
  - {id: tracker, title: Trưởng phòng Hành chính - Quản trị, email: truong-hcqt@vp.example}
  - {id: deputy, title: Phó Chánh Văn phòng, email: pcvp@vp.example}
  - {id: head, title: Chánh Văn phòng, email: cvp@vp.example}
  - {id: operator, title: Trung tâm CNTT vận hành hệ thống, email: van-hanh@vp.example}
"""

POLICY = """
rhythm:
  issue: {remind: [15, 5, 1]}
  inspection: {remind: [30, 15, 7, 1]}
  collect: {remind: [3]}
  continuous: {remind: [7]}
  after_event: {remind: [7, 1]}
  next_year: {remind: [15, 5, 1]}
  report: {remind: [5]}
escalation:
  - {after_working_days: 3, roles: [unit_head]}
  - {after_working_days: 7, roles: [tracker]}
  - {after_working_days: 10, roles: [deputy, head]}
"""

PLAN = """
plan: cchc
year: 2024
title: Kế hoạch cải cách hành chính năm {year}
office: Văn phòng Ủy ban nhân dân tỉnh Quảng Ngãi
adopted_on: 2024-01-02
events:
  - {id: kh-tinh, title: "UBND tỉnh ban hành Kế hoạch chuyển đổi số tỉnh năm {next_year}"}
items:
  - id: ke-hoach-thi-hanh
    ref: II.1.e
    title: Kế hoạch theo dõi thi hành pháp luật và rà soát văn bản QPPL
    text: Ban hành các Kế hoạch
    shape: issue
    lead: [hcqt]
    coordinating: [toan-the]
    obligations:
      - {id: ke-hoach-theo-doi, deliverable: Kế hoạch theo dõi tình hình thi hành pháp luật, phrase: "Quý I/{year}.", timing: {quarter: 1}}
  - id: kiem-soat
    ref: II.2.a
    title: Kế hoạch, kiểm tra và báo cáo kiểm soát thủ tục hành chính
    text: Kiểm soát thủ tục hành chính
    shape: inspection
    lead: [ttpvks]
    coordinating: [toan-the]
    obligations:
      - id: kiem-tra
        deliverable: hoàn thành việc tham mưu kiểm tra
        phrase: "hoàn thành việc tham mưu kiểm tra trước ngày 30/11/{year}"
        timing: {before: "11-30", opens: "04-01"}
        reading: "Không kể ngày 30/11: chậm nhất hết ngày 29/11."
      - {id: bao-cao, deliverable: báo cáo kết quả thực hiện, phrase: và báo cáo kết quả thực hiện, timing: {by: "12-31", opens: "04-01"}, needs: [kiem-tra]}
  - id: chi-so
    ref: II.2.c
    title: Chỉ số phục vụ người dân, doanh nghiệp hằng tháng
    text: Chất lượng phục vụ
    shape: collect
    lead: [ttpvks]
    coordinating: [toan-the]
    obligations:
      - id: ket-qua
        deliverable: Kết quả đánh giá chất lượng thực hiện dịch vụ công
        phrase: Định kỳ hàng tháng trong năm.
        timing: {every: month}
        reading: "Có kỳ hằng tháng nhưng không quy định ngày: hạn là ngày cuối cùng của tháng."
        reading_by: Trưởng phòng Hành chính - Quản trị
  - id: phan-anh
    ref: II.2.k
    title: Niêm yết thông báo hướng dẫn tiếp nhận phản ánh, kiến nghị
    text: Niêm yết
    shape: continuous
    lead: [ttpvks, ttcbth]
    coordinating: [hcqt]
    obligations:
      - {id: niem-yet, deliverable: Thông báo hướng dẫn tiếp nhận phản ánh, phrase: Thường xuyên trong năm., timing: {continuous: true}, reading: Kế hoạch không quy định kỳ báo cáo.}
  - id: chuyen-doi-so
    ref: II.6.d
    title: Kế hoạch chuyển đổi số của Văn phòng năm {next_year}
    text: Ban hành Kế hoạch chuyển đổi số
    shape: after_event
    lead: [ttcbth]
    obligations:
      - {id: ke-hoach, deliverable: Kế hoạch của Văn phòng, phrase: Sau khi UBND tỉnh ban hành Kế hoạch chuyển đổi số tỉnh., timing: {after: kh-tinh}}
"""


@cache
def make_office(text: str = OFFICE) -> Office:
    """Three units (one without a head's address), one group, four roles."""
    return read_office(parse_yaml(text, "office.yaml"))


@cache
def make_policy(text: str = POLICY) -> Policy:
    """The defaults of the real policy, with three steps of escalation."""
    return read_policy(parse_yaml(text, "policy.yaml"))


@cache
def make_calendar() -> Calendar:
    """2023 to 2025 as the `holidays` package knows them."""
    return working_calendar()


@cache
def make_plan(text: str = PLAN, **changes: Any) -> Plan:
    """A plan of five items, one of each kind of timing that matters; `changes` replace its fields."""
    return replace(read_plan(parse_yaml(text, "plan.yaml"), make_office()), **changes)


def make_occurrence(
    item: str, obligation: str | None = None, period: str | None = None, plan: Plan | None = None
) -> Occurrence:
    """The first occurrence of that item, obligation and period in `plan`."""
    return next(
        found
        for found in occurrences(plan or make_plan(), make_policy(), make_calendar())
        if found.item == item and obligation in (None, found.obligation) and period in (None, found.period)
    )


def make_parts(occurrence: Occurrence, plan: Plan | None = None) -> tuple[Item, Obligation]:
    """The item and the obligation of an occurrence."""
    item = (plan or make_plan()).item(occurrence.item)
    return item, next(o for o in item.obligations if o.id == occurrence.obligation)


def make_state(occurrence: Occurrence, status: Status = Status.OPEN, **changes: Any) -> State:
    """The state of an occurrence at that status, under make_policy's frozen steps; `changes` replace its fields."""
    frozen = tuple((step.after_working_days, step.roles) for step in make_policy().escalation)
    return replace(initial(occurrence), status=status, opened_on=occurrence.opens, escalation=frozen, **changes)


def make_facts(
    item: str, obligation: str | None = None, period: str | None = None, *, plan: Plan | None = None, **changes: Any
) -> Facts:
    """What a decision about that occurrence rests on, before any entry; `changes` replace its fields."""
    plan = plan or make_plan()
    occurrence = make_occurrence(item, obligation, period, plan)
    own_item, own_obligation = make_parts(occurrence, plan)
    facts = Facts(
        occurrence=occurrence,
        item=own_item,
        obligation=own_obligation,
        state=initial(occurrence),
        office=make_office(),
        policy=make_policy(),
        calendar=make_calendar(),
        year=plan.year,
        adopted_on=plan.adopted_on,
    )
    return replace(facts, **changes)


def at(day: str, hour: int = 8) -> datetime:
    """That day (ISO) at that hour in the office's zone."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), ZONE).replace(hour=hour)


def make_notice(
    plan: Plan, item: str, obligation: str, kind: NoticeKind, recipient: str, *, coordinating: bool = False
) -> Notice:
    """A notice of that kind about the obligation's first occurrence."""
    occurrence = make_occurrence(item, obligation, plan=plan)
    own_item, own_obligation = make_parts(occurrence, plan)
    return Notice(
        f"{occurrence.id}|{kind}|{recipient}", kind, kind, recipient, occurrence, own_item, own_obligation,
        make_state(occurrence), coordinating, {},
    )  # fmt: skip
