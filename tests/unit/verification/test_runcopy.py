"""Copies of runs: the same run gives the same bytes, whatever odd values its parameters and artifacts hold."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.canonical import canonical
from dondoc.verification.run_copy import MOST_LOGS, copies, copy_of, pruned, recordable

RUN = UUID(int=7)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes() | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


def line(message: str) -> dict[str, Any]:
    return {"timestamp": datetime(2024, 1, 2, tzinfo=UTC), "level": 20, "message": message}


@given(ANY)
def test_whatever_a_run_was_given_can_be_recorded(value: Any) -> None:
    assert canonical(recordable(value)) == canonical(recordable(value))


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner)))
def test_what_canonical_json_can_hold_stays_as_it_is(value: Any) -> None:
    assert recordable(value) == value


def test_broken_letters_become_question_marks() -> None:
    assert recordable("a\ud800b") == "a?b"


def test_a_copy_says_what_it_holds_and_is_named_by_its_content() -> None:
    copy = copy_of({"id": RUN, "parameters": {"ratio": 0.5}}, [{"type": "COMPLETED"}], [line("đã xong")], [])
    assert copy.entry() == {
        "run": str(RUN),
        "sha256": hashlib.sha256(copy.content).hexdigest(),
        "size": len(copy.content),
        "states": 1,
        "logs": 1,
        "artifacts": 0,
    }
    assert json.loads(copy.content)["parameters"] == {"ratio": "0.5"}


def test_a_long_log_is_cut_and_says_so() -> None:
    copy = copy_of({"id": RUN}, [], [line(str(number)) for number in range(MOST_LOGS + 1)], [])
    said = json.loads(copy.content)
    assert (copy.logs, said["logs_cut"], said["logs"][-1]["message"]) == (MOST_LOGS, True, str(MOST_LOGS - 1))
    assert not json.loads(copy_of({"id": RUN}, [], [line("x")], []).content)["logs_cut"]


def test_the_ledger_says_what_was_copied_and_what_was_let_go() -> None:
    entries = [json.dumps({"body": {"runs": [{"run": name, "sha256": name * 2}]}}).encode() for name in "ab"]
    assert copies(entries) == {"a": "aa", "b": "bb"}
    assert pruned([json.dumps({"body": {"runs": ["a", "b"]}}).encode()]) == {"a", "b"}
