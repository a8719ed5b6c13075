"""A sweep is killed at every step in turn and started again until it goes through: nothing lost, nothing recorded twice."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from installation import CONFIG, TTPVKS, Installation, Mortal, at

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.ledger.ledger import Head
from dondoc.plan.plan_file import read_plan
from tasks.config.loading import load_rules
from tasks.store.runs import verify_chain

PLAN = """
plan: nho
year: 2024
title: Kế hoạch nhỏ năm {year}
office: Văn phòng Ủy ban nhân dân tỉnh Quảng Ngãi
adopted_on: 2024-01-02
items:
  - id: ke-hoach
    ref: II.1.e
    title: Kế hoạch theo dõi thi hành pháp luật
    text: Ban hành các Kế hoạch
    shape: issue
    lead: [hcqt]
    coordinating: [toan-the]
    obligations:
      - {id: mot, deliverable: Kế hoạch theo dõi, phrase: "Quý I/{year}.", timing: {quarter: 1}}
      - {id: hai, deliverable: Kế hoạch rà soát, phrase: "Quý II/{year}.", timing: {quarter: 2}}
  - id: thang
    ref: II.2.b
    title: Văn bản từng tháng
    text: Ban hành
    shape: issue
    lead: [ttpvks]
    obligations:
      - {id: m1, deliverable: Văn bản 1, phrase: Tháng 01., timing: {month: 1}}
      - {id: m2, deliverable: Văn bản 2, phrase: Tháng 02., timing: {month: 2}}
      - {id: m3, deliverable: Văn bản 3, phrase: Tháng 3., timing: {month: 3}}
      - {id: m4, deliverable: Văn bản 4, phrase: Tháng 4., timing: {month: 4}}
  - id: phan-anh
    ref: II.2.k
    title: Niêm yết thông báo tiếp nhận phản ánh
    text: Niêm yết
    shape: issue
    lead: [ttcbth, phong-nghien-cuu]
    obligations:
      - {id: mot, deliverable: Thông báo, phrase: "Quý I/{year}.", timing: {quarter: 1}}
      - {id: hai, deliverable: Thông báo, phrase: "Quý II/{year}.", timing: {quarter: 2}}
      - {id: nam, deliverable: Báo cáo, phrase: "31/12", timing: {by: "12-31"}}
      - {id: sau, deliverable: Tổng kết, phrase: "31/12", timing: {by: "12-31", opens: "04-01"}}
"""
NOW = at("2024-04-05")
DIED, KILLED, DONE = 77, -signal.SIGKILL, 0


def killed_at_data(installation: Installation, mortal: Mortal, moment: str) -> int:
    """A sweep that is killed at its first mail: when it is `offered` (and not kept), or once it is `kept` (and unanswered)."""

    class Gone(Exception):
        """The sender is dead: nobody reads the answer."""

    def kill(now: str) -> None:
        if now == moment:
            installation.post.on_data = lambda _moment: None
            os.kill(mortal.pid, signal.SIGKILL)
            if moment == "offered":
                raise Gone  # the server does not keep what it has not finished taking

    installation.post.on_data = kill
    status = mortal.sweep(installation, NOW)
    installation.post.on_data = lambda _moment: None
    return status


def facts(installation: Installation) -> dict[str, Any]:
    """What must be the same however often the sweep died: everything but the order, the run entries and the copies.

    A witness names the head, which depends on the order; the copies of this database share one witness file.
    """
    entries = [entry for entry in installation.ledger() if entry["kind"] not in ("run.recorded", "witness.published")]
    return {
        "entries": Counter(
            (e["kind"], e["occurrence"], json.dumps(e["body"], sort_keys=True)) for e in _unsealed(entries)
        ),
        "notices": {n.key: n.status for n in installation.notices()},
        "states": {
            f"{name} {key}": value for name, state in installation.states().items() for key, value in _unordered(state)
        },
        "mails": {(m.message_id, m.address, m.status) for m in installation.mails()},
        "mailboxes": {address: installation.post.ids(address) for address in installation.post.boxes()},
    }


def _unordered(state: dict[str, Any]) -> list[tuple[str, Any]]:
    # Who was told first depends on which mail went first.
    return [(key, sorted(value, key=str) if isinstance(value, tuple) else value) for key, value in state.items()]


def _unsealed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # A mail to the tracker prints the chain's head, which depends on the order of what came before.
    for entry in entries:
        entry["body"].pop("mail_sha256", None)
    return entries


def assert_nothing_lost_and_nothing_twice(installation: Installation, undisturbed: dict[str, Any]) -> None:
    assert isinstance(verify_chain(installation.engine), Head)
    assert installation.folded() == installation.states()
    found = facts(installation)
    for what, expected in undisturbed.items():
        assert found[what] == expected, what
    ids: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for address, message_id, content in installation.post.accepted:
        ids[address, message_id].add(content)
    assert all(len(contents) == 1 for contents in ids.values()), "a mail sent again is the same mail, byte for byte"
    assert len(installation.ledger("run.recorded")) == 1


@pytest.fixture
def disturbed(make_installation: Callable[..., Installation], mortal: Mortal) -> tuple[Installation, dict[str, Any]]:
    """An installation with a morning's work before it, and what an undisturbed sweep makes of the same."""
    installation = make_installation(read_plan(parse_yaml(PLAN, "plan.yaml"), load_rules(CONFIG).office))
    alone = installation.copy()
    alone.post.replies[TTPVKS] = ["550 5.1.1 no such mailbox"]  # its head gets it: a refusal is a step as well
    assert mortal.sweep(alone, NOW) == DONE
    undisturbed = facts(alone)
    assert len({n.occurrence for n in alone.notices()}) >= 10
    assert len(undisturbed["mails"]) >= 4
    alone.post.accepted.clear()
    alone.post.replies[TTPVKS] = ["550 5.1.1 no such mailbox"] * 99
    return installation, undisturbed


