"""From 30 November over the new year to the close and ten days beyond, by a paper clock: the flows themselves, the time passed in.

Once with next year's plan adopted in December, once with none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from email import message_from_bytes

import jinja2
import pytest
from installation import CONFIG, HCQT, Installation, at

from deployments.apply import flow_function
from dondoc.documents.kinds import WantedDocument
from dondoc.ledger.ledger import Head
from dondoc.obligations.checkpoints import closing_day
from dondoc.plan.plan import Plan
from dondoc.schedule.deployments import Compiler, Deployment
from flows.daily_check import daily_check
from tasks.config.loading import words
from tasks.documents.reading import document_file, plan_view
from tasks.obligations.snapshot import snapshot
from tasks.store.occurrences import tracked_rows
from tasks.store.plan_years import awaited_plans, default_plan
from tasks.store.plans import adopt, closed
from tasks.store.runs import verify_chain

pytestmark = pytest.mark.usefixtures("plain_tasks")

FIRST = date(2024, 11, 29)
CLOSE = date(2025, 1, 22)
LAST = date(2025, 2, 10)
LATE_REVIEW = "bao-cao/tien-do/2024-Q4"  # handed in before the close, reviewed after it
RETURNED = "chi-so/ket-qua/2024-12"  # handed in in time, returned at 15:00 of the closing day, handed in again
LEADER = "chanh-van-phong@vpub.quangngai.example"


@dataclass
class Life:
    """One installation walked morning by morning."""

    here: Installation
    plans: list[Plan]
    told: dict[date, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )  # day → mails of notices by mailbox

    def walk(self, first: date, last: date, before: Callable[[date], None] = lambda _: None) -> None:
        """Each weekday: acts, the items scheduled that morning, the plans' sweeps, the daily check."""
        day = first
        while day <= last:
            if day.weekday() < 5:
                before(day)
                self.morning(day)
            day += timedelta(days=1)

    def morning(self, day: date) -> None:
        iso, already = day.isoformat(), len(self.here.post.accepted)
        deployed = [found for plan in self.plans for found in self.compiled(plan)]
        for clock in ("08:00", "08:30"):
            moment = at(iso, clock)
            for found in deployed:
                if moment.replace(tzinfo=None) in found.mornings:
                    flow_function(found.entrypoint).fn(**found.parameters, as_of=moment)  # type: ignore[attr-defined]
        daily_check.fn(as_of=at(iso, "08:45"))
        for address, _, content in self.here.post.accepted[already:]:
            if "plan-awaited." not in str(message_from_bytes(content)["Message-ID"]):
                self.told[day][address] += 1

    def compiled(self, plan: Plan) -> tuple[Deployment, ...]:
        """The plan's deployments as a deploy would have them now."""
        with self.here.engine.connect() as connection:
            states = {row.occurrence.id: row.state for row in tracked_rows(connection, plan.id)}
        return Compiler(self.here.rules, words(CONFIG), jinja2.Template(""), states).deployments(plan)

    def default(self, day: date) -> str | None:
        """What board and commands show where no plan is named."""
        with self.here.engine.connect() as connection:
            return default_plan(connection, self.here.rules, day)

    def closed_on(self) -> dict[str, date]:
        """Plan → the day it was closed."""
        return {e["plan"]: date.fromisoformat(e["at"][:10]) for e in self.here.ledger("plan.closed")}

    def status(self, occurrence: str) -> str:
        return str(self.here.states()[f"{self.here.plan.id}/{occurrence}"]["status"])


def acts(life: Life) -> Callable[[date], None]:
    """What people do: two results come before the end of the year, one is returned at the close, one reviewed late."""
    here = life.here

    def on(day: date) -> None:
        match day.isoformat():
            case "2024-12-27":
                for occurrence in (LATE_REVIEW, RETURNED):
                    here.submit(occurrence, at("2024-12-27", "07:30"))
            case "2025-01-23":
                assert life.status(RETURNED) == "submitted"
                here.act(RETURNED, "return", at("2025-01-22", "15:00"), reason="thiếu phụ lục")
            case "2025-01-24":
                assert life.status(RETURNED) == "returned", "the reviewer's delay misses nobody"
                here.submit(RETURNED, at("2025-01-23", "16:00"))
                here.act(RETURNED, "accept", at("2025-01-23", "16:30"))
            case "2025-02-05":
                assert life.status(LATE_REVIEW) == "submitted"
                here.act(LATE_REVIEW, "accept", at("2025-02-05", "07:30"))
            case _:
                pass

    return on


@pytest.fixture
def life(installation: Installation) -> Life:
    return Life(installation, [installation.plan])


