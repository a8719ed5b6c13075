"""A witness and an export that went through a text editor say what they said before: no false alarm, no lost one."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from factories import at

from dondoc.ledger.findings import Finding
from dondoc.ledger.ledger import Break, Draft, Head, link, verify_export
from dondoc.ledger.saved_text import saved_lines, saved_text
from dondoc.ledger.witness import Witness, read_witness, witness_line
from dondoc.verification.completeness import Recount
from dondoc.verification.report import report_lines
from tasks.audit.witness_files import append_line, witness_text
from tasks.config.loading import words

CASE = Path(__file__).parent / "cases" / "18-witness-notepad.txt"
WORDS = words(Path(__file__).parents[3] / "config")
START = at("2024-01-02")


def chain(number: int = 3) -> tuple[list[bytes], list[Head]]:
    head, lines, heads = Head(), list[bytes](), list[Head]()
    for n in range(number):
        linked = link(head, START, Draft("notice.withheld", "p", None, "đơn vị", {"lý do": f"lần {n}\u2028"}))
        head = linked.head
        lines.append(linked.line)
        heads.append(head)
    return lines, heads


SAVED = {
    "as exported": lambda lines: b"".join(line + b"\n" for line in lines),
    "mark and CRLF": lambda lines: b"\xef\xbb\xbf" + b"".join(line + b"\r\n" for line in lines),
    "UTF-16": lambda lines: "".join(line.decode() + "\r\n" for line in lines).encode("utf-16"),
    "UTF-16 big endian": lambda lines: b"\xfe\xff" + "\n".join(line.decode() for line in lines).encode("utf-16-be"),
    "an empty line at the end": lambda lines: b"\r\n".join(lines) + b"\r\n\r\n",
}


@pytest.mark.parametrize("how", SAVED)
def test_an_export_saved_by_an_editor_verifies(how: str) -> None:
    lines, heads = chain()
    assert verify_export(saved_lines(io.BytesIO(SAVED[how](lines)))) == heads[-1]


@pytest.mark.parametrize("how", SAVED)
def test_an_export_changed_and_saved_by_an_editor_breaks(how: str) -> None:
    lines, _ = chain()
    changed = [lines[0], lines[1].replace("lần".encode(), "lẩn".encode()), lines[2]]
    assert isinstance(verify_export(saved_lines(io.BytesIO(SAVED[how](changed)))), Break)
    assert isinstance(verify_export(saved_lines(io.BytesIO(SAVED[how]([lines[0], lines[2]])))), Break)


def test_the_witness_of_the_public_case_is_read_whole() -> None:
    witness = read_witness("w", saved_text(CASE.read_bytes()).splitlines())
    assert (list(witness.lines), witness.unreadable) == ([255], [])


@pytest.mark.parametrize(
    "shape", ["{}", "\ufeff{}", "  {}  ", "> {}", ">> {}", "{}\r", "\u00a0{}"], ids=["plain", "mark", "blanks", "quoted", "twice", "cr", "nbsp"]
)  # fmt: skip
def test_a_line_of_a_witness_is_read_with_what_programs_put_around_it(shape: str) -> None:
    _, heads = chain()
    line = shape.format(witness_line(heads[1], START, "p"))
    assert list(read_witness("w", [line, line.upper(), line.replace(" ", "\t")]).lines) == [2]
    assert not read_witness("w", [line, shape.format("# ghi chú")]).unreadable


def report(witness: Witness) -> list[str]:
    recounted = Recount()
    _, heads = chain()
    for head in heads:
        recounted.found.add(witness.look(head))
    recounted.found.add(witness.end(heads[-1]))
    return list(report_lines(recounted, None, witness, WORDS))


def test_what_cannot_be_read_is_said_as_that_and_not_as_a_difference() -> None:
    _, heads = chain()
    lines = report(read_witness("w", [witness_line(heads[1], START, "p"), "2024-01-02T01:30:00.000Z p"]))
    assert any("không đọc được" in line for line in lines)
    assert not any("KHÔNG khớp" in line or line.startswith("SAI") for line in lines), lines
    other = Head(2, "0" * 63 + "1")
    wrong = report(read_witness("w", [witness_line(other, START, "p"), "?"]))
    assert "KHÔNG khớp: 1 điểm sai" in wrong[-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_line_is_added_to_a_witness_in_the_encoding_it_was_saved_in(tmp_path: Path, encoding: str) -> None:
    _, heads = chain()
    file, mark = tmp_path / "doi-chung.txt", b"\xfe\xff" if encoding == "utf-16-be" else b""
    file.write_bytes(mark + f"# Đối chứng\r\n{witness_line(heads[0], START, 'p')}\r\n".encode(encoding))
    append_line(file, witness_text(file), witness_line(heads[1], START, "p"), "Đối chứng")
    append_line(file, witness_text(file), witness_line(heads[2], START, "p"), "Đối chứng")
    witness = read_witness("w", witness_text(file).splitlines())
    assert (list(witness.lines), witness.unreadable) == ([1, 2, 3], [])
    assert not list[Finding](witness.end(heads[-1])) or all(f.code == "witness_unseen" for f in witness.end(heads[-1]))
