"""`dondoc ledger verify` on an export and `dondoc audit`, as an auditor at a terminal meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from installation import Installation, at

from cli import cli
from dondoc.ledger.ledger import Head
from dondoc.ledger.witness import witness_line
from tasks.store.chain import export
from tasks.store.settle import check_occurrences


@pytest.fixture
def exported(installation: Installation, tmp_path: Path) -> Path:
    """Half a year of entries in a file."""
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-04-05"))
    file = tmp_path / "so.jsonl"
    with installation.engine.connect() as connection:
        file.write_bytes(b"".join(line + b"\n" for line in export(connection)))
    return file


def verify(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["ledger", "verify", *map(str, arguments)])


def test_a_whole_export_is_said_to_be_whole_with_its_head(exported: Path) -> None:
    result = verify(exported)
    last = json.loads(exported.read_text(encoding="utf-8").splitlines()[-1])
    assert result.exit_code == 0
    assert f"nguyên vẹn và đầy đủ: {last['seq']} mục, mã băm cuối {last['hash']}" in result.output
    assert "--files" in result.output


def test_the_first_bad_entry_is_named_first(exported: Path) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"actor":"dondoc"', b'"actor":"nobody"')
    exported.write_bytes(b"".join(lines))
    result = verify(exported)
    assert result.exit_code == 1
    assert result.output.startswith("HỎNG – Mục 4: nội dung không khớp mã băm")


def test_a_witness_names_its_line(exported: Path, tmp_path: Path) -> None:
    first, *_, last = map(json.loads, exported.read_text(encoding="utf-8").splitlines())
    heads = [Head(first["seq"], first["hash"]), Head(last["seq"] + 1, last["hash"])]
    witness = tmp_path / "doi-chung.txt"
    witness.write_text("# sổ\n" + "".join(witness_line(head, at("2024-04-05"), "nho-2024") + "\n" for head in heads))
    result = verify(exported, "--witness", witness)
    assert result.exit_code == 1
    assert f"dòng 3: sổ từng có mục {last['seq'] + 1}, nay chỉ còn đến mục {last['seq']}" in result.output
    witness.write_text(witness_line(heads[0], at("2024-04-05"), "nho-2024"))
    result = verify(exported, "--witness", witness)
    assert result.exit_code == 0
    assert "1 dòng đã so, đều khớp" in result.output


def test_a_file_that_is_not_there_is_a_question_of_usage(tmp_path: Path) -> None:
    assert verify(tmp_path / "nothing").exit_code == 2


def test_an_empty_export_is_whole_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "so.jsonl").touch()
    result = verify(tmp_path / "so.jsonl")
    assert result.exit_code == 0
    assert ": 0 mục" in result.output