def no_mailbox_twice(life: Life) -> None:
    twice = {(day, box): n for day, boxes in life.told.items() for box, n in boxes.items() if n > 1}
    assert twice == {}


def nothing_is_left(life: Life, plan: str) -> None:
    with life.here.engine.connect() as connection:
        assert closed(connection, plan)
    assert {notice.status for notice in life.here.notices(plan=plan)} <= {"sent", "withheld", "failed"}
    assert {mail.status for mail in life.here.mails()} <= {"sent", "failed"}
    assert isinstance(verify_chain(life.here.engine), Head)
    assert life.here.folded() == life.here.states()


def test_with_next_years_plan_adopted_in_december_two_plans_run_side_by_side(life: Life) -> None:
    here, rules = life.here, life.here.rules
    assert closing_day(2024, rules.policy, rules.calendar) == CLOSE
    life.walk(FIRST, date(2024, 12, 19), acts(life))
    following = replace(here.plan, year=2025, title="Kế hoạch nhỏ năm 2025", adopted_on=date(2025, 1, 2))
    adopt(here.engine, following, rules.policy, rules.calendar, at("2024-12-19", "16:00"), "operator")
    life.plans.append(following)
    assert life.default(date(2024, 12, 20)) == "nho-2024"
    life.walk(date(2024, 12, 20), CLOSE, acts(life))
    assert life.default(CLOSE) == "nho-2024"
    before = {found.name + found.flow: found.version for found in life.compiled(here.plan)}
    assert life.told[date(2025, 1, 2)][HCQT] == 1, "January's first morning, both plans in one mail"
    life.walk(CLOSE + timedelta(days=1), LAST, acts(life))

    no_mailbox_twice(life)
    nothing_is_left(life, "nho-2024")
    assert life.closed_on() == {"nho-2024": date(2025, 2, 5)}
    assert (life.status(LATE_REVIEW), life.status(RETURNED)) == ("done", "done")
    outcomes = {e["body"]["kind"] for e in here.ledger("notice.queued") if e["body"]["checkpoint"] == "closing"}
    assert outcomes == {"report"}
    assert "Kế hoạch năm 2024 đã đóng" in here.post.text(LEADER)
    assert [e["body"]["recipient"] for e in here.ledger("plan.awaited")] == ["role:tracker", "role:operator"], (
        "in December only"
    )
    assert life.default(LAST) == "nho-2025"
    # The schedule is what it was before the last duties were decided, but for the mornings that those no longer need.
    after = life.compiled(here.plan)
    assert {found.name + found.flow for found in after} == set(before)
    assert all(morning.date() <= CLOSE for found in after for morning in found.mornings)


def test_with_none_adopted_the_office_is_reminded_and_the_old_plan_still_comes_to_its_end(life: Life) -> None:
    here = life.here
    life.walk(FIRST, LAST, acts(life))
    no_mailbox_twice(life)
    nothing_is_left(life, "nho-2024")
    assert life.closed_on() == {"nho-2024": date(2025, 2, 5)}
    assert "Kế hoạch năm 2024 đã đóng" in here.post.text(LEADER)
    reminded = Counter(e["body"]["recipient"] for e in here.ledger("plan.awaited"))
    assert reminded["role:tracker"] == 1 + 4 + 1, "December, the weeks of January before Tết, February"
    assert reminded["role:head"] == 4 + 1
    with here.engine.connect() as connection:
        assert [one.year for one in awaited_plans(connection, LAST)] == [2025]
    # A closed year's reports stay possible: December's, the year's, and the tables.
    now = at("2025-02-10", "10:00")
    about = plan_view(here.engine, here.rules, CONFIG, "nho-2024", now)
    for wanted in (WantedDocument("progress", period="2024-12"), WantedDocument("year-summary")):
        assert document_file(wanted, about, CONFIG)[:2] == b"PK"
    assert len(snapshot(here.engine, here.rules, "nho-2024", now).tracked) == len(here.states())


def test_a_returned_result_that_nobody_hands_in_again_ends_a_few_days_later(life: Life) -> None:
    here = life.here
    here.submit(RETURNED, at("2024-12-27", "07:30"))
    life.walk(date(2025, 1, 21), CLOSE)
    here.act(RETURNED, "return", at("2025-01-22", "15:00"), reason="thiếu phụ lục")
    life.walk(date(2025, 1, 23), LAST)
    assert life.status(RETURNED) == "missed"
    assert life.closed_on() == {"nho-2024": date(2025, 2, 4)}
    nothing_is_left(life, "nho-2024")
