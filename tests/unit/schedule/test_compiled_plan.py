"""The compiled plan of 2024 as one small golden file: what a change to plan, policy, calendar or code moves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from golden import assert_golden
from office_files import real_calendar, real_plan, real_policy

from cli.plan import plan as plan_commands
from dondoc.obligations.checkpoints import Checkpoint, checkpoints
from dondoc.obligations.timing import occurrences

ROOT = Path(__file__).parents[3]
SIGN = {"assign": "giao", "last-call": "hạn chót", "overdue": "quá hạn", "close": "khép"}


def day(moment: date | None) -> str:
    if moment is None:
        return "—"
    return f"{moment:%d/%m}" if moment.year == 2024 else f"{moment:%d/%m/%y}"


def sign(point: Checkpoint) -> str:
    if point.kind == "remind":
        return f"−{point.step} {day(point.day)}"
    if point.kind == "escalate":
        return f"bậc {point.step} {day(point.day)}"
    return f"{SIGN[point.kind]} {day(point.day)}"


def compiled() -> list[str]:
    plan, policy, calendar = real_plan(), real_policy(), real_calendar()
    lines = ["# plan-2024: nhiệm vụ, nghĩa vụ và kỳ: mở, hạn, làm xong | các buổi sáng"]
    title = ""
    for found in occurrences(plan, policy, calendar):
        item = plan.item(found.item)
        if item.flow_name != title:
            title = item.flow_name
            lines.append(f"{title} [{item.id}, {item.shape}]")
        head = f"  {found.obligation} {found.period}: {day(found.opens)} {day(found.due)} {day(found.act_by)}"
        if found.needs:
            head += f" (sau {', '.join('/'.join(need.split('/')[2:]) for need in found.needs)})"
        if found.opens and found.due:
            points = checkpoints(
                found.opens, found.due, policy.rhythm[item.shape], policy, calendar, plan.year, since=plan.adopted_on
            )
            # The closing is the same for all: the test below names it once.
            head += " | " + ", ".join(sign(point) for point in points if point.kind != "close")
        lines.append(head)
    return lines


def test_the_compiled_plan_is_the_golden_one() -> None:
    assert_golden("plan-2024.txt", compiled())


def test_it_has_33_items_57_obligations_and_152_occurrences() -> None:
    plan = real_plan()
    assert len(plan.items) == len({item.flow_name for item in plan.items}) == 33
    assert sum(len(item.obligations) for item in plan.items) == 57
    assert len(occurrences(plan, real_policy(), real_calendar())) == 152


def test_every_morning_is_a_working_day_and_the_last_is_the_closing() -> None:
    plan, policy, calendar = real_plan(), real_policy(), real_calendar()
    for found in occurrences(plan, policy, calendar):
        if found.opens and found.due:
            shape = plan.item(found.item).shape
            points = checkpoints(
                found.opens, found.due, policy.rhythm[shape], policy, calendar, plan.year, since=plan.adopted_on
            )
            assert points[-1] == Checkpoint("close", date(2025, 1, 22))
            assert all(calendar.is_working(point.day) for point in points)


def test_plan_diff_with_older_calendars_names_the_days_that_changed(tmp_path: Path) -> None:
    file = str(ROOT / "config" / "plans" / "2024.yaml")
    found = CliRunner().invoke(plan_commands, ["diff", file, file, "--old-calendars", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert "02/01/2026: worked -> off" in found.output
    assert "10/01/2026: off -> worked" in found.output
    same = CliRunner().invoke(plan_commands, ["diff", file, file])
    assert same.output == "0 occurrence(s) differ\n"


@pytest.mark.parametrize("year", [2030, 2050])
def test_a_plan_of_a_year_far_ahead_compiles_too(year: int) -> None:
    found = occurrences(real_plan(year), real_policy(), real_calendar())
    assert len(found) == 152
    assert all(each.due is None or each.due.year in (year, year + 1) for each in found)
