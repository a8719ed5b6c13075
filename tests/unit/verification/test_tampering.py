"""Every way to change a copied ledger, over many seeds: found by our verifier wherever the independent one finds it."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from factories import at
from hypothesis import given
from hypothesis import strategies as st
from independent import check

from dondoc.ledger.ledger import Break, Draft, Head, link, read_entries, verify_export
from dondoc.ledger.witness import read_witness, witness_line
from dondoc.verification.completeness import Recount, recount

START = at("2024-01-02")
PLAN = "cchc-2024"
ODD = ("đã nộp", '\u2028\x7f\x00\n"\\/', "𝒳 ﷺ", "12.5", "e\u0301", '"hash":"0"', "")


def draft(chance: random.Random, n: int) -> Draft:
    """An entry of the shapes a real ledger has: nested, numbered, in Vietnamese, with keys beyond U+FFFF now and then."""
    body: dict[str, Any] = {"lý do": chance.choice(ODD), "n": n, "lớn": chance.choice([-(2**53) + 1, 0, 2**53 - 1])}
    if chance.random() < 0.5:
        body["about"] = {chance.choice(["𝒳", "\uffff", "x"]): [n, None, True, {"a": chance.choice(ODD)}], "b": []}
    occurrence = f"{PLAN}/a/b/2024-{n}" if chance.random() < 0.8 else None
    return Draft("notice.withheld", PLAN, occurrence, chance.choice(["dondoc", "đơn vị"]), body, f"run-{n}")


def chained(drafts: list[Draft], start: Head | None = None) -> list[bytes]:
    head, lines = start or Head(), []
    for n, found in enumerate(drafts):
        linked = link(head, START + timedelta(minutes=n), found)
        head = linked.head
        lines.append(linked.line)
    return lines


def heads(lines: list[bytes]) -> list[Head]:
    return [Head(entry["seq"], entry["hash"]) for entry in map(json.loads, lines)]


def broken_at(lines: list[bytes]) -> int | None:
    found = verify_export(lines)
    return found.line if isinstance(found, Break) else None


def witnessed(lines: list[bytes], known: list[Head]) -> list[tuple[str, int]]:
    """(code, witness line) of what a witness of those heads shows, for a chain that holds in itself."""
    witness = read_witness("doi-chung.txt", [witness_line(head, START, PLAN) for head in known])
    found, last = [], Head()
    for entry in read_entries(lines):
        assert not isinstance(entry, Break)
        last = Head(entry["seq"], entry["hash"])
        found.extend(witness.look(last))
    found.extend(witness.end(last))
    return [(finding.code, finding.about["line"]) for finding in found]


def test_every_single_byte_flip_is_found_where_the_independent_verifier_finds_it() -> None:
    lines = chained([draft(random.Random(7), n) for n in range(3)])
    for place, line in enumerate(lines):
        for offset in range(len(line)):
            for bit in (1, 4, 0x20, 0x80):
                other = line[:offset] + bytes([line[offset] ^ bit]) + line[offset + 1 :]
                changed = [*lines[:place], other, *lines[place + 1 :]]
                theirs = check(changed)
                assert theirs is not None
                assert broken_at(changed) == theirs[0]


@given(st.integers(0, 2**32))
def test_any_ledger_that_is_whole_is_so_for_both(seed: int) -> None:
    chance = random.Random(seed)
    lines = chained([draft(chance, n) for n in range(8)])
    assert check(lines) is None
    assert verify_export(lines) == heads(lines)[-1]


@given(st.integers(0, 2**32))
def test_a_deletion_a_swap_and_a_repetition_are_found_at_their_place(seed: int) -> None:
    chance = random.Random(seed)
    lines = chained([draft(chance, n) for n in range(12)])
    one, two = sorted(chance.sample(range(11), 2))
    swapped = list(lines)
    swapped[one], swapped[two] = lines[two], lines[one]
    for changed in (lines[:one] + lines[one + 1 :], swapped, [*lines[:two], lines[one], *lines[two:]]):
        theirs = check(changed)
        assert theirs is not None
        assert broken_at(changed) == theirs[0]


@given(st.integers(0, 2**32))
def test_a_cut_tail_holds_in_itself_and_a_witness_shows_it(seed: int) -> None:
    chance = random.Random(seed)
    lines = chained([draft(chance, n) for n in range(12)])
    known = chance.sample(heads(lines), 3)
    left = chance.randrange(12)
    beyond = [number for number, head in enumerate(known, start=1) if head.seq > left]
    assert verify_export(lines[:left]) == (heads(lines)[left - 1] if left else Head())
    assert witnessed(lines[:left], known) == [("witness_cut", number) for number in beyond]
    assert (check(lines[:left], {head.seq: head.hash for head in known}) is not None) == bool(beyond)


@given(st.integers(0, 2**32))
def test_a_rewrite_holds_in_itself_and_a_witness_shows_it(seed: int) -> None:
    chance = random.Random(seed)
    drafts = [draft(chance, n) for n in range(12)]
    lines = chained(drafts)
    place = chance.randrange(12)
    changed = Draft("notice.withheld", PLAN, None, "dondoc", {"n": "khác"})
    rewritten = chained([*drafts[:place], changed, *drafts[place + 1 :]])
    assert isinstance(verify_export(rewritten), Head)
    known = sorted(chance.sample(heads(lines), 4), key=lambda head: head.seq)
    wrong = [number for number, head in enumerate(known, start=1) if head.seq > place]
    assert witnessed(rewritten, known) == [("witness_rewritten", number) for number in wrong]
    assert (check(rewritten, {head.seq: head.hash for head in known}) is not None) == bool(wrong)


@given(st.integers(0, 2**32))
def test_a_back_dated_insert_breaks_the_chain_and_hashed_anew_goes_back_in_time_or_against_the_witness(
    seed: int,
) -> None:
    chance = random.Random(seed)
    drafts = [draft(chance, n) for n in range(12)]
    lines = chained(drafts)
    place = chance.randrange(1, 12)
    late = link(heads(lines)[place - 1], START - timedelta(days=chance.randint(1, 30)), draft(chance, 99))
    assert broken_at([*lines[:place], late.line, *lines[place:]]) == place + 2
    anew = [*lines[:place], late.line, *chained(drafts[place:], late.head)]
    assert isinstance(verify_export(anew), Head)
    assert ("back_in_time", place + 1) in [(found.code, found.seq) for found in recount_of(anew).found.kept]
    assert ("witness_rewritten", 1) in witnessed(anew, [heads(lines)[-1]])


def recount_of(lines: list[bytes]) -> Recount:
    return recount(entry for entry in read_entries(lines) if not isinstance(entry, Break))


@pytest.mark.parametrize(
    "text",
    [
        b'"lon":1.0', b'"lon":1e3', b'"lon":9007199254740992', b'"lon":-0', b'"lon":01', b'"lon":1,"lon":1',
        b'"lon":[1.5]', b'"lon":{"a":-2.5E7}', b'"lon":1 ', b'"lon":"\\u0061"', b'"lon":"\\/"',
        b'"lon":18446744073709551616', b'"lon":"\\ud800"', '"\uffff":1,"𝒳":2'.encode(),
    ],
)  # fmt: skip
def test_what_only_looks_canonical_is_refused_by_both_even_under_its_right_hash(text: bytes) -> None:
    import hashlib

    bare = chained([Draft("event.recorded", PLAN, None, "a", {"lon": 1})])[0]
    before, own, after = bare.partition(b'"hash":"%b",' % json.loads(bare)["hash"].encode())
    before = before.replace(b'"lon":1', text)
    forged = before + b'"hash":"%b",' % hashlib.sha256(before + after).hexdigest().encode() + after
    assert own
    assert check([forged]) is not None
    assert broken_at([forged]) == 1


def test_a_hash_hidden_in_the_body_is_not_taken_for_the_entrys_own() -> None:
    (line,) = chained([Draft("event.recorded", PLAN, None, '"hash":"', {"hash": "a" * 64, "z": '"hash":"'})])
    assert isinstance(verify_export([line]), Head)
    entry = json.loads(line)
    entry["body"]["hash"] = entry["hash"]
    assert broken_at([json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()]) == 1


# -- memory


def endless(entries: int) -> Iterator[bytes]:
    """A ledger of one plan with two hundred occurrences and as many entries as asked, made as it is read."""
    register = [
        {"id": f"{PLAN}/a/b/{n}", "opens": None, "due": "2024-06-30", "event": None, "needs": [],
         "before_adoption": False}
        for n in range(200)
    ]  # fmt: skip
    from dondoc.foundation.canonical import digest

    adopted = {"register": register, "register_sha256": digest(register), "timezone": "Asia/Ho_Chi_Minh",
               "digest": "0" * 64, "year": 2024}  # fmt: skip
    linked = link(Head(), START, Draft("plan.adopted", PLAN, None, "test", adopted))
    yield linked.line
    for n in range(entries - 1):
        body = {"checkpoint": "remind-1", "reason": "done", "checkpoints": []}
        occurrence = f"{PLAN}/a/b/{n % 200}"
        linked = link(linked.head, START, Draft("notice.withheld", PLAN, occurrence, "dondoc", body, f"run-{n}"))
        yield linked.line


def peak(entries: int) -> int:
    tracemalloc.start()
    try:
        found = recount(entry for entry in read_entries(endless(entries)) if not isinstance(entry, Break))
        assert (found.head.seq, len(found.found)) == (entries, 0)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_the_registers_not_the_ledgers() -> None:
    peak(500)  # what is loaded and compiled on first use
    small, large = peak(1_000), peak(8_000)
    assert large < small * 1.1 + 20_000, (small, large)
