"""The chain: it verifies as written, and no change inside it goes unseen."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from factories import at
from hypothesis import given
from hypothesis import strategies as st

from dondoc.foundation.canonical import canonical
from dondoc.foundation.errors import LedgerError
from dondoc.ledger.ledger import (
    ENTRY_FIELDS,
    ENTRY_KINDS,
    GENESIS,
    Break,
    Draft,
    Head,
    link,
    read_entries,
    timestamp,
    verify_export,
)

START = at("2024-01-02")


def chain(length: int) -> list[bytes]:
    head, lines = Head(), []
    for n in range(length):
        draft = Draft(
            "notice.withheld", "cchc-2024", f"cchc-2024/a/b/2024-{n}", "dondoc", {"lý do": "đã nộp", "n": n}, "run-1"
        )
        linked = link(head, START + timedelta(minutes=n), draft)
        head = linked.head
        lines.append(linked.line)
    return lines


LINES = chain(12)
places = st.integers(0, len(LINES) - 1)


def broken(lines: list[bytes]) -> Break:
    found = verify_export(lines)
    assert isinstance(found, Break)
    return found


# -- what is written ----------------------------------------------------------------------------------


def test_an_entry_has_exactly_the_fields_of_the_design() -> None:
    entry = json.loads(LINES[0])
    assert list(entry) == sorted(ENTRY_FIELDS)
    assert {"seq", "at", "kind", "plan", "occurrence", "actor", "run", "body", "prev", "hash"} == ENTRY_FIELDS
    assert (entry["seq"], entry["prev"], entry["at"]) == (1, "0" * 64, "2024-01-02T01:00:00.000Z")


def test_the_chain_can_be_checked_without_dondoc() -> None:
    before = "0" * 64
    for n, line in enumerate(LINES, start=1):
        entry = json.loads(line)
        own = entry.pop("hash")
        assert (entry["seq"], entry["prev"]) == (n, before)
        assert hashlib.sha256(rfc8785.dumps(entry)).hexdigest() == own
        assert rfc8785.dumps({**entry, "hash": own}) == line
        before = own


def test_a_whole_chain_verifies_with_or_without_line_ends() -> None:
    head = verify_export(LINES)
    assert head == Head(12, json.loads(LINES[-1])["hash"])
    assert verify_export([line + b"\n" for line in LINES]) == head
    assert verify_export([]) == Head(0, GENESIS)


def test_a_slice_verifies_from_the_head_before_it() -> None:
    middle = verify_export(LINES[:5])
    assert isinstance(middle, Head)
    assert verify_export(LINES[5:], start=middle) == verify_export(LINES)
    assert isinstance(verify_export(LINES[5:]), Break)


def test_entries_are_handed_out_as_they_verify_and_a_break_ends_them() -> None:
    found = list(read_entries([*LINES[:3], LINES[4], LINES[5]]))
    assert [entry["seq"] for entry in found if not isinstance(entry, Break)] == [1, 2, 3]
    assert isinstance(found[-1], Break)
    assert (len(found), found[-1].line, found[-1].seq) == (4, 4, 5)


# -- tampering ----------------------------------------------------------------------------------------


@given(places, st.integers(min_value=0), st.integers(1, 255))
def test_any_flipped_byte_breaks_it(place: int, offset: int, mask: int) -> None:
    line = bytearray(LINES[place])
    line[offset % len(line)] ^= mask
    found = broken([*LINES[:place], bytes(line), *LINES[place + 1 :]])
    assert found.line in (place + 1, place + 2)


@given(places.filter(lambda n: n < len(LINES) - 1))
def test_any_line_left_out_breaks_it_there(place: int) -> None:
    assert broken(LINES[:place] + LINES[place + 1 :]).line == place + 1


@given(st.permutations(range(len(LINES))).filter(lambda order: order != sorted(order)))
def test_any_other_order_breaks_it_at_the_first_line_out_of_place(order: list[int]) -> None:
    first = next(n for n, place in enumerate(order) if n != place)
    assert broken([LINES[place] for place in order]).line == first + 1


@given(places, places)
def test_any_line_put_in_twice_breaks_it(source: int, place: int) -> None:
    assert broken([*LINES[:place], LINES[source], *LINES[place:]]).line in (place + 1, place + 2)


@given(places.filter(lambda n: n > 0), st.integers(1, 40))
def test_a_line_cut_short_breaks_it(place: int, cut: int) -> None:
    assert broken([*LINES[:place], LINES[place][:-cut], *LINES[place + 1 :]]).line == place + 1


def test_a_cut_tail_verifies_and_shows_only_in_its_head() -> None:
    assert verify_export(LINES[:-1]) == Head(11, json.loads(LINES[-1])["prev"])


@pytest.mark.parametrize("field", sorted(ENTRY_FIELDS - {"hash"}))
def test_any_field_changed_breaks_it(field: str) -> None:
    entry = json.loads(LINES[4])
    entry[field] = {"seq": 6, "body": {"n": 5}}.get(field, "khác")
    assert broken([*LINES[:4], canonical(entry), *LINES[5:]]).line == 5


def test_a_change_hashed_again_breaks_at_the_next_entry() -> None:
    entry = json.loads(LINES[4])
    entry["actor"] = "unit:khac"
    del entry["hash"]
    entry["hash"] = hashlib.sha256(canonical(entry)).hexdigest()
    found = broken([*LINES[:4], canonical(entry), *LINES[5:]])
    assert (found.line, "does not follow" in found.reason) == (6, True)


def rehashed(change: dict[str, Any]) -> bytes:
    entry = {**json.loads(LINES[0]), **change}
    del entry["hash"]
    entry["hash"] = hashlib.sha256(canonical(entry)).hexdigest()
    return canonical(entry)


def test_true_is_no_sequence_number() -> None:
    assert broken([rehashed({"seq": True})]).line == 1


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"not json", b"\xff\xfe", b'{"a":1}', LINES[0] + b" ", b" " + LINES[0],
        LINES[0] + b"\r", LINES[0].replace(b":", b": ", 1), b"\xef\xbb\xbf" + LINES[0],
        LINES[0].decode().encode("utf-16"), LINES[0].replace(b'"n":0', b'"n":0.0'),
        LINES[0].replace(b'"n":0', b'"n":NaN'), LINES[0].replace(b'"n":0', b'"n":1,"n":0'),
        LINES[0].replace(b'"n":0', b'"n":' + b"9" * 5000), LINES[0].replace(b'"n":0', b'"n":"\\ud800"'),
        LINES[0].replace(b'"n":0', b'"n":' + b"[" * 400 + b"]" * 400), LINES[0].replace("đ".encode(), b"\\u0111"),
        LINES[0].replace(b'"n":0', b'"n":' + b"[" * 100_000 + b"]" * 100_000),
    ],
    ids=range(21),
)  # fmt: skip
def test_what_is_no_canonical_entry_is_a_break_and_never_a_crash(line: bytes) -> None:
    assert broken([line, *LINES[1:]]).line == 1


# -- refused ------------------------------------------------------------------------------------------


def test_an_unknown_kind_is_not_written() -> None:
    with pytest.raises(LedgerError, match="unknown entry kind"):
        link(Head(), START, Draft("notice.forgotten", "p", None, "a", {}))


@pytest.mark.parametrize("body", [{"a": 0.5}, {"a": 2**53}, {"a": "\ud800"}, {"a": {"b": [1.0]}}, {1: 2}])
def test_a_body_without_a_canonical_form_is_not_written(body: dict[Any, Any]) -> None:
    with pytest.raises(LedgerError):
        link(Head(), START, Draft("event.recorded", "p", None, "a", body))


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(LedgerError, match="time zone"):
        link(Head(), START.replace(tzinfo=None), Draft("event.recorded", "p", None, "a", {}))


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1000 < moment.year < 9999))
def test_a_recorded_time_is_utc_with_milliseconds(moment: datetime) -> None:
    text = timestamp(moment.astimezone(START.tzinfo))
    assert len(text) == 24
    assert datetime.fromisoformat(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_every_kind_of_the_design_is_known() -> None:
    design = """plan.adopted plan.amended plan.closed calendar.amended occurrence.opened occurrence.acknowledged
        occurrence.submitted occurrence.returned occurrence.accepted occurrence.extension_requested occurrence.extended
        occurrence.extension_refused occurrence.waived occurrence.superseded occurrence.missed
        occurrence.difficulty_raised occurrence.difficulty_answered event.recorded notice.queued notice.withheld
        notice.sent notice.failed notice.bounced escalation.raised escalation.skipped run.recorded witness.published
        audit.finding"""
    assert set(design.split()) <= ENTRY_KINDS
    assert all(kind.count(".") == 1 and kind == kind.lower() for kind in ENTRY_KINDS)
