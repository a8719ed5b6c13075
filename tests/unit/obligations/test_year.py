"""The plan year 2024 walked morning by morning over the real plan, with scripted answers, against a golden transcript.

Eight o'clock: every occurrence is looked at, in order of need. Half past eight: what was queued is delivered.
Three in the afternoon: units and tracker answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from functools import cache
from typing import Any

from golden import assert_golden
from office_files import real_calendar, real_office, real_plan, real_policy
from walking import Duty, said

from dondoc.calendar.working_days import DAY
from dondoc.obligations.acts import ActName
from dondoc.obligations.decide import Facts
from dondoc.obligations.lifecycle import ENDS, OWED, Status, initial
from dondoc.obligations.timing import occurrences

EVENTS = {"kh-chuyen-doi-so-tinh": date(2024, 12, 9)}
NEVER = "van-ban-mot-cua/quy-dinh-tieu-chi-mot-cua/2024-Q3"
Answer = tuple[str, ActName, dict[str, Any]]

# Whoever is not named here hands in three working days before act-by and is accepted two days later.
SCRIPT: dict[str, list[Answer]] = {
    NEVER: [],
    "he-thong-hoa-van-ban/bao-cao-ket-qua/2024-01": [  # three working days late
        ("2024-02-05", "submit", {"document": "12/BC-VP", "signed": date(2024, 2, 5)}),
        ("2024-02-07", "accept", {}),
    ],
    "kiem-soat-tthc/ke-hoach-truyen-thong/2024-Q1": [  # late enough for the tracker to hear of it
        ("2024-04-11", "submit", {"document": "57/KH-UBND", "signed": date(2024, 4, 11)}),
        ("2024-04-12", "accept", {}),
    ],
    "kiem-soat-tthc/ke-hoach-van-phong/2024-Q1": [  # signed in time, handed in late
        ("2024-04-02", "submit", {"document": "49/KH-VP", "signed": date(2024, 3, 28)}),
        ("2024-04-04", "accept", {}),
    ],
    "kiem-soat-tthc/ke-hoach-ra-soat/2024-Q1": [  # returned once
        ("2024-03-18", "submit", {"document": "38/KH-UBND", "signed": date(2024, 3, 18)}),
        ("2024-03-20", "return", {"reason": "thiếu phụ lục"}),
        ("2024-03-26", "submit", {"document": "44/KH-UBND", "signed": date(2024, 3, 26)}),
        ("2024-03-28", "accept", {}),
    ],
    "van-ban-mot-cua/quyet-dinh-sua-doi-1179/2024-Q2": [  # extended
        ("2024-06-12", "extend_request", {"until": date(2024, 7, 31), "reason": "chờ thẩm định"}),
        ("2024-06-14", "extend", {"until": date(2024, 7, 31), "reason": "đồng ý"}),
        ("2024-07-25", "submit", {"document": "702/QĐ-UBND", "signed": date(2024, 7, 25)}),
        ("2024-07-29", "accept", {}),
    ],
    "danh-gia-giai-quyet-tthc/bao-cao-ket-qua/2024-Q3": [  # waived
        ("2024-09-16", "waive", {"document": "96/QĐ-VP", "signed": date(2024, 9, 13), "reason": "gộp kỳ"}),
    ],
    "ke-hoach-chuyen-doi-so-nam-sau/ke-hoach/kh-chuyen-doi-so-tinh": [
        ("2024-12-24", "submit", {"document": "262/KH-VP", "signed": date(2024, 12, 24)}),
        ("2024-12-26", "accept", {}),
    ],
}  # fmt: skip

SHOWN = (
    "van-ban-mot-cua", "he-thong-hoa-van-ban", "kiem-soat-tthc", "danh-gia-giai-quyet-tthc",
    "ke-hoach-chuyen-doi-so-nam-sau", "ke-hoach-cchc-nam-sau",
)  # fmt: skip


class Year:
    """All duties of 2024, and what was said on each of its mornings."""

    def __init__(self) -> None:
        plan, policy, calendar = real_plan(), real_policy(), real_calendar()
        self.lines: list[str] = []
        self.nothing_owed: Counter[str] = Counter()
        self.queued: dict[tuple[date, str], list[str]] = defaultdict(list)
        self.duties: dict[str, Duty] = {}
        for found in occurrences(plan, policy, calendar):
            item = plan.item(found.item)
            obligation = next(o for o in item.obligations if o.id == found.obligation)
            self.duties[found.id] = Duty(
                Facts(
                    found, item, obligation, initial(found), real_office(), policy, calendar, plan.year, plan.adopted_on
                )
            )

    def walk(self) -> Year:
        day = date(2024, 1, 1)
        while day <= date(2025, 1, 31):
            if real_calendar().is_working(day):
                self.morning(day)
            day += DAY
        return self

    def morning(self, day: date) -> None:
        for duty in self.duties.values():
            self._learn(duty, day)
            found = duty.look(day.isoformat())
            self._tell(day, duty, said(found))
            for draft in found.entries:
                if draft.kind == "notice.queued":
                    for recipient in draft.body["recipients"]:
                        self.queued[day, recipient].append(draft.body["kind"])
        for duty in self.duties.values():
            duty.deliver(day.isoformat())
        for duty in self.duties.values():
            for name, given in self.answers(duty, day):
                duty.act(day.isoformat(), name, **given)
                self._tell(day, duty, [f"⟵ {name}"])

    def answers(self, duty: Duty, day: date) -> list[tuple[ActName, dict[str, Any]]]:
        short = duty.facts.occurrence.id.removeprefix("cchc-2024/")
        if short in SCRIPT:
            return [(name, given) for on, name, given in SCRIPT[short] if on == day.isoformat()]
        calendar, state = real_calendar(), duty.state
        if state.status is Status.SUBMITTED:
            return [("accept", {})] if state.submitted_on and calendar.between(state.submitted_on, day) >= 2 else []
        if state.status in OWED and state.due and calendar.between(day, calendar.on_or_before(state.due)) <= 3:
            return [("submit", {"document": "1/VP", "signed": day})]
        return []

    def outcomes(self) -> Counter[str]:
        return Counter(duty.state.status.value for duty in self.duties.values())

    def _learn(self, duty: Duty, day: date) -> None:
        known = duty.facts.occurrence
        happened = EVENTS.get(known.event or "")
        needs_done = all(self.duties[need].state.status in ENDS for need in known.needs)
        event_on = happened if happened and day > happened else None
        if (needs_done, event_on) != (duty.facts.needs_done, duty.facts.event_on):
            duty.with_facts(needs_done=needs_done, event_on=event_on)

    def _tell(self, day: date, duty: Duty, what: list[str]) -> None:
        _, item, obligation, period = duty.facts.occurrence.id.split("/")
        if what in (["withheld done"], ["withheld waived"]):
            self.nothing_owed[f"{day:%Y-%m}"] += 1
        elif what and item in SHOWN:
            self.lines.append(f"{day} {item}/{obligation}/{period}: {', '.join(what)}")


@cache
def year() -> Year:
    return Year().walk()


def counts() -> list[str]:
    months: dict[str, Counter[str]] = defaultdict(Counter)
    for month, n in year().nothing_owed.items():
        months[month]["nothing owed any more"] = n
    for (day, _), kinds in year().queued.items():
        months[f"{day:%Y-%m}"].update(kinds)
        months[f"{day:%Y-%m}"]["mails"] += 1
    return [
        f"{month}: {found.pop('mails')} mails: {', '.join(f'{kind} {n}' for kind, n in sorted(found.items()))}"
        for month, found in sorted(months.items())
    ]


def test_the_year_is_the_golden_one() -> None:
    assert_golden(
        "year-2024.txt",
        [
            "# Six items, one line a morning and decision (⟵ marks an answer; what owed nothing any more is counted below)",
            *year().lines,
            "",
            "# All items: what the looks queued, and in how many mails (one a recipient and morning)",
            *counts(),
            "",
            "# Outcomes",
            *(f"{status}: {n}" for status, n in sorted(year().outcomes().items())),
        ],
    )


def test_every_expected_occurrence_has_exactly_one_outcome() -> None:
    assert sum(year().outcomes().values()) == 152
    assert {duty.state.status for duty in year().duties.values()} <= ENDS


def test_only_the_duty_that_nobody_answered_is_missed() -> None:
    missed = [o for o, duty in year().duties.items() if duty.state.status is Status.MISSED]
    assert missed == [f"cchc-2024/{NEVER}"]


def test_no_notice_went_to_anyone_twice() -> None:
    for duty in year().duties.values():
        sent = [(checkpoint, recipient) for checkpoint, recipient, _ in duty.notices()]
        assert len(set(sent)) == len(sent)


def test_every_notice_was_decided_on_a_working_morning() -> None:
    assert all(real_calendar().is_working(day) for day, _ in year().queued)


def test_leaders_hear_only_of_what_is_late_or_missed() -> None:
    told = {
        kind
        for (_, recipient), kinds in year().queued.items()
        if recipient in ("role:head", "role:deputy")
        for kind in kinds
    }
    assert told == {"escalate", "missed"}


def test_each_duty_was_assigned_before_it_was_reminded_and_reminded_before_it_was_late() -> None:
    order = {"assign": 0, "remind": 1, "last-call": 2, "overdue": 3, "escalate": 4, "missed": 5}
    for name, duty in year().duties.items():
        ranks = [order[kind] for _, _, kind in duty.notices() if kind in order]
        if duty.state.revision == 0:
            assert ranks == sorted(ranks), name
        assert not ranks or ranks[0] == 0
