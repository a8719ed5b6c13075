"""policy.yaml: the office's own choices, and what may not stand in it."""

from __future__ import annotations

from datetime import time, timedelta
from typing import get_args

import pytest
from factories import POLICY, at, make_policy
from office_files import real_office, real_policy

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.policy import Policy, Shape, read_policy


def read(more: str = "", text: str = POLICY) -> Policy:
    return read_policy(parse_yaml(text + more, "policy.yaml"))


def faults(more: str = "", text: str = POLICY) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(more, text)
    return [str(fault) for fault in caught.value.faults]


def test_what_is_left_out_has_a_default() -> None:
    policy = make_policy()
    assert (policy.look_at, policy.sweep_at, policy.roll_forward) == (time(8, 0), time(8, 30), False)
    assert at("2024-07-01").astimezone(policy.zone).utcoffset() == timedelta(hours=7)


def test_reminders_are_kept_from_the_longest_to_the_shortest() -> None:
    assert read(text=POLICY.replace("[15, 5, 1]", "[1, 15, 5]")).rhythm["issue"].remind == (15, 5, 1)


@pytest.mark.parametrize("written", ["10:30", "08:00:30", '"8:00"', '"25:00"', '"08:60"', "28800", '"08:00Z"', "sáng"])
def test_a_time_of_day_is_written_in_quotes_because_yaml_reads_a_bare_one_as_a_number(written: str) -> None:
    assert any('write it in quotes, e.g. "08:00"' in fault for fault in faults(f"look_at: {written}\n"))


def test_a_quoted_time_is_read() -> None:
    policy = read('look_at: "07:15"\nsweep_at: "07:45"\n')
    assert (policy.look_at, policy.sweep_at) == (time(7, 15), time(7, 45))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('look_at: "09:00"\n', "the sweep comes after the morning's looks"),
        ("timezone: Asia/Quang_Ngai\n", "is not a time zone"),
        ("timezone: ../etc/passwd\n", "is not a time zone"),
        ("cadence: {continuous: fortnight}\n", "cadence.continuous"),
        ("extensions: {at_most: -1}\n", "extensions.at_most"),
        ("coordinating_told: [escalate]\n", "coordinating_told, number 1"),
        ("reminders: 3\n", "'reminders' is not known here"),
        ("close_after_working_days: 0\n", "close_after_working_days"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused_on_its_line(more: str, said: str) -> None:
    line = POLICY.count("\n") + 1
    (found,) = faults(more)
    assert said in found
    assert found.startswith(f"policy.yaml:{line}: ") or "sweep" in found


@pytest.mark.parametrize("remind", ["[0]", "[121]", "[5, 5]", "[-1]"])
def test_reminders_are_different_counts_of_days(remind: str) -> None:
    assert any("different working-day counts" in f for f in faults(text=POLICY.replace("[15, 5, 1]", remind)))


def test_steps_of_escalation_stand_in_the_order_of_their_delays() -> None:
    assert any(
        "in the order of their delays" in f
        for f in faults(text=POLICY.replace("after_working_days: 3", "after_working_days: 8"))
    )


def test_a_step_of_escalation_names_somebody() -> None:
    assert faults(text=POLICY.replace("roles: [unit_head]", "roles: []"))


@pytest.mark.parametrize("shape", get_args(Shape))
def test_every_shape_needs_its_rhythm(shape: str) -> None:
    text = "\n".join(line for line in POLICY.splitlines() if not line.startswith(f"  {shape}:")) + "\n"
    assert any(f"the shape '{shape}' has no rhythm" in fault for fault in faults(text=text))


def test_the_real_policy_escalates_only_to_roles_the_office_has() -> None:
    known = {"unit_head", *(role.id for role in real_office().roles)}
    assert {role for step in real_policy().escalation for role in step.roles} <= known
