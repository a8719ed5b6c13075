"""Looks and acts on a real database: side by side, twice, and refused with one line."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from installation import Installation, at

from dondoc.foundation.errors import DondocError, ForbiddenTransitionError
from dondoc.ledger.ledger import Head
from dondoc.obligations.acts import ActError
from tasks.mail.delivery import deliver
from tasks.mail.sending import DeliveryResult
from tasks.store.outbox import postman
from tasks.store.runs import verify_chain
from tasks.store.settle import Checked, check_occurrences, record_outside_event

Q1 = "ke-hoach/quy-mot/2024-Q1"
EVENT = "chuyen-doi-so/ke-hoach/kh-tinh"


def side_by_side(*calls: Callable[[], Any]) -> list[Any]:
    """Each call in a thread of its own, all let go at the same moment."""
    gate, found = threading.Barrier(len(calls)), {}

    def run(number: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[number] = call()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [found[number] for number in range(len(calls))]


def looked(installation: Installation, day: str) -> list[Checked]:
    return check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day))


def content(installation: Installation) -> Counter[str]:
    return Counter(f"{e['kind']} {e['occurrence']} {e['body']}" for e in installation.ledger())


# -- twice, and side by side


def test_a_second_look_the_same_morning_records_nothing(installation: Installation) -> None:
    first = looked(installation, "2024-04-05")
    before = content(installation)
    second = looked(installation, "2024-04-05")
    assert any(found.entries for found in first)
    assert not any(found.seqs for found in second)
    assert content(installation) == before


def test_two_threads_at_the_same_checkpoint_record_it_once(installation: Installation) -> None:
    alone = installation.copy()
    looked(alone, "2024-04-05")
    found = side_by_side(*[lambda: looked(installation, "2024-04-05")] * 4)
    assert not [error for error in found if isinstance(error, Exception)]
    assert content(installation) == content(alone)
    assert installation.states() == alone.states() == installation.folded()
    assert isinstance(verify_chain(installation.engine), Head)
    seqs = [seq for run in found for one in run for seq in one.seqs]
    assert len(seqs) == len(set(seqs)) == len(installation.ledger()) - 1, "each run names the entries it wrote"


def test_a_look_and_an_act_at_once_leave_one_truth(installation: Installation) -> None:
    looked(installation, "2024-03-01")
    found = side_by_side(
        lambda: looked(installation, "2024-04-05"),
        lambda: installation.submit(Q1, at("2024-04-05")),
        lambda: looked(installation, "2024-04-05"),
    )
    assert not [error for error in found if isinstance(error, Exception)]
    assert installation.folded() == installation.states()
    assert isinstance(verify_chain(installation.engine), Head)


def test_the_same_act_from_two_desks_counts_once(installation: Installation) -> None:
    looked(installation, "2024-03-01")
    found = side_by_side(*[lambda: installation.submit(Q1, at("2024-03-05"))] * 3)
    refused = [error for error in found if isinstance(error, ForbiddenTransitionError)]
    assert len(refused) == 2
    assert len(installation.ledger("occurrence.submitted")) == 1


def test_two_sweeps_at_once_deliver_once_and_one_says_so(installation: Installation) -> None:
    looked(installation, "2024-04-05")
    offered, go_on = threading.Event(), threading.Event()

    def wait(_moment: str) -> None:
        offered.set()
        go_on.wait(10)

    installation.post.on_data = wait
    first: list[DeliveryResult] = []
    sending = threading.Thread(target=lambda: first.append(deliver(installation.morning(at("2024-04-05")))))
    sending.start()
    assert offered.wait(10)
    second = deliver(installation.morning(at("2024-04-05")))
    go_on.set()
    sending.join(20)
    assert second.elsewhere
    assert second.sent == 0
    assert not first[0].elsewhere
    boxes = installation.post.boxes()
    assert first[0].sent == len(boxes) == len(set(boxes)) > 2


def test_one_run_delivers_the_mail_of_all_plans_at_a_time(installation: Installation) -> None:
    with postman(installation.engine) as first, postman(installation.engine) as second:
        assert (first, second) == (True, False)
    with postman(installation.engine) as again:
        assert again


# -- acts that are refused: one line, nothing written

REFUSED: list[tuple[str, str, dict[str, Any], type[DondocError], str]] = [
    ("twice", "submit", {"document": "1/KH"}, ForbiddenTransitionError, "is submitted: submitted is not possible now"),
    ("twice", "extend_request", {"until": date(2024, 4, 9), "reason": "x"}, ForbiddenTransitionError, "not possible now"),
    ("open", "accept", {}, ForbiddenTransitionError, "is open: accepted is not possible now"),
    ("open", "return", {"reason": "thiếu"}, ForbiddenTransitionError, "is open: returned is not possible now"),
    ("open", "submit", {}, ActError, "needs a document number, a note or a file"),
    ("open", "submit", {"document": "\0\n\u2028"}, ActError, "needs a document number"),
    ("open", "submit", {"document": "1", "signed": date(2030, 1, 1)}, ActError, "after today"),
    ("open", "submit", {"note": "x" * 4001}, ActError, "shorten it"),
    ("open", "extend_request", {"reason": "x"}, ActError, "give the new date"),
    ("open", "extend_request", {"until": date(2024, 3, 1), "reason": "x"}, ActError, "must lie after"),
    ("open", "extend_request", {"until": date(2025, 3, 1), "reason": "x"}, ActError, "plan closes|at most"),
    ("open", "refuse_extension", {"reason": "x"}, ActError, "no extension is asked for"),
    ("open", "waive", {"reason": "x"}, ActError, "names its decision"),
    ("open", "answer_difficulty", {"reason": "x"}, ActError, "no difficulty"),
    ("gated", "submit", {"document": "1"}, ForbiddenTransitionError, "is gated"),
    ("done", "waive", {"reason": "x", "document": "1", "signed": date(2024, 3, 1)}, ForbiddenTransitionError, "is done"),
    ("done", "return", {"reason": "x"}, ForbiddenTransitionError, "is done"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stands", "name", "given", "error", "says"), REFUSED, ids=[f"{r[0]}-{r[1]}-{i}" for i, r in enumerate(REFUSED)]
)
def test_an_act_out_of_place_is_refused_with_one_line(
    installation: Installation, stands: str, name: str, given: dict[str, Any], error: type[DondocError], says: str
) -> None:
    looked(installation, "2024-03-01")
    if stands in ("twice", "done"):
        installation.submit(Q1, at("2024-03-04"))
    if stands == "done":
        installation.act(Q1, "accept", at("2024-03-05"))
    before, states = content(installation), installation.states()
    with pytest.raises(error, match=says) as caught:
        installation.act(EVENT if stands == "gated" else Q1, name, at("2024-03-06"), **given)
    assert "\n" not in str(caught.value)
    assert (content(installation), installation.states()) == (before, states)


def test_an_event_is_recorded_once_and_an_unknown_one_refused(installation: Installation) -> None:
    def record(event: str) -> bool:
        return record_outside_event(
            installation.engine,
            "nho-2024",
            event,
            date(2024, 12, 9),
            "250/KH",
            at("2024-12-10"),
            "op",
            installation.rules.policy,
        )

    assert sorted(side_by_side(*[lambda: record("kh-tinh")] * 3)) == [False, False, True]
    with pytest.raises(ActError, match="knows no event 'x'; it knows: kh-tinh"):
        record("x")
    assert len(installation.ledger("event.recorded")) == 1


def test_a_text_with_line_breaks_becomes_one_line_where_one_is_meant(installation: Installation) -> None:
    looked(installation, "2024-03-01")
    installation.act(Q1, "submit", at("2024-03-04"), document="1/KH\r\nBcc: x@y.example\0", signer="A\u2028B")
    body = installation.ledger("occurrence.submitted")[0]["body"]
    assert (body["document"], body["signer"]) == ("1/KH Bcc: x@y.example", "A B")
    assert deliver(installation.morning(at("2024-03-04"))).sent
    assert not any(b"\nBcc:" in content for _, _, content in installation.post.accepted)