def test_killed_before_and_after_every_commit_and_every_reply(
    disturbed: tuple[Installation, dict[str, Any]], mortal: Mortal
) -> None:
    """Each restart gets one step further: it dies before that step is written, and again right after it is."""
    installation, undisturbed = disturbed
    deaths: Counter[str] = Counter()
    finished = False
    while not finished:
        assert deaths["after a commit"] < 200, "it does not get on"
        if any(mail.status == "ready" for mail in installation.mails()):
            for moment in ("offered", "kept"):
                status = killed_at_data(installation, mortal, moment)
                assert status in (KILLED, DONE)
                deaths[f"mail {moment}"] += status == KILLED
                if status == DONE:
                    break  # the last mail was refused: nothing is kept any more
        before = mortal.sweep(installation, NOW, "before", 1)
        after = mortal.sweep(installation, NOW, "after", 1) if before == DIED else before
        deaths["before a commit"] += before == DIED
        deaths["after a commit"] += after == DIED
        finished = bool(installation.ledger("run.recorded"))
    assert deaths["after a commit"] >= 15
    assert deaths["mail kept"] >= 3
    assert deaths["mail offered"] >= 4
    assert_nothing_lost_and_nothing_twice(installation, undisturbed)


SAMPLE = [("statement", n) for n in (1, 12, 30, 45)] + [("before", 16), ("after", 10)]


def test_killed_once_anywhere_the_next_sweep_ends_as_if_undisturbed(
    disturbed: tuple[Installation, dict[str, Any]], mortal: Mortal
) -> None:
    untouched, undisturbed = disturbed
    for moment, number in SAMPLE:
        untouched.post.accepted.clear()
        installation = untouched.copy()
        assert mortal.sweep(installation, NOW, moment, number) == DIED, f"no {moment} {number} in a sweep"
        assert mortal.sweep(installation, NOW) == DONE
        assert_nothing_lost_and_nothing_twice(installation, undisturbed)


def test_three_sweeps_in_processes_side_by_side_do_the_work_once(
    disturbed: tuple[Installation, dict[str, Any]], mortal: Mortal
) -> None:
    installation, undisturbed = disturbed
    assert mortal.sweep(installation, NOW, copies=3) == DONE
    mails = [(address, message_id) for address, message_id, _ in installation.post.accepted]
    mortal.sweep(installation, NOW)  # what was queued after the postman had looked
    assert len(mails) == len(set(mails))
    found = facts(installation)
    for what in ("entries", "notices", "states"):
        assert found[what] == undisturbed[what], what
    assert isinstance(verify_chain(installation.engine), Head)
    assert installation.folded() == installation.states()
    assert len(installation.ledger("run.recorded")) == 4
